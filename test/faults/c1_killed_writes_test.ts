/** Processes that are killed while they write to the vault (C1). */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rotateKey } from "../../src/vault/rotate.ts";
import { runs } from "../harness/counts.ts";
import { VaultPlace } from "../harness/vault_place.ts";
import { VaultProcess } from "../harness/vault_process.ts";

/** How long after its first word a process lives, in ms: a write takes about 1. */
const LONGEST_LIFE_MS = 8;
/** Of a test, on a busy machine. */
const LONGEST_MS = runs(120_000, 900_000);

describe("kill -9 at any moment leaves a whole vault, and nothing beside it after the next start", () => {
  test("while rows are written: what was said to be written stands, or what came after it", async () => {
    using place = new VaultPlace();
    let most = 0;
    for (let time = 0; time < runs(60, 300); time++) {
      await using writer = new VaultProcess(place.folder, ["count"]);
      await writer.output.find(() => true);
      await Bun.sleep(Math.random() * LONGEST_LIFE_MS);
      await writer.kill();
      const said = Number(writer.output.items.findLast((line) => line !== ""));
      const vault = place.open();
      const stands = await vault.get("memory", "count");
      expect(stands).toBeGreaterThanOrEqual(said);
      expect(stands).toBeLessThanOrEqual(said + 1);
      expect(said).toBeGreaterThan(most);
      most = stands as number;
      await vault.put("tokens", "a", 1);
      expect(place.files()).toEqual(["vault-a.key", "vault.db"]);
    }
  }, LONGEST_MS);

  test("while the key is changed", async () => {
    using place = new VaultPlace();
    await place.open({ keyKind: "file" }).put("tokens", "a", "kept");
    for (let time = 0; time < runs(15, 100); time++) {
      await using rotator = new VaultProcess(place.folder, ["rotate"]);
      await rotator.output.find(() => true);
      await Bun.sleep(Math.random() * LONGEST_LIFE_MS);
      await rotator.kill();
      expect(await place.open().get("tokens", "a")).toBe("kept");
    }
    await rotateKey(place.options());
    expect(place.files().filter((name) => !name.endsWith(".key"))).toEqual(["vault.db"]);
    expect(place.files().length).toBe(2);
  }, LONGEST_MS);

  test("while the vault is made", async () => {
    for (let time = 0; time < runs(15, 100); time++) {
      using place = new VaultPlace();
      const maker = new VaultProcess(place.folder, ["put", "a"]);
      while (!existsSync(place.folder)) await Bun.sleep(1);
      await Bun.sleep(Math.random() * 4);
      await maker.kill();
      const vault = place.open({ keyKind: "file" });
      await vault.put("tokens", "b", 1);
      expect(await vault.get("tokens", "b")).toBe(1);
      expect(place.files()).toEqual(["vault-a.key", "vault.db"]);
    }
  }, LONGEST_MS);

  test("nor what a process was writing whose parent has not yet seen its end, so that its number still counts", async () => {
    using place = new VaultPlace();
    mkdirSync(place.folder, { mode: 0o700 });
    for (const name of ["vault-a.key", "vault.db"]) {
      writeFileSync(join(place.folder, `${name}.${process.pid}-0123abcd.new`), "", { mode: 0o600 });
    }
    await place.open({ keyKind: "file" }).put("tokens", "a", 1);
    expect(place.files()).toEqual(["vault-a.key", "vault.db"]);
  });
});

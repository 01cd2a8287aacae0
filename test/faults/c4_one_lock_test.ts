/** Many processes at one vault: its making, its rows, its locks (C4, L5, L6). */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VaultPlace } from "../harness/vault_place.ts";
import { VaultProcess } from "../harness/vault_process.ts";

describe("under one lock", () => {
  for (const count of [12, 24]) {
    test(`${count} processes work one after the other, and all of them`, async () => {
      using place = new VaultPlace();
      const log = `${place.folder}.log`;
      const processes = Array.from({ length: count }, () => new VaultProcess(place.folder, ["visit", log, "5"]));
      const codes = await Promise.all(processes.map((process) => process.ended()));
      expect(codes).toEqual(Array(count).fill(0));
      const lines = readFileSync(log, "utf8").trim().split("\n");
      expect(lines).toHaveLength(2 * count);
      const visitors = lines.filter((_line, place) => place % 2 === 0).map((line) => line.replace("in ", ""));
      expect(lines).toEqual(visitors.flatMap((visitor) => [`in ${visitor}`, `out ${visitor}`]));
      expect(new Set(visitors).size).toBe(count);
    });
  }

  test("who waits goes on when the holder is killed (L5)", async () => {
    using place = new VaultPlace();
    const log = `${place.folder}.log`;
    await using holder = new VaultProcess(place.folder, ["hold"]);
    await holder.output.find((line) => line === "held");
    await using waiter = new VaultProcess(place.folder, ["visit", log, "0"]);
    await waiter.output.find((line) => line === "waiting");
    // Long enough for some polls, so that it does wait.
    await Bun.sleep(100);
    expect(existsSync(log)).toBe(false);
    await holder.kill();
    expect(await waiter.ended()).toBe(0);
    expect(readFileSync(log, "utf8")).toContain("in ");
  });
});

describe("processes that make the vault at the same moment", () => {
  test("end with one key, and lose no row", async () => {
    using place = new VaultPlace();
    const keys = Array.from({ length: 8 }, (_, number) => `k${number}`);
    const codes = await Promise.all(keys.map((key) => new VaultProcess(place.folder, ["put", key]).ended()));
    expect(codes).toEqual(Array(keys.length).fill(0));
    expect((await place.open().entries("tokens")).map(({ key }) => key)).toEqual(keys);
    expect(place.files()).toEqual(["vault-a.key", "vault.db"]);
    expect(readFileSync(join(place.folder, "vault-a.key"), "utf8").length).toBe(45);
  });
});

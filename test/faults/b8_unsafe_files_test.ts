/** Something else in place of a file of the vault (B8, L8): it is refused, and neither read nor changed. */
import { describe, expect, test } from "bun:test";
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { failure, VaultPlace } from "../harness/vault_place.ts";

const PLACES = ["vault.db", "vault.db-journal", "vault-a.key", "vault.lock"];
const KINDS: [what: string, put: (path: string, victim: string) => void][] = [
  ["a symbolic link", (path, victim) => symlinkSync(victim, path)],
  ["a symbolic link to nowhere", (path, victim) => symlinkSync(`${victim}-gone`, path)],
  ["a hard link", (path, victim) => linkSync(victim, path)],
  ["a folder", (path) => mkdirSync(path)],
  ["a pipe", (path) => void Bun.spawnSync(["mkfifo", path])],
];

describe.skipIf(process.platform === "win32")("in place of", () => {
  for (const name of PLACES) {
    test.each(KINDS)(`${name}: %s`, async (_what, put) => {
      using place = new VaultPlace();
      await place.open({ keyKind: "file" }).put("tokens", "a", 1);
      const victim = join(dirname(place.folder), "victim");
      writeFileSync(victim, "somebody's", { mode: 0o644 });
      const path = join(place.folder, name);
      // What needs the key or the lock of making is a vault that is yet to be made.
      if (name === "vault-a.key" || name === "vault.lock") rmSync(place.file);
      rmSync(path, { force: true });
      put(path, victim);
      const error = await failure(place.open({ keyKind: "file" }).put("tokens", "a", 2));
      expect(error).toMatchObject({ code: "unsafe_file", message: expect.stringContaining(JSON.stringify(path)) });
      expect(readFileSync(victim, "utf8")).toBe("somebody's");
      expect(lstatSync(victim).mode & 0o777).toBe(0o644);
      expect(readdirSync(dirname(place.folder)).sort()).toEqual(["state", "victim"]);
      expect(readdirSync(place.folder).filter((name) => name.endsWith(".new"))).toEqual([]);
    });
  }

  test("the folder: a symbolic link", async () => {
    using place = new VaultPlace();
    const elsewhere = `${place.folder}-elsewhere`;
    mkdirSync(elsewhere, { mode: 0o755 });
    symlinkSync(elsewhere, place.folder);
    for (const use of [() => place.open().get("tokens", "a"), () => place.open().put("tokens", "a", 1)]) {
      expect(await failure(use())).toMatchObject({ code: "unsafe_file" });
    }
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test("a link above the folder: that is how the person keeps it, and it works", async () => {
    using place = new VaultPlace();
    mkdirSync(`${place.folder}-real`);
    symlinkSync(`${place.folder}-real`, `${place.folder}-link`);
    const vault = place.open({ folder: `${place.folder}-link/state`, keyKind: "file" });
    await vault.put("tokens", "a", 1);
    expect(await vault.get("tokens", "a")).toBe(1);
  });
});

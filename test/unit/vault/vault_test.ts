import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { TABLES } from "../../../src/vault/vault.ts";
import { runs } from "../../harness/counts.ts";
import { failure, VaultPlace } from "../../harness/vault_place.ts";

describe("a vault", () => {
  test("that does not exist is read without making anything or asking the keychain", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    expect(await vault.get("tokens", "linear")).toBeUndefined();
    expect(await vault.entries("tokens")).toEqual([]);
    await vault.remove("tokens", "linear");
    expect(await vault.update("tokens", "linear", () => undefined)).toBeUndefined();
    expect(await vault.status()).toEqual({ file: place.file, exists: false, keyKind: undefined, format: 1, rows: 0 });
    expect(place.keychain.asked).toEqual([]);
    expect(existsSync(place.folder)).toBe(false);
  });

  test("gives back any JSON value under any key, also to a process that comes later", async () => {
    using place = new VaultPlace();
    const values = fc.jsonValue().filter((value) => JSON.stringify(value) !== undefined);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...TABLES), fc.string({ unit: "binary" }), values, async (table, key, value) => {
        await place.open().put(table, key, value);
        const stored = await place.open().get(table, key);
        expect(JSON.stringify(stored)).toBe(JSON.stringify(value));
      }),
      { numRuns: runs(40, 1_000) },
    );
  });

  test("keeps tables apart, and lists each in the order of its keys", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    await vault.put("tokens", "b", 2);
    await vault.put("tokens", "a", 1);
    await vault.put("clients", "a", 3);
    expect(await vault.entries("tokens")).toEqual([{ key: "a", value: 1 }, { key: "b", value: 2 }]);
    expect(await vault.entries("clients")).toEqual([{ key: "a", value: 3 }]);
    expect(await vault.get("memory", "a")).toBeUndefined();
    await vault.remove("tokens", "a");
    expect(await vault.entries("tokens")).toEqual([{ key: "b", value: 2 }]);
    expect(await vault.status()).toMatchObject({ exists: true, keyKind: "keychain", format: 1, rows: 2 });
  });

  test("shows a change the current value, keeps what it gives, and removes the row for undefined", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    const seen: unknown[] = [];
    expect(await vault.update("tokens", "a", () => ({ n: 1 }))).toEqual({ n: 1 });
    expect(await vault.update("tokens", "a", (current) => (seen.push(current), { n: 2 }))).toEqual({ n: 2 });
    expect(await vault.update("tokens", "a", (current) => (seen.push(current), undefined))).toBeUndefined();
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    expect((await vault.status()).rows).toBe(0);
  });

  test("loses none of many changes at the same time", async () => {
    using place = new VaultPlace();
    const vaults = Array.from({ length: 4 }, () => place.open());
    await Promise.all(
      vaults.flatMap((vault) =>
        Array.from({ length: 10 }, () => vault.update("memory", "count", (current) => (current as number ?? 0) + 1))
      ),
    );
    expect(await place.open().get("memory", "count")).toBe(40);
  });

  test("leaves a row as it is when the change throws", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    await vault.put("tokens", "a", 1);
    const change = vault.update("tokens", "a", () => {
      throw new RangeError("no");
    });
    await expect(change).rejects.toThrow(RangeError);
    expect(await vault.get("tokens", "a")).toBe(1);
  });

  test("shows in its files neither values, nor keys, nor the key", async () => {
    using place = new VaultPlace();
    place.keychain.mood = "absent";
    const vault = place.open();
    await vault.put("tokens", "https://mcp.linear.example", { access_token: "hunter2hunter2" });
    await vault.withLock("https://mcp.linear.example", () => Promise.resolve());
    const bytes = readFileSync(place.file, "latin1");
    const key = readFileSync(join(place.folder, "vault-a.key"), "utf8").trim();
    for (const secret of ["linear", "hunter2", "access_token", key, Buffer.from(key, "base64").toString("latin1")]) {
      expect(bytes).not.toContain(secret);
      expect(place.files().join()).not.toContain(secret);
    }
  });

  test("leaves nothing of a removed row in its file", async () => {
    using place = new VaultPlace();
    const vault = place.open();
    await vault.put("tokens", "a", "x".repeat(300));
    const sealed = readFileSync(place.file);
    await vault.remove("tokens", "a");
    const after = readFileSync(place.file);
    const place0 = sealed.findLastIndex((byte) => byte !== 0);
    expect(after.includes(sealed.subarray(place0 - 64, place0))).toBe(false);
  });

  test("asks the keychain once, and again after it was closed", async () => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    place.keychain.asked.length = 0;
    const vault = place.open();
    for (let time = 0; time < 3; time++) expect(await vault.get("tokens", "a")).toBe(1);
    await vault.put("tokens", "b", 1);
    expect(place.keychain.asked).toEqual(["get"]);
    vault.close();
    expect(await vault.get("tokens", "a")).toBe(1);
    expect(place.keychain.asked).toEqual(["get", "get"]);
  });

  test("is private whatever the umask and whatever stood there before (B4, L7)", async () => {
    for (const umask of [0o000, 0o022, 0o077, 0o277]) {
      using place = new VaultPlace();
      const before = process.umask(umask);
      try {
        mkdirSync(place.folder, { mode: 0o755 });
        chmodSync(place.folder, 0o755);
        writeFileSync(join(place.folder, "vault.lock"), "", { mode: 0o644 });
        chmodSync(join(place.folder, "vault.lock"), 0o644);
        place.keychain.mood = "absent";
        const vault = place.open();
        await vault.put("tokens", "a", 1);
        chmodSync(place.file, 0o644);
        chmodSync(join(place.folder, "vault-a.key"), 0o666);
        vault.close();
        expect(await vault.get("tokens", "a")).toBe(1);
        expect(statSync(place.folder).mode & 0o777).toBe(0o700);
        for (const name of ["vault.db", "vault-a.key", "vault.lock"]) {
          expect(statSync(join(place.folder, name)).mode & 0o777).toBe(0o600);
        }
      } finally {
        process.umask(before);
      }
    }
  });

  test("that another process made meanwhile is used, with that one's key", async () => {
    using place = new VaultPlace();
    const [one, other] = [place.open(), place.open()];
    await Promise.all([one.put("tokens", "a", 1), other.put("tokens", "b", 2)]);
    expect(await one.get("tokens", "b")).toBe(2);
    expect(await other.get("tokens", "a")).toBe(1);
    expect(place.keychain.keys.size).toBe(1);
  });

  test("that stays busy is given up after 10 s, with a word of what to do", async () => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    const { Database } = await import("bun:sqlite");
    using holder = new Database(place.file);
    holder.run("BEGIN EXCLUSIVE");
    const error = failure(place.open().get("tokens", "a"));
    await place.clock.pass(10_000);
    expect(await error).toMatchObject({ code: "vault_busy" });
    expect((await error).hint).toContain("then try again");
  });
});

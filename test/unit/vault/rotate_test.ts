import { describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync } from "node:fs";
import type { Keychain } from "../../../src/platform/keychain.ts";
import { rotateKey } from "../../../src/vault/rotate.ts";
import type { Vault } from "../../../src/vault/vault.ts";
import { failure, VaultPlace } from "../../harness/vault_place.ts";

async function fill(vault: Vault): Promise<void> {
  await vault.put("tokens", "a", 1);
  await vault.put("clients", "b", { two: 2 });
}

async function expectFull(vault: Vault): Promise<void> {
  expect(await vault.entries("tokens")).toEqual([{ key: "a", value: 1 }]);
  expect(await vault.get("clients", "b")).toEqual({ two: 2 });
}

describe("rotateKey", () => {
  test("does nothing where there is no vault", async () => {
    using place = new VaultPlace();
    expect(await rotateKey(place.options())).toBe(0);
    expect(existsSync(place.folder)).toBe(false);
  });

  test("seals all rows under a new key in the same keychain, and drops the last one, again and again", async () => {
    using place = new VaultPlace();
    await fill(place.open());
    for (let time = 0; time < 3; time++) {
      const keys = new Map(place.keychain.keys);
      const bytes = readFileSync(place.file);
      expect(await rotateKey(place.options())).toBe(2);
      expect(place.keychain.keys.size).toBe(1);
      for (const key of place.keychain.keys.values()) expect([...keys.values()]).not.toContainEqual(key);
      expect(Buffer.compare(readFileSync(place.file), bytes)).not.toBe(0);
      await expectFull(place.open());
    }
  });

  test("does so with a key file, and a vault that is open goes on under the new key", async () => {
    using place = new VaultPlace();
    const vault = place.open({ keyKind: "file" });
    await fill(vault);
    for (const files of [["vault-b.key", "vault.db"], ["vault-a.key", "vault.db"]]) {
      expect(await rotateKey(place.options())).toBe(2);
      expect(place.files()).toEqual(files);
      await expectFull(vault);
      await fill(vault);
    }
  });

  test("brings the key to another place when it is asked to", async () => {
    using place = new VaultPlace();
    await fill(place.open());
    await rotateKey(place.options(), { keyKind: "passphrase", passphrase: "correct horse" });
    expect(place.keychain.keys.size).toBe(0);
    await expectFull(place.open({ passphrase: "correct horse" }));
    await rotateKey(place.options({ passphrase: "correct horse" }), { passphrase: "battery staple" });
    expect(await failure(place.open({ passphrase: "correct horse" }).get("tokens", "a"))).toMatchObject({
      code: "vault_locked",
    });
    await rotateKey(place.options({ passphrase: "battery staple" }), { keyKind: "file" });
    await expectFull(place.open());
    await rotateKey(place.options(), { keyKind: "keychain" });
    expect(place.files()).toEqual(["vault.db"]);
    await expectFull(place.open());
  });

  test("changes nothing for who cannot open the vault, or where the new key cannot be kept", async () => {
    using place = new VaultPlace();
    await fill(place.open());
    place.keychain.mood = "locked";
    expect(await failure(rotateKey(place.options(), { keyKind: "file" }))).toMatchObject({ code: "vault_locked" });
    expect(place.files()).toEqual(["vault.db"]);
    place.keychain.mood = "open";
    await rotateKey(place.options(), { keyKind: "file" });
    place.keychain.mood = "denied";
    expect(await failure(rotateKey(place.options(), { keyKind: "keychain" }))).toMatchObject({ code: "vault_locked" });
    await expectFull(place.open());
  });

  test("loses no row that is written meanwhile", async () => {
    using place = new VaultPlace();
    const vault = place.open({ keyKind: "file" });
    await fill(vault);
    const keys = Array.from({ length: 30 }, (_, number) => `k${String(number).padStart(2, "0")}`);
    await Promise.all([
      ...keys.map((key) => vault.put("memory", key, key)),
      rotateKey(place.options()),
      rotateKey(place.options()),
    ]);
    expect(await place.open().entries("memory")).toEqual(keys.map((key) => ({ key, value: key })));
    await expectFull(place.open());
  });

  const USES: [use: string, work: (vault: Vault) => Promise<unknown>, gives: unknown][] = [
    ["reads a row", (vault) => vault.get("tokens", "a"), 1],
    ["reads a table", (vault) => vault.entries("tokens"), [{ key: "a", value: 1 }]],
    ["changes a row", (vault) => vault.update("tokens", "a", (current) => current as number + 1), 2],
    ["writes a row", async (vault) => (await vault.put("tokens", "a", "new"), await vault.get("tokens", "a")), "new"],
    ["removes a row", async (vault) => (await vault.remove("tokens", "a"), await vault.get("tokens", "a")), undefined],
  ];
  for (const moment of ["before", "after"] as const) {
    test.each(USES)(
      `does not disturb who %s just then, with the key from ${moment} the change`,
      async (_, work, gives) => {
        using place = new VaultPlace();
        await fill(place.open());
        let changes = 1;
        const keychain: Keychain = {
          get: async (name) => {
            const early = await place.keychain.get(name);
            if (changes-- > 0) await rotateKey(place.options());
            return moment === "before" ? early : await place.keychain.get(name);
          },
          set: (name, key) => place.keychain.set(name, key),
          delete: (name) => place.keychain.delete(name),
        };
        expect(await work(place.open({ keychain }))).toEqual(gives);
        expect(changes).toBeLessThan(1);
        expect(place.notices.filter(({ level }) => level === "warn")).toEqual([]);
        expect(await place.open().get("clients", "b")).toEqual({ two: 2 });
      },
    );
  }

  test("leaves a key that a copy of the folder elsewhere still uses", async () => {
    using place = new VaultPlace();
    await fill(place.open());
    const copy = `${place.folder}-copy`;
    cpSync(place.folder, copy, { recursive: true });
    expect(await rotateKey(place.options({ folder: copy }))).toBe(2);
    await expectFull(place.open());
    await expectFull(place.open({ folder: copy }));
  });
});

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { VaultOptions } from "../../../src/vault/access.ts";
import type { Mood } from "../../harness/fake_keychain.ts";
import { failure, VaultPlace } from "../../harness/vault_place.ts";

describe("a new vault", () => {
  test("has its key in the keychain where there is one, and no file for it", async () => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    expect(place.keychain.keys.size).toBe(1);
    expect(place.files()).toEqual(["vault.db"]);
    expect(place.notices).toEqual([]);
  });

  test("has its key in a file where there is no keychain, and that is said once (B16)", async () => {
    using place = new VaultPlace();
    place.keychain.mood = "absent";
    await place.open().put("tokens", "a", 1);
    await place.open().put("tokens", "b", 2);
    const file = join(place.folder, "vault-a.key");
    expect(place.notices).toEqual([{
      level: "warn",
      text: `there is no keychain on this machine: the key of the vault is kept in ${
        JSON.stringify(file)
      }, which only your user may read`,
    }]);
    expect(Buffer.from(readFileSync(file, "utf8"), "base64").length).toBe(32);
  });

  for (const mood of ["denied", "locked"] satisfies Mood[]) {
    test(`is not made while the keychain is ${mood}, nor is any key (B16)`, async () => {
      using place = new VaultPlace();
      place.keychain.mood = mood;
      const error = await failure(place.open().put("tokens", "a", 1));
      expect(error).toMatchObject({ code: "vault_locked", hint: expect.stringContaining("unlock the keychain") });
      expect(place.files()).toEqual([]);
    });
  }

  test("is not made with the keychain pinned where there is none", async () => {
    using place = new VaultPlace();
    place.keychain.mood = "absent";
    const error = await failure(place.open({ keyKind: "keychain" }).put("tokens", "a", 1));
    expect(error).toMatchObject({
      code: "vault_locked",
      message: expect.stringContaining("there is no keychain here"),
    });
    expect(place.files()).toEqual([]);
  });

  test("has its key in a file when that is pinned, without asking the keychain", async () => {
    using place = new VaultPlace();
    await place.open({ keyKind: "file" }).put("tokens", "a", 1);
    expect(place.keychain.asked).toEqual([]);
    expect(place.notices.map(({ level }) => level)).toEqual(["info"]);
    expect(await place.open().get("tokens", "a")).toBe(1);
    expect(place.keychain.asked).toEqual([]);
  });

  test("takes over the key file of a process that was killed before it had made the vault", async () => {
    using place = new VaultPlace();
    mkdirSync(place.folder, { recursive: true });
    const key = Buffer.alloc(32, 7).toString("base64");
    writeFileSync(join(place.folder, "vault-a.key"), `${key}\n`, { mode: 0o600 });
    await place.open({ keyKind: "file" }).put("tokens", "a", 1);
    expect(readFileSync(join(place.folder, "vault-a.key"), "utf8")).toBe(`${key}\n`);
  });

  test("of another folder has another key in the same keychain", async () => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    await place.open({ folder: `${place.folder}-2` }).put("tokens", "a", 1);
    expect(place.keychain.keys.size).toBe(2);
  });
});

describe("a vault that was made with the keychain", () => {
  for (const mood of ["absent", "denied", "locked"] satisfies Mood[]) {
    test(`stays closed while the keychain is ${mood}, and no key is made (B16)`, async () => {
      using place = new VaultPlace();
      await place.open().put("tokens", "a", 1);
      const keys = new Map(place.keychain.keys);
      place.keychain.mood = mood;
      const uses = [place.open().get("tokens", "a"), place.open().put("tokens", "a", 2)];
      for (const error of await Promise.all(uses.map(failure))) {
        expect(error).toMatchObject({ code: "vault_locked", hint: expect.stringContaining("mcp-bridge doctor") });
        expect(error.message).toStartWith("cannot open the vault: its key is in the keychain, and ");
      }
      expect(place.files()).toEqual(["vault.db"]);
      place.keychain.mood = "open";
      expect(place.keychain.keys).toEqual(keys);
      expect(await place.open().get("tokens", "a")).toBe(1);
    });
  }

  const OTHERS: [what: string, options: Partial<VaultOptions>][] = [
    ["a file", { keyKind: "file" }],
    ["a passphrase", { keyKind: "passphrase", passphrase: "correct horse" }],
  ];
  test.each(OTHERS)("is not opened with %s, and says how to change that", async (_what, options) => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    const error = await failure(place.open(options).put("tokens", "a", 2));
    expect(error).toMatchObject({ code: "vault_locked", hint: expect.stringContaining("mcp-bridge vault rotate") });
    expect(place.files()).toEqual(["vault.db"]);
    expect(await place.open().get("tokens", "a")).toBe(1);
  });

  test("stays closed to a key that is another one", async () => {
    using place = new VaultPlace();
    await place.open().put("tokens", "a", 1);
    for (const name of place.keychain.keys.keys()) place.keychain.keys.set(name, new Uint8Array(32));
    expect(await failure(place.open().get("tokens", "a"))).toMatchObject({ code: "vault_locked" });
  });
});

describe("a vault whose key is a file", () => {
  const LOSSES: [what: string, lose: (file: string) => void][] = [
    ["is gone", (file) => rmSync(file)],
    ["is empty", (file) => writeFileSync(file, "")],
    ["holds no key", (file) => writeFileSync(file, "not a key\n")],
    ["holds another key", (file) => writeFileSync(file, Buffer.alloc(32).toString("base64"))],
  ];
  test.each(LOSSES)("stays closed where that %s, and makes no other", async (_what, lose) => {
    using place = new VaultPlace();
    await place.open({ keyKind: "file" }).put("tokens", "a", 1);
    const file = join(place.folder, "vault-a.key");
    lose(file);
    const left = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    const uses = [place.open().get("tokens", "a"), place.open().put("tokens", "a", 2)];
    for (const error of await Promise.all(uses.map(failure))) {
      expect(error).toMatchObject({ code: "vault_locked", hint: expect.stringContaining("backup") });
    }
    expect(existsSync(file) ? readFileSync(file, "utf8") : undefined).toBe(left);
    expect((await place.open().status()).rows).toBe(1);
  });
});

describe("a vault whose key is a passphrase", () => {
  test("opens with it, in whatever form of Unicode it was typed, and with no other", async () => {
    using place = new VaultPlace();
    await place.open({ keyKind: "passphrase", passphrase: "caf\u00e9" }).put("tokens", "a", 1);
    expect(await place.open({ passphrase: "cafe\u0301" }).get("tokens", "a")).toBe(1);
    expect(place.keychain.asked).toEqual([]);
    expect(place.files()).toEqual(["vault.db"]);
    for (const passphrase of ["cafe", "", undefined]) {
      const error = await failure(place.open({ passphrase }).get("tokens", "a"));
      expect(error).toMatchObject({ code: "vault_locked", hint: expect.stringContaining("MCP_BRIDGE_PASSPHRASE") });
      expect(error.message).not.toContain("caf");
    }
  });
});

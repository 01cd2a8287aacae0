/** The real keychain of Linux (B16); the other ways in which one fails are told of a fake in `unit/vault/key_test.ts`. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Keyring, keyringIsAbsent } from "../harness/keyring.ts";
import { VaultPlace } from "../harness/vault_place.ts";
import { VaultProcess } from "../harness/vault_process.ts";

describe.skipIf(keyringIsAbsent)("with gnome-keyring", () => {
  /** Does one job in a session, and gives what it said. */
  async function inSession(
    place: VaultPlace,
    keyring: Keyring,
    state: "unlocked" | "locked",
    words: string[],
  ): Promise<string> {
    await using process = new VaultProcess(place.folder, words, keyring.session(state), keyring.env);
    await process.ended();
    return process.output.toString();
  }

  test("the first use puts the key there, another process reads it, and a locked one changes nothing", async () => {
    using place = new VaultPlace();
    using keyring = new Keyring();
    expect(await inSession(place, keyring, "unlocked", ["put", "a"])).toBe("");
    expect(place.files()).toEqual(["vault.db"]);
    expect(await inSession(place, keyring, "unlocked", ["get", "a"])).toMatch(/^{"made_by":\d+}/);
    const bytes = readFileSync(place.file);
    for (const words of [["get", "a"], ["put", "a"]]) {
      const said = await inSession(place, keyring, "locked", words);
      expect(said).toStartWith(
        "vault_locked: cannot open the vault: its key is in the keychain, and the keychain is locked",
      );
      expect(said).toContain('or run "mcp-bridge doctor"');
    }
    expect(place.files()).toEqual(["vault.db"]);
    expect(Buffer.compare(readFileSync(place.file), bytes)).toBe(0);
    expect(await inSession(place, keyring, "unlocked", ["get", "a"])).toMatch(/^{"made_by":\d+}/);
  });

  test("a locked one at the first use is an error, and no vault is made", async () => {
    using place = new VaultPlace();
    using other = new VaultPlace();
    using keyring = new Keyring();
    // A keyring is made by the first key that is put there. It outlives a session that ends before it was asked.
    expect(await inSession(other, keyring, "unlocked", ["put", "a"])).toBe("");
    expect(await inSession(place, keyring, "locked", ["put", "a"])).toStartWith("vault_locked: ");
    expect(place.files()).toEqual([]);
  });
});

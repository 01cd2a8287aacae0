import { BridgeError } from "../../../platform/errors.ts";
import { foldersOf } from "../../../platform/paths.ts";
import { vaultFile } from "../../../vault/place.ts";
import { openState } from "../../state.ts";
import { TABLES, type Vault } from "../../../vault/vault.ts";
import type { KeyKind } from "../../../vault/seal.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  vault_locked: {
    result: "fail",
    cause: "the vault is there and its key is not to be had: a locked keychain, a lost key file, a wrong passphrase",
    cure:
      "unlock the keychain, bring the key back from a backup or set MCP_BRIDGE_PASSPHRASE; else move the vault away " +
      "and sign in again",
  },
  vault_damaged: {
    result: "fail",
    cause: "what stands in the vault is not what was written",
    cure:
      'run "mcp-bridge doctor --fix", which moves the damaged file aside, then sign in again with "mcp-bridge login"',
  },
  rows_damaged: {
    result: "warn",
    cause: "some rows of the vault are damaged: what they held is lost",
    cure: "sign in again where you are asked to",
  },
  vault_newer: {
    result: "fail",
    cause: "the vault was written by a later mcp-bridge",
    cure: "use that version, or set MCP_BRIDGE_HOME to another folder",
  },
  vault_unwritable: {
    result: "fail",
    cause: "the system does not let the vault's file be read",
    cure: "see that you may read it and its disk is sound, or set MCP_BRIDGE_HOME to another folder",
  },
  unsafe_file: {
    result: "fail",
    cause: "a link, a folder, or another user's file stands in the place of the vault or of its key",
    cure: "move it out of the way, or set MCP_BRIDGE_HOME to a folder of your own",
  },
  vault_busy: {
    result: "fail",
    cause: "another process has kept the vault's file busy for 10 s",
    cure: "end what reads or copies it, a backup for example, then try again",
  },
} as const;

const KEY_PLACES: Readonly<Record<KeyKind, string>> = {
  keychain: "in the system's keychain",
  file: "in a file beside it",
  passphrase: "made of a passphrase",
};

/** Whether the vault can be opened, and every row in it. */
export const vaultOpens: Check = {
  code: "vault-opens",
  title: "vault opens",
  after: ["file-places", "file-modes"],
  explains,
  // The vault gives up by itself after 10 s.
  limit: 15_000,
  async run(world): Promise<Finding> {
    try {
      return await open(world.vault());
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      // The next use moves it aside as well, but whoever asks here is told the command.
      if (thrown.code === "vault_damaged") return fault(explains, "vault_damaged", { text: thrown.message });
      if (thrown.code !== "vault_locked") throw thrown;
      const file = vaultFile(foldersOf(world.state.surroundings).state);
      const cure = (thrown.hint ?? explains.vault_locked.cure).replace(
        "move the vault away",
        `move ${JSON.stringify(file)} away`,
      );
      return fault(explains, "vault_locked", { text: thrown.message, cure });
    }
  },
  async fix({ state, clock, notify }, { fault: found }): Promise<string | undefined> {
    if (found !== "vault_damaged") return undefined;
    // As the next use of what is damaged would have it.
    await open(openState(state, clock, notify)).catch(() => {});
    const aside = await setAside(foldersOf(state.surroundings).state);
    return aside === undefined ? undefined : `moved the damaged vault aside, to ${JSON.stringify(aside)}`;
  },
};

/** The path of the damaged vault that was moved aside last, where none is in its place any more. */
async function setAside(folder: string): Promise<string | undefined> {
  const { existsSync, readdirSync } = await import("node:fs");
  if (existsSync(vaultFile(folder))) return undefined;
  const last = readdirSync(folder).filter((name) => /\.damaged-[\w-]+$/.test(name) && !name.endsWith("-journal"));
  const name = last.toSorted().at(-1);
  return name === undefined ? undefined : `${folder}/${name}`;
}

/** Opens the vault and every row in it. @throws {BridgeError} what keeps it shut */
async function open(vault: Vault): Promise<Finding> {
  const { exists, file, keyKind, rows, format } = await vault.status();
  if (!exists) return skip("there is no vault yet: the first sign-in makes it", { file });
  const sound = (await Promise.all(TABLES.map((table) => vault.entries(table)))).flat().length;
  const details = { file, keyKind, rows, format };
  if (sound < rows) {
    return fault(explains, "rows_damaged", {
      text: `${rows - sound} of ${rows} rows of the vault ${rows - sound === 1 ? "is" : "are"} damaged`,
      details,
    });
  }
  return ok(
    `its key is ${KEY_PLACES[keyKind!]}, and ${rows === 1 ? "its row opens" : `each of its ${rows} rows opens`}`,
    details,
  );
}

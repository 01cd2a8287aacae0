import type { StateSettings } from "../app/state.ts";
import { readChoice } from "./arguments.ts";
import type { Flags, FlagValues } from "./command.ts";

const KEY_KINDS = ["keychain", "file", "passphrase"] as const;

/** The flags that say whose credential it is, and what opens the vault. */
export const STATE_FLAGS = {
  "account": {
    type: "string",
    default: "default",
    value: "NAME",
    text: "which of several accounts at the server, by a name of your own",
  },
  "vault-key": {
    type: "string",
    value: "KIND",
    choices: KEY_KINDS,
    text: "where the key of the vault is: keychain, file or passphrase (in MCP_BRIDGE_PASSPHRASE)",
  },
} as const satisfies Flags;

/**
 * Reads what opens the vault, by the flag or by `MCP_BRIDGE_VAULT_KEY`.
 *
 * @throws {BridgeError} `bad_argument`
 */
export function readState(
  flags: Pick<FlagValues<typeof STATE_FLAGS>, "vault-key">,
  env: NodeJS.ProcessEnv,
): StateSettings {
  const kind = flags["vault-key"] ?? env["MCP_BRIDGE_VAULT_KEY"];
  return {
    surroundings: { platform: process.platform, env },
    keyKind: kind === undefined ? undefined : readChoice("--vault-key", kind, KEY_KINDS),
    passphrase: env["MCP_BRIDGE_PASSPHRASE"],
  };
}

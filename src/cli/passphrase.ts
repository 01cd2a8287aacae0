import { BridgeError } from "../platform/errors.ts";
import { askSecret } from "../platform/terminal.ts";
import type { Environment } from "./variables.ts";

/**
 * The passphrase of `MCP_BRIDGE_PASSPHRASE`, else what a person types at the terminal; a new one is typed twice.
 *
 * @throws {BridgeError} `bad_argument` where there is none; `closing` where the person gives up.
 */
export async function readPassphrase(
  { MCP_BRIDGE_PASSPHRASE: set }: Environment,
  what: string,
  isNew: boolean,
): Promise<string> {
  const passphrase = set || await askSecret(`${what}: `);
  if (passphrase === undefined) throw none("and there is no terminal to ask for it");
  if (passphrase === "") throw none("and an empty one keeps nothing shut");
  if (!set && isNew && await askSecret(`${what}, once more: `) !== passphrase) {
    throw new BridgeError("bad_argument", "the two passphrases differ: nothing was done", { hint: "try again" });
  }
  return passphrase;
}

function none(why: string): BridgeError {
  return new BridgeError("bad_argument", `this takes a passphrase, ${why}`, { hint: "set MCP_BRIDGE_PASSPHRASE" });
}

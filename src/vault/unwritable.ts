import { BridgeError } from "../platform/errors.ts";
import { codeOf } from "./database.ts";

/** Turns what the system or SQLite says of a file into `vault_unwritable`; what is a `BridgeError` stays. */
export function toVaultError(thrown: unknown): unknown {
  if (thrown instanceof BridgeError || !/^(?:SQLITE_|E[A-Z])/.test(codeOf(thrown))) return thrown;
  return new BridgeError("vault_unwritable", `the vault cannot be written or read (${codeOf(thrown)})`, {
    hint: "see that its disk has room and its folder may be written, or set MCP_BRIDGE_HOME to another one",
    cause: thrown,
  });
}

import type { Vault } from "../vault/vault.ts";

const KEY = "token";
const BYTES = 32;

/**
 * The token that our own endpoint wants of every request: made at the first start, the same ever after. What it begins
 * with is for scanners that look for secrets.
 *
 * @throws {BridgeError} what the vault throws.
 */
export async function endpointToken(vault: Vault): Promise<string> {
  const kept = await vault.update("endpoint", KEY, (current) => typeof current === "string" ? current : makeToken());
  return kept as string;
}

function makeToken(): string {
  return `mcpb_${Buffer.from(crypto.getRandomValues(new Uint8Array(BYTES))).toString("base64url")}`;
}

import { BridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { ServerEntry } from "./entry.ts";
import { keychainName } from "./references.ts";

/** What an entry writes for a secret of that name in the keychain. */
export function secretReference(slug: string, name: string): string {
  return `keychain:${slug}/${name.toLowerCase()}`;
}

/**
 * Puts secrets into the keychain, by their references.
 *
 * @throws {BridgeError} `missing_reference` where the keychain does not take them
 */
export async function keepSecrets(secrets: ReadonlyMap<string, string>, keychain: Keychain): Promise<void> {
  for (const [reference, secret] of secrets) {
    const name = reference.slice("keychain:".length);
    const done = await keychain.set(keychainName(name), new TextEncoder().encode(secret));
    if (done.kind === "done") continue;
    throw new BridgeError("missing_reference", "the keychain is absent, or does not take the secret", {
      hint: 'unlock it, or set a variable of the environment and add "--header" with "${VAR}" as the value',
    });
  }
}

/** Takes those secrets of a server out of the keychain that no other server refers to. */
export async function forgetSecrets(
  entry: ServerEntry,
  others: Iterable<ServerEntry>,
  keychain: Keychain,
): Promise<void> {
  const needed = new Set([...others].flatMap(referencesOf));
  for (const reference of referencesOf(entry)) {
    if (!needed.has(reference)) await keychain.delete(keychainName(reference.slice("keychain:".length)));
  }
}

function referencesOf({ headers, server, oauth }: ServerEntry): string[] {
  const env = server instanceof URL ? {} : server.env;
  return [...Object.values(headers), ...Object.values(env), oauth.clientSecret ?? ""]
    .filter((value) => value.startsWith("keychain:"));
}

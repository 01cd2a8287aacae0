import { builtInDocument } from "../auth/built_in_document.ts";
import type { SignInSettings } from "../auth/settings.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { ServerEntry } from "./entry.ts";
import { type Environment, resolveReferences } from "./references.ts";

/** How long a person may take to sign in, in ms. */
const TIMEOUT_MS = 300_000;
/** How long what a program prints is used where nobody says so, in s. */
const TOKEN_LIFETIME_S = 300;

/**
 * How to sign in to a server, by its entry.
 *
 * @throws {BridgeError} `missing_reference` for the client's secret
 */
export async function signInOf(
  { label, oauth }: Pick<ServerEntry, "label" | "oauth">,
  env: Environment,
  keychain: Keychain,
): Promise<SignInSettings> {
  const { clientId, clientSecret, resource, clientMetadataUrl: document, tokenEndpoint } = oauth;
  const what = `the server ${JSON.stringify(label)}`;
  const { clientSecret: secret } = clientSecret === undefined
    ? {}
    : await resolveReferences(what, { clientSecret }, env, keychain);
  return {
    grant: oauth.grant ?? "browser",
    callbackPort: oauth.callbackPort,
    callbackHost: oauth.callbackHost,
    callbackPath: oauth.callbackPath,
    successUrl: undefined,
    timeout: TIMEOUT_MS,
    resource: resource === undefined
      ? undefined
      : resource === ""
      ? { kind: "none" }
      : { kind: "given", uri: resource },
    authorizeParams: new Map(Object.entries(oauth.authorizeParams ?? {})),
    clientMetadata: oauth.scope === undefined ? undefined : { scope: oauth.scope },
    clientInfo: clientId === undefined
      ? undefined
      : { "client_id": clientId, ...(secret === undefined ? {} : { "client_secret": secret }) },
    clientMetadataUrl: document === undefined ? builtInDocument() : document === "" ? undefined : new URL(document),
    tokenEndpoint: tokenEndpoint === undefined ? undefined : new URL(tokenEndpoint),
    assertionFile: undefined,
    identityProvider: undefined,
    provider: oauth.provider,
    tokenCommand: oauth.tokenCommand === undefined ? undefined : {
      command: oauth.tokenCommand,
      lifetime: Math.round((oauth.tokenLifetime ?? TOKEN_LIFETIME_S) * 1_000),
    },
    useIdToken: oauth.useIdToken ?? false,
    mayLackPkce: oauth.allowNoPkce ?? false,
    anyNetwork: oauth.allowPrivateNetwork ?? false,
  };
}

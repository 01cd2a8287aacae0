import { BridgeError } from "../platform/errors.ts";
import { safeAddress } from "./addresses.ts";
import type { AuthTools } from "./ask.ts";
import type { Client } from "./client.ts";
import type { Discovery } from "./discover.ts";
import { quirksOf } from "./quirks.ts";
import { OAuthRefusal, refusalText } from "./refusal.ts";
import { chooseLastingScope, type ScopeWish } from "./scope.ts";
import type { SignInSettings } from "./settings.ts";
import { resourceFor } from "./resource.ts";
import { requestTokens, type TokenSet, type TokenTools } from "./token_endpoint.ts";

/** A sign-in that waits for the browser to come back; but for the address, a secret. */
export interface Authorization {
  /** Where the person consents: https, or http on this machine. */
  readonly url: URL;
  /** Comes back with the answer, once. */
  readonly state: string;
  /** Shows that it is we who redeem the code (RFC 7636). */
  readonly verifier: string;
  readonly redirectUri: string;
  readonly scope: string | undefined;
  /** Who is to answer (RFC 9207). */
  readonly issuer: string;
  readonly resource: string | undefined;
}

/** What a sign-in is begun with. */
export interface AuthorizationWish extends ScopeWish {
  readonly client: Client;
  readonly settings: SignInSettings;
  readonly redirectUri: string;
}

/**
 * Refuses an authorization server that does not say that it protects codes by PKCE with S256, unless a person takes that
 * on.
 *
 * @throws {BridgeError} `no_pkce`
 */
export function requirePkce({ pkce, metadata }: Discovery, { mayLackPkce }: SignInSettings): void {
  if (pkce === "none" && !mayLackPkce) throw unprotected(metadata.issuer);
}

/**
 * Begins a sign-in by authorization code with PKCE (RFC 6749, 4.1; RFC 7636), which is sent even where nobody promises
 * to look at it.
 *
 * @throws {BridgeError} `no_pkce`, `bad_metadata`, `unsafe_address`
 */
export async function beginAuthorization(wish: AuthorizationWish, tools: AuthTools): Promise<Authorization> {
  const { discovery, client, settings, redirectUri } = wish;
  const { metadata } = discovery;
  requirePkce(discovery, settings);
  const endpoint = await authorizationEndpoint(discovery, tools);
  const scope = chooseLastingScope(wish);
  const resource = resourceFor(discovery, settings);
  const state = randomText();
  const { startAuthorization } = await import("@modelcontextprotocol/client");
  const { authorizationUrl: url, codeVerifier: verifier } = await startAuthorization(metadata.issuer, {
    metadata: {
      issuer: metadata.issuer,
      "authorization_endpoint": endpoint.href,
      "token_endpoint": metadata.tokenEndpoint ?? "",
      "response_types_supported": ["code"],
    },
    clientInformation: { "client_id": client.clientId },
    redirectUrl: redirectUri,
    state,
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
  });
  const further = Object.entries(quirksOf(metadata.issuer).authorizeParams ?? {});
  for (const [name, value] of [...further, ...settings.authorizeParams]) url.searchParams.set(name, value);
  // What was chosen has the person's own scope in it.
  if (scope === undefined) url.searchParams.delete("scope");
  else url.searchParams.set("scope", scope);
  return { url, state, verifier, redirectUri, scope, issuer: metadata.issuer, resource };
}

/**
 * Redeems what the browser came back with, once for each sign-in: only from whom it was asked for, and only if it answers
 * this sign-in. Whatever else came, an error too, is not acted on, and none of its text is shown.
 *
 * @throws {OAuthRefusal} `sign_in_refused` where the answer is a no
 * @throws {BridgeError} `foreign_answer`, and as `requestTokens`
 */
export async function redeem(
  answer: URLSearchParams,
  begun: Authorization,
  client: Client,
  discovery: Discovery,
  tools: TokenTools,
): Promise<TokenSet> {
  const { metadata } = discovery;
  for (const name of ["state", "iss", "code", "error"]) {
    if (answer.getAll(name).length > 1) throw foreign(`has more than one ${name}`);
  }
  if (answer.get("state") !== begun.state) throw foreign("belongs to no sign-in of ours");
  if (begun.issuer !== metadata.issuer) throw foreign("is for another authorization server than the one in use now");
  await checkIssuer(answer.get("iss") ?? undefined, begun.issuer, metadata.promisesIssuer);
  const error = answer.get("error");
  if (error !== null) throw refused(error, answer.get("error_description"), [begun.verifier, answer.get("code") ?? ""]);
  const code = answer.get("code");
  if (!code) throw foreign("holds neither a code nor an error");
  const form = new URLSearchParams({
    "grant_type": "authorization_code",
    code,
    "code_verifier": begun.verifier,
    "redirect_uri": begun.redirectUri,
  });
  if (begun.resource !== undefined) form.set("resource", begun.resource);
  const tokens = await requestTokens(form, client, discovery, tools);
  return begun.scope === undefined ? tokens : { scope: begun.scope, ...tokens };
}

async function authorizationEndpoint({ metadata, server }: Discovery, tools: AuthTools): Promise<URL> {
  const { authorizationEndpoint: text, responseTypes } = metadata;
  if (text === undefined || responseTypes?.includes("code") === false) {
    throw new BridgeError("bad_metadata", `${new URL(metadata.issuer).host} signs nobody in by a browser`, {
      hint: 'try "--device-code" or "--client-credentials"',
    });
  }
  return await safeAddress(text, "authorization_endpoint", new URL(server), tools);
}

/** RFC 9207, 2.4: the texts are compared as they are. */
async function checkIssuer(iss: string | undefined, expectedIssuer: string, isPromised: boolean): Promise<void> {
  const { validateAuthorizationResponseIssuer } = await import("@modelcontextprotocol/client");
  try {
    validateAuthorizationResponseIssuer({ iss, expectedIssuer, issParameterSupported: isPromised });
  } catch {
    throw foreign(iss === undefined ? "does not say who gives it" : "comes from another authorization server");
  }
}

/** 256 bits, which nobody guesses. */
function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

function unprotected(issuer: string): BridgeError {
  return new BridgeError("no_pkce", `${new URL(issuer).host} does not protect a sign-in against stolen codes (PKCE)`, {
    hint:
      "ask whoever runs it to name S256 in code_challenge_methods_supported; if you can live with codes that a thief " +
      'can use, add "--allow-no-pkce"',
  });
}

function foreign(fault: string): BridgeError {
  return new BridgeError("foreign_answer", `what the browser came back with ${fault}`, {
    hint: 'nothing was done with it; sign in again with "mcp-bridge login"',
  });
}

function refused(error: string, description: string | null, secrets: readonly string[]): OAuthRefusal {
  const text = error === "access_denied" ? "the sign-in was declined:" : "the authorization server ended the sign-in:";
  return new OAuthRefusal("sign_in_refused", `${text}${refusalText(error, description, secrets)}`, {
    oauthError: error,
    hint: 'sign in again with "mcp-bridge login"',
  });
}

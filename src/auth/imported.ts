import { quoted } from "../platform/errors.ts";
import { type Client, registeredMethod } from "./client.ts";
import type { Discovery } from "./discover.ts";
import { isSameIssuer, quirksOf } from "./quirks.ts";
import type { Grant, Records } from "./records.ts";
import type { SignInSettings } from "./settings.ts";
import { expiryOf, type TokenSet } from "./token_endpoint.ts";

/** Tokens that another program was given; plain JSON, and all of it secret. Times in ms. */
export interface ImportedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly expiresAt?: number;
  readonly receivedAt: number;
  readonly scope?: string;
  /** Who gave them, where that is known. */
  readonly issuer?: string;
}

/** The client that they were given to. */
export interface ImportedClient {
  readonly kind: Client["kind"];
  readonly clientId: string;
  readonly clientSecret?: string;
  /** As the authorization server said it; nothing where it did not. */
  readonly authMethod?: string;
  readonly redirectUris: readonly string[];
  readonly secretExpiresAt?: number;
  /** Who knows it, where that is known. */
  readonly issuer?: string;
}

/** A sign-in of another program that waits to be taken over by the first look at who signs people in. */
export interface ImportedSignIn {
  readonly version: 1;
  readonly tokens: ImportedTokens;
  readonly client: ImportedClient;
  /** What the tokens are for: as a person said it, or the server's own. */
  readonly resource: SignInSettings["resource"];
}

/** What became of a sign-in; `reason` says why it was not taken, and is a sentence of its own. */
export type TakeOver =
  | { readonly kind: "none" }
  | { readonly kind: "taken" }
  | { readonly kind: "mismatch"; readonly reason: string };

/**
 * Takes over the sign-in that waits for the owner of `records`, if there is one, at the authorization server that was
 * found. A refresh token goes to nobody but who gave it: by the word of the other program's files, and of the token
 * itself where it is readable. What does not fit is forgotten, since it never will.
 */
export async function takeOver(
  records: Records,
  discovery: Discovery,
  challengedAt?: string,
): Promise<TakeOver> {
  const imported = await records.imported();
  if (imported === undefined) return { kind: "none" };
  // A process was killed behind the last step: these tokens may have been spent since.
  if (await records.grant() !== undefined) {
    await records.forgetImported();
    return { kind: "none" };
  }
  const reason = mismatchOf(imported, discovery);
  if (reason !== undefined) {
    await records.forgetImported();
    return { kind: "mismatch", reason };
  }
  const client = clientOf(imported.client, discovery);
  const tokens = tokensOf(imported, discovery, challengedAt);
  const grant: Grant = { version: 1, discovery, client, scope: tokens.scope };
  await records.save(grant, tokens);
  if (client.kind === "dynamic") {
    for (const uri of client.redirectUris ?? []) await records.saveClient(discovery, uri, client);
  }
  await records.forgetImported();
  return { kind: "taken" };
}

function mismatchOf({ tokens, client }: ImportedSignIn, { issuer }: Discovery): string | undefined {
  const given = tokens.issuer ?? client.issuer;
  if (given !== undefined) {
    const isSame = isSameIssuer(given, issuer) || isSameIssuer(issuer, given);
    return isSame ? undefined : `${quoted(given)} gave the tokens, and the server now names ${quoted(issuer)}`;
  }
  // The tokens of Entra ID have issuers of their own.
  if (quirksOf(issuer).noResource) return undefined;
  const host = hostOf(claimedIssuer(tokens.accessToken));
  if (host === undefined || host === hostOf(issuer)) return undefined;
  return `${quoted(host)} gave the tokens, by their own word, and the server now names ${quoted(issuer)}`;
}

/** Who gave a token by its own word, where it has one (RFC 9068, 2.2); nobody has verified it. */
function claimedIssuer(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()).iss;
  } catch {
    return undefined;
  }
}

function hostOf(issuer: unknown): string | undefined {
  return typeof issuer === "string" && URL.canParse(issuer) ? new URL(issuer).host : undefined;
}

function clientOf(imported: ImportedClient, { metadata }: Discovery): Client {
  const { kind, clientId, clientSecret, redirectUris, secretExpiresAt } = imported;
  return {
    issuer: metadata.issuer,
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    authMethod: registeredMethod(imported.authMethod, clientId, clientSecret, metadata),
    kind,
    ...(secretExpiresAt === undefined ? {} : { secretExpiresAt }),
    ...(redirectUris.length === 0 ? {} : { redirectUris }),
  };
}

function tokensOf({ tokens, resource: wanted }: ImportedSignIn, discovery: Discovery, challengedAt?: string): TokenSet {
  const { accessToken, refreshToken, idToken, expiresAt, receivedAt, scope } = tokens;
  const resource = wanted?.kind === "none"
    ? undefined
    : wanted?.kind === "given"
    ? new URL(wanted.uri).href
    : publishedResource(discovery, challengedAt);
  return {
    accessToken,
    tokenType: "Bearer",
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(scope === undefined ? {} : { scope }),
    ...(idToken === undefined ? {} : { idToken, ...expiryOf(idToken, receivedAt) }),
    ...(resource === undefined ? {} : { resource }),
    receivedAt,
  };
}

/** What the other program named when it asked for the tokens: a server that publishes no resource has none to name. */
function publishedResource({ resource, steps }: Discovery, challengedAt: string | undefined): string | undefined {
  const isPublished = steps.some(({ url, status }) =>
    status === 200 &&
    (url === challengedAt || new URL(url).pathname.startsWith("/.well-known/oauth-protected-resource"))
  );
  return isPublished && resource !== undefined && URL.canParse(resource) ? new URL(resource).href : undefined;
}

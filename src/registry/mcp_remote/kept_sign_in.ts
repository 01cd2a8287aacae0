import type { ImportedClient, ImportedTokens } from "../../auth/imported.ts";

/** A file of the store, and when it was written, in ms. */
export interface StoreFile {
  readonly text: string;
  readonly writtenAt: number;
}

/** What a file says, or why it cannot be taken; the reason goes on from the file's name. */
export type Reading<Content> =
  | { readonly kind: "read"; readonly content: Content }
  | { readonly kind: "unfit"; readonly reason: string };

/** No token is believed to live longer, in ms: a year. */
const LONGEST_LIFE_MS = 365 * 86_400_000;
/** Longer ones fit into no header. */
const LONGEST_TOKEN = 65_536;
/** RFC 6750, 2.1, and what else a header may hold. */
const TOKEN = /^[\x21-\x7e]+$/;
const LONGEST_NAME = 4_096;

/** Reads the tokens of a sign-in; `now` in ms. */
export function readTokens({ text, writtenAt }: StoreFile, now: number): Reading<ImportedTokens> {
  const said = objectIn(text);
  if (said === undefined) return unfit("is not whole");
  const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken, token_type: type } = said;
  if (!isToken(accessToken)) return unfit("holds no access token");
  if (isThere(refreshToken) && !isToken(refreshToken)) return unfit("holds a refresh token that is none");
  if (typeof type === "string" && type.toLowerCase() !== "bearer") return unfit("holds tokens bound to a key");
  const life = numberIn(said["expires_in"]);
  const end = numberIn(said["expires_at"]) ?? (life === undefined ? undefined : writtenAt + life * 1_000);
  const expiresAt = end === undefined || end > now + LONGEST_LIFE_MS ? undefined : end;
  if (expiresAt !== undefined && expiresAt <= now && !isThere(refreshToken)) {
    return unfit("holds a token that has ended, and nothing to renew it with");
  }
  const scope = textIn(said["scope"]) ?? textIn(said["requested_scope"]);
  const issuer = textIn(said["issuer"]);
  const content = {
    accessToken,
    receivedAt: Math.min(expiresAt === undefined || life === undefined ? writtenAt : expiresAt - life * 1_000, now),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(isThere(refreshToken) ? { refreshToken: refreshToken as string } : {}),
    ...(isToken(idToken) ? { idToken } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...(issuer === undefined ? {} : { issuer }),
  };
  return { kind: "read", content };
}

/** Reads the client that mcp-remote had registered. */
export function readClient({ text }: Pick<StoreFile, "text">, now: number): Reading<ImportedClient> {
  const said = objectIn(text);
  if (said === undefined) return unfit("is not whole");
  const { redirect_uris: uris } = said;
  const [clientId, clientSecret, issuer, authMethod] = [
    "client_id",
    "client_secret",
    "issuer",
    "token_endpoint_auth_method",
  ]
    .map((name) => textIn(said[name]));
  if (clientId === undefined) return unfit("names no client");
  const end = numberIn(said["client_secret_expires_at"]);
  const secretExpiresAt = clientSecret === undefined || end === undefined ? undefined : end * 1_000;
  if (secretExpiresAt !== undefined && secretExpiresAt <= now) return unfit("holds a client whose secret has ended");
  const redirectUris = Array.isArray(uris) ? uris.filter((uri) => textIn(uri) !== undefined && URL.canParse(uri)) : [];
  const content = {
    kind: "dynamic",
    clientId,
    redirectUris: redirectUris as string[],
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(authMethod === undefined ? {} : { authMethod }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(secretExpiresAt === undefined ? {} : { secretExpiresAt }),
  } as const;
  return { kind: "read", content };
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const said = JSON.parse(text);
    return typeof said === "object" && said !== null && !Array.isArray(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TOKEN && TOKEN.test(value);
}

/** A text that may be a name: of the signs that OAuth allows in those (RFC 6749, appendix A). */
function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME && /^[ -~]+$/.test(value)
    ? value
    : undefined;
}

/** A number above 0, which some servers write as a text. */
function numberIn(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number > 0 ? number : undefined;
}

function unfit(reason: string): { kind: "unfit"; reason: string } {
  return { kind: "unfit", reason };
}

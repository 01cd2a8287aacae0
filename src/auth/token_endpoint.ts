import { BridgeError } from "../platform/errors.ts";
import { safeAddress } from "./addresses.ts";
import { ask, type AuthTools, type Reply } from "./ask.ts";
import { authenticate, basicCredential, type Client } from "./client.ts";
import type { Discovery } from "./discover.ts";
import type { Prover } from "./dpop.ts";
import { refusalOf } from "./refusal.ts";

/** What an authorization server gave (RFC 6749, 5.1); plain JSON, and all of it secret. */
export interface TokenSet {
  readonly accessToken: string;
  readonly tokenType: "Bearer" | "DPoP";
  /** In ms, from the time of the request; absent where the server says nothing that can be true. */
  readonly expiresAt?: number;
  readonly refreshToken?: string;
  /** What was granted, or asked for where the server does not say otherwise. */
  readonly scope?: string;
  readonly idToken?: string;
  /**
   * When the id token ends by its own word (OpenID Connect Core 1.0, section 2), in ms, counted from the time of the
   * request; absent where it says nothing that can be true.
   */
  readonly idTokenExpiresAt?: number;
  /** The resource that it was asked for, which later requests name again. */
  readonly resource?: string;
  /** When it was asked for, in ms. */
  readonly receivedAt: number;
}

/** What token requests need. */
export interface TokenTools extends AuthTools {
  /** Binds tokens to a key of ours (RFC 9449). */
  readonly prover?: Prover;
}

/** Where a token comes from: of `Discovery`, what is needed for that. */
export type TokenSource = Pick<Discovery, "server" | "metadata">;

/** No token is believed to live longer, in ms: a year. */
const LONGEST_LIFE_MS = 365 * 86_400_000;

/** Longer ones fit into no header. */
const LONGEST_TOKEN = 65_536;

/** RFC 6750, 2.1, and what else a header may hold. */
const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Asks the token endpoint, whatever the grant; `client` is nobody where the grant itself says who asks.
 *
 * @throws {OAuthRefusal} `token_refused`, with the server's own code
 * @throws {SpentInVain} `bad_token_answer`, for a yes without a token
 * @throws {BridgeError} `http_status` where the server is in trouble, `bad_token_answer`, `bad_metadata`,
 * `unsafe_address`, and as `ask`
 */
export async function requestTokens(
  form: URLSearchParams,
  client: Client | undefined,
  source: TokenSource,
  tools: TokenTools,
): Promise<TokenSet> {
  const { url, reply, requestedAt } = await askTokenEndpoint(form, client, source, tools);
  const { json } = reply;
  // Some say no with a 200.
  if (reply.status !== 200 || isRefusal(json)) throw refusalOf(reply, url, "token", AGAIN, secretsOf(form, client));
  const tokens = readUsable(reply, requestedAt, url, tools.prover !== undefined);
  const scope = tokens.scope ?? form.get("scope") ?? undefined;
  const resource = form.get("resource") ?? undefined;
  return {
    ...tokens,
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
  };
}

/** A yes that brings no token that could be used, cut off say: what it was given for is spent. */
export class SpentInVain extends BridgeError {}

function readUsable(reply: Reply, requestedAt: number, url: URL, hasKey: boolean): TokenSet {
  try {
    const tokens = readTokens(reply.json, requestedAt, url);
    if (tokens.tokenType === "DPoP" && !hasKey) throw unusable(url, "is bound to a key of nobody");
    return tokens;
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || !isYes(reply)) throw thrown;
    const { code, message, hint } = thrown;
    throw new SpentInVain(code, message, { ...(hint === undefined ? {} : { hint }), cause: thrown });
  }
}

/** Whether a success is that of a token endpoint, and not of a page that stands before it. */
function isYes({ json, headers }: Reply): boolean {
  if (json === undefined) return /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "");
  return typeof json === "object" && json !== null && "access_token" in json;
}

/**
 * Posts a form to the token endpoint; every answer is one. The time is that of the request, in ms.
 *
 * @throws {BridgeError} `bad_metadata` where there is no such endpoint, and as `safeAddress` and `ask`
 */
export async function askTokenEndpoint(
  form: URLSearchParams,
  client: Client | undefined,
  { server, metadata }: TokenSource,
  tools: TokenTools,
): Promise<{ url: URL; reply: Reply; requestedAt: number }> {
  if (metadata.tokenEndpoint === undefined) {
    throw new BridgeError("bad_metadata", "the authorization server names no token_endpoint", {
      hint: "ask whoever runs it to correct its metadata",
    });
  }
  const url = await safeAddress(metadata.tokenEndpoint, "token_endpoint", new URL(server), tools);
  async function once(): Promise<Reply> {
    const headers = new Headers();
    if (client !== undefined) await authenticate(client, metadata, { headers, form, endpoint: url });
    const proof = await tools.prover?.prove({ method: "POST", url });
    if (proof !== undefined) headers.set("dpop", proof);
    const reply = await ask({ url, headers, body: form }, tools);
    tools.prover?.observe(reply.headers, url);
    return reply;
  }
  const requestedAt = tools.clock.now();
  const reply = await once();
  const wantsNonce = (reply.json as { error?: unknown } | null | undefined)?.error === "use_dpop_nonce";
  if (tools.prover === undefined || !wantsNonce) return { url, reply, requestedAt };
  return { url, reply: await once(), requestedAt };
}

const AGAIN = 'sign in again with "mcp-bridge login"';

const SECRET_FIELDS = [
  "code",
  "code_verifier",
  "refresh_token",
  "device_code",
  "assertion",
  "client_assertion",
  "subject_token",
  "token",
];

/** What a form that a client sends holds that nobody may read, should an answer repeat it. */
export function secretsOf(form: URLSearchParams, client: Client | undefined): string[] {
  const said = SECRET_FIELDS.map((name) => form.get(name) ?? "");
  return client?.clientSecret === undefined ? said : [client.clientSecret, basicCredential(client), ...said];
}

function isRefusal(json: unknown): boolean {
  return typeof json === "object" && json !== null && "error" in json && !("access_token" in json);
}

function readTokens(json: unknown, requestedAt: number, url: URL): TokenSet {
  if (typeof json !== "object" || json === null) throw unusable(url, "is no JSON object");
  const said = json as Record<string, unknown>;
  const { access_token: accessToken, expires_in: lifetime, scope } = said;
  if (!isToken(accessToken)) throw unusable(url, "is none");
  const refreshToken = optionalToken(said["refresh_token"], url);
  const idToken = optionalToken(said["id_token"], url);
  const life = readLifetime(lifetime);
  return {
    accessToken,
    tokenType: readType(said["token_type"], url),
    ...(life === undefined ? {} : { expiresAt: requestedAt + life }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(typeof scope === "string" && scope.trim() !== "" ? { scope } : {}),
    ...(idToken === undefined ? {} : { idToken, ...expiryOf(idToken, requestedAt) }),
    receivedAt: requestedAt,
  };
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TOKEN && TOKEN.test(value);
}

function optionalToken(value: unknown, url: URL): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (isToken(value)) return value;
  throw unusable(url, "has a companion that is none");
}

function readType(value: unknown, url: URL): TokenSet["tokenType"] {
  const type = typeof value === "string" ? value.toLowerCase() : value ?? "bearer";
  if (type === "bearer") return "Bearer";
  if (type === "dpop") return "DPoP";
  throw unusable(url, "is of a kind that we do not know");
}

/**
 * What an id token that came at `receivedAt`, in ms, says of its end. It is sent on unread otherwise: whom it is for,
 * judges it. Its times are those of the other clock: how long it lives is true by ours too.
 */
export function expiryOf(idToken: string, receivedAt: number): { idTokenExpiresAt?: number } {
  try {
    const { exp, iat } = JSON.parse(Buffer.from(idToken.split(".")[1]!, "base64url").toString());
    // Whole seconds: it may have been made almost one later than it says.
    const from = typeof iat === "number" ? iat + 1 : receivedAt / 1_000;
    const life = typeof exp === "number" ? readLifetime(exp - from) : undefined;
    return life === undefined ? {} : { idTokenExpiresAt: receivedAt + life };
  } catch {
    return {};
  }
}

/** A shorter life, in seconds, would have each request fetch another token. */
const SHORTEST_LIFE = 1;

/**
 * How long a token lives, in ms. What cannot be true says nothing: a token that had expired before it came would be
 * fetched again and again.
 */
function readLifetime(value: unknown): number | undefined {
  const seconds = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < SHORTEST_LIFE) return undefined;
  return Math.min(seconds * 1_000, LONGEST_LIFE_MS);
}

function unusable(url: URL, fault: string): BridgeError {
  return new BridgeError("bad_token_answer", `the token that ${url.host} gave ${fault}`, {
    hint: "ask whoever runs the authorization server",
  });
}

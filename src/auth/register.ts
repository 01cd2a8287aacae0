import { BridgeError } from "../platform/errors.ts";
import { safeAddress } from "./addresses.ts";
import { ask, type AuthTools, type Reply } from "./ask.ts";
import { usesDocument } from "./client_document.ts";
import { type Client, registeredMethod, staticClient } from "./client.ts";
import type { Discovery } from "./discover.ts";
import type { Records } from "./records.ts";
import { refusalOf } from "./refusal.ts";
import type { ServerMetadata } from "./server_metadata.ts";
import type { JsonObject, SignInSettings } from "./settings.ts";

/** Longer names are no names. */
const LONGEST_ID = 4_096;

/** The end of the calendar (ECMAScript, 21.4.1.1), in seconds: what is said to end later never does. */
const LAST_DAY = 8_640_000_000_000;

/**
 * Makes us known to an authorization server, by the best way that there is: the client that a person gave, a document
 * at an address of ours (CIMD), registration (RFC 7591). `redirectUri` is where the browser is to come back to, unless
 * the client that comes of it has others.
 *
 * @throws {BridgeError} `registration_refused`, `unsafe_address`, and as `ask`
 */
export async function register(
  discovery: Discovery,
  settings: SignInSettings,
  redirectUri: string,
  tools: AuthTools,
): Promise<Client> {
  const { metadata } = discovery;
  const { clientInfo, clientMetadataUrl } = settings;
  if (clientInfo !== undefined) return staticClient({ ...methodSaid(settings), ...clientInfo }, metadata);
  if (usesDocument(settings, metadata)) {
    return { issuer: metadata.issuer, clientId: clientMetadataUrl!.href, authMethod: "none", kind: "document" };
  }
  if (metadata.registrationEndpoint === undefined) throw unregistered(metadata.issuer, redirectUri);
  const from = new URL(discovery.server);
  const url = await safeAddress(metadata.registrationEndpoint, "registration_endpoint", from, tools);
  let wanted = clientMetadata(metadata, settings, redirectUri);
  let reply = await ask({ url, body: wanted }, tools);
  if (reply.status === 400) {
    wanted = adjusted(wanted, settings, reply);
    reply = await ask({ url, body: wanted }, tools);
  }
  if (reply.status !== 200 && reply.status !== 201) {
    throw refusalOf(reply, url, "registration", byHand(redirectUri));
  }
  return readClient(reply, wanted, metadata, url);
}

/** How a client shows who it is, by a person's word: where nothing is discovered, nobody else says it. */
function methodSaid({ tokenEndpoint, clientMetadata }: SignInSettings): JsonObject {
  const method = clientMetadata?.["token_endpoint_auth_method"];
  return tokenEndpoint === undefined || method === undefined ? {} : { "token_endpoint_auth_method": method };
}

/** Whether the secret of a client has ended (RFC 7591, 3.2.1) at `now`, in ms: nobody knows it by that any more. */
export function hasEnded({ secretExpiresAt }: Client, now: number): boolean {
  return secretExpiresAt !== undefined && secretExpiresAt <= now;
}

/**
 * The client that was registered for `redirectUri` earlier, or else a new one, which is kept.
 *
 * @throws {BridgeError} as `register`
 */
export async function clientFor(
  records: Records,
  discovery: Discovery,
  settings: SignInSettings,
  redirectUri: string,
  tools: AuthTools,
): Promise<Client> {
  const known = settings.clientInfo === undefined ? await records.client(discovery, redirectUri) : undefined;
  if (known !== undefined && !hasEnded(known, tools.clock.now())) return known;
  const client = await register(discovery, settings, redirectUri, tools);
  if (client.kind === "dynamic") await records.saveClient(discovery, redirectUri, client);
  return client;
}

// No `scope`: a server may hold us to it, and refuse every later wish for more.
function clientMetadata(metadata: ServerMetadata, settings: SignInSettings, redirectUri: string): JsonObject {
  const methods = metadata.tokenAuthMethods ?? ["none"];
  const method = ["none", "client_secret_basic", "client_secret_post"].find((method) => methods.includes(method));
  const byDevice = settings.grant === "device_code";
  return {
    "client_name": "mcp-bridge",
    "application_type": "native",
    "redirect_uris": [redirectUri],
    "grant_types": [byDevice ? "urn:ietf:params:oauth:grant-type:device_code" : "authorization_code", "refresh_token"],
    "response_types": byDevice ? [] : ["code"],
    "token_endpoint_auth_method": method ?? "none",
    ...settings.clientMetadata,
  };
}

/** What a server that refused may take: this machine by its name where addresses are not welcome, or what is needed. */
function adjusted(wanted: JsonObject, { clientMetadata }: SignInSettings, { json }: Reply): JsonObject {
  const { client_name: name, redirect_uris: uris } = wanted;
  if ((json as { error?: unknown } | null | undefined)?.error === "invalid_redirect_uri" && Array.isArray(uris)) {
    return { ...wanted, "redirect_uris": uris.map((uri) => String(uri).replace("//127.0.0.1:", "//localhost:")) };
  }
  return { "client_name": name, "redirect_uris": uris, ...clientMetadata };
}

function readClient({ json }: Reply, wanted: JsonObject, metadata: ServerMetadata, url: URL): Client {
  const said = (json ?? {}) as Record<string, unknown>;
  const { client_id: clientId, client_secret: secret, client_secret_expires_at: expiry } = said;
  const { redirect_uris: uris } = wanted;
  const isFine = typeof clientId === "string" && clientId !== "" && clientId.length <= LONGEST_ID &&
    (secret === undefined || secret === null || (typeof secret === "string" && secret.length <= LONGEST_ID));
  if (!isFine) {
    throw new BridgeError("registration_refused", `${url.host} registered us without a usable client_id`, {
      hint: 'register a client there by hand, and give it with "--static-oauth-client-info @FILE"',
    });
  }
  const clientSecret = typeof secret === "string" && secret !== "" ? secret : undefined;
  const expires = clientSecret !== undefined && typeof expiry === "number" && expiry > 0 && expiry <= LAST_DAY;
  return {
    issuer: metadata.issuer,
    clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    authMethod: registeredMethod(said["token_endpoint_auth_method"], clientId, clientSecret, metadata),
    kind: "dynamic",
    ...(expires ? { secretExpiresAt: expiry * 1_000 } : {}),
    ...(Array.isArray(uris) ? { redirectUris: uris.filter((uri) => typeof uri === "string") } : {}),
  };
}

function unregistered(issuer: string, redirectUri: string): BridgeError {
  return new BridgeError("registration_refused", `${new URL(issuer).host} registers no clients by itself`, {
    hint: byHand(redirectUri),
  });
}

function byHand(redirectUri: string): string {
  return `register a client there by hand, with the redirect URI ${redirectUri}, and give it with ` +
    '"--static-oauth-client-info @FILE"';
}

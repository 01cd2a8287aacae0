import { BridgeError, quoted } from "../platform/errors.ts";
import { safeAddress } from "./addresses.ts";
import { ask, type AuthTools } from "./ask.ts";
import type { AuthChallenge } from "./challenge.ts";
import { isSameIssuer, quirksOf } from "./quirks.ts";
import { canonicalResource } from "./resource.ts";
import { readResourceMetadata, type ResourceMetadata } from "./resource_metadata.ts";
import { readServerMetadata, type ServerMetadata } from "./server_metadata.ts";

/** Who signs people in for a server, and how; plain JSON. */
export interface Discovery {
  /** The MCP server's address. */
  readonly server: string;
  /**
   * What tokens are for (RFC 8707): verbatim as published, otherwise the server's canonical address; nothing where the
   * authorization server was not found by way of it.
   */
  readonly resource: string | undefined;
  /** By which registrations and tokens are kept: verbatim as the authorization server has it. */
  readonly issuer: string;
  /** All that the server names, in its order; the issuer is one of them, or departs from it by a slash at the end. */
  readonly authorizationServers: readonly string[];
  /** The scopes that the server knows. */
  readonly scopesSupported: readonly string[] | undefined;
  readonly metadata: ServerMetadata;
  /** Whether it protects a sign-in by PKCE with S256: by its own word, by ours, or not as far as anybody knows. */
  readonly pkce: "said" | "assumed" | "none";
  /** Whether nothing is published, and the paths of MCP 2025-03-26 are taken for granted. */
  readonly isFallback: boolean;
  /** Whether its addresses may lead into private networks, see `AddressRules`. */
  readonly anyNetwork?: boolean;
  /** Every address that was asked, with its HTTP status or the code of the failure, in order. */
  readonly steps: readonly Step[];
}

/** One address that was asked for metadata. */
export interface Step {
  readonly url: string;
  readonly status: number | string;
}

/** Is told how the search goes while it goes on, so that what was asked is known where nothing comes of it, too. */
export interface DiscoveryWatch {
  /** An address was asked. */
  onasked?(step: Step): void;
  /** Who signs people in, by the server's own word, or by nobody's: then it is taken to do so itself. */
  onnamed?(servers: readonly string[], isPublished: boolean): void;
}

/** What a search needs of the world. */
export interface DiscoveryTools extends AuthTools {
  readonly preferredIssuer?: string;
  readonly watch?: DiscoveryWatch;
}

/** A server may name more; nobody looks at them. */
const MOST_SERVERS = 5;

/**
 * Finds out who signs people in for an MCP server: its own metadata (RFC 9728), by the challenge or at the well-known
 * places, and then the authorization server's (RFC 8414, OpenID Connect Discovery). `preferredIssuer` is taken where the
 * server still names it; otherwise the first that publishes metadata.
 *
 * A place that answers with an error of its own is no proof that nothing is published, so it never leads to less secure
 * ways.
 *
 * @throws {BridgeError} `bad_metadata`, `unsafe_address`, and as `ask`
 */
export async function discover(
  server: URL,
  challenge: AuthChallenge | undefined,
  tools: DiscoveryTools,
): Promise<Discovery> {
  const steps: Step[] = [];
  const published = await findResource(server, challenge, tools, steps);
  const named = published?.authorizationServers.slice(0, MOST_SERVERS) ?? [];
  const authorizationServers = named.length > 0 ? named : [`${server.origin}/`];
  tools.watch?.onnamed?.(authorizationServers, published !== undefined);
  const found = await findServer(server, authorizationServers, named.length > 0, tools, steps);
  const metadata = found ?? assumedMetadata(server);
  const said = metadata.codeChallengeMethods?.includes("S256") === true;
  const isAssumed = found === undefined ||
    (metadata.codeChallengeMethods === undefined && quirksOf(metadata.issuer).silentPkce === true);
  return {
    server: server.href,
    resource: published?.resource ?? canonicalResource(server),
    issuer: metadata.issuer,
    authorizationServers,
    scopesSupported: published?.scopesSupported,
    metadata,
    pkce: said ? "said" : isAssumed ? "assumed" : "none",
    isFallback: found === undefined,
    ...(tools.anyNetwork === true ? { anyNetwork: true } : {}),
    steps,
  };
}

/**
 * The metadata of an authorization server that a person named.
 *
 * @throws {BridgeError} as `discover`
 */
export async function discoverIssuer(issuer: string, tools: AuthTools): Promise<ServerMetadata> {
  const found = await findServer(new URL(issuer), [issuer], true, tools, []);
  return found ?? Promise.reject(unpublished(new URL(issuer)));
}

async function findResource(
  server: URL,
  challenge: AuthChallenge | undefined,
  tools: DiscoveryTools,
  steps: Step[],
): Promise<ResourceMetadata | undefined> {
  const named = challenge?.resourceMetadata;
  const places = [
    ...(named === undefined ? [] : [await safeAddress(named, "resource_metadata", server, tools)]),
    ...resourcePlaces(server),
  ];
  const asked = new Set<string>();
  let trouble: BridgeError | undefined;
  for (const url of places) {
    if (asked.has(url.href)) continue;
    asked.add(url.href);
    const answer = await look(url, tools, steps);
    if (answer.kind === "trouble") trouble ??= answer.error;
    if (answer.kind !== "found") continue;
    const metadata = await readResourceMetadata(answer.json, server);
    if (metadata !== undefined) return metadata;
  }
  if (trouble !== undefined) throw trouble;
  return undefined;
}

/** Nothing where no metadata are published, which `mustBe` forbids. */
async function findServer(
  server: URL,
  issuers: readonly string[],
  mustBe: boolean,
  tools: DiscoveryTools,
  steps: Step[],
): Promise<ServerMetadata | undefined> {
  const { preferredIssuer } = tools;
  const inOrder = issuers.toSorted((one, other) =>
    Number(isPreferred(other, preferredIssuer)) - Number(isPreferred(one, preferredIssuer))
  );
  let trouble: BridgeError | undefined;
  for (const issuer of inOrder) {
    const base = await safeAddress(issuer, "authorization server", server, tools);
    for (const url of serverPlaces(base)) {
      const answer = await look(url, tools, steps);
      if (answer.kind === "trouble") trouble ??= answer.error;
      if (answer.kind !== "found") continue;
      const said = (answer.json as { issuer?: unknown }).issuer;
      if (typeof said === "string" && isSameIssuer(issuer, said)) {
        return readServerMetadata(answer.json, server, tools);
      }
      trouble ??= foreignMetadata(url, issuer, said);
    }
    trouble ??= mustBe ? unpublished(base) : undefined;
  }
  if (trouble !== undefined) throw trouble;
  return undefined;
}

function isPreferred(issuer: string, preferred: string | undefined): boolean {
  return preferred !== undefined && isSameIssuer(issuer, preferred);
}

type Look =
  | { readonly kind: "found"; readonly json: object }
  | { readonly kind: "absent" }
  | { readonly kind: "trouble"; readonly error: BridgeError };

/** Throws where nobody can be reached at all. */
async function look(url: URL, tools: DiscoveryTools, steps: Step[]): Promise<Look> {
  function note(status: number | string): void {
    const step = { url: url.href, status };
    steps.push(step);
    tools.watch?.onasked?.(step);
  }
  try {
    const { status, json } = await ask({ url }, tools);
    note(status);
    if (status >= 500 || status === 429) {
      const error = new BridgeError("bad_metadata", `${url.host} answered ${status} when asked for metadata`, {
        hint: "try again later",
      });
      return { kind: "trouble", error };
    }
    if (status !== 200 || typeof json !== "object" || json === null || Array.isArray(json)) return { kind: "absent" };
    return { kind: "found", json };
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown;
    note(thrown.code);
    // A redirect to another origin, most often to a page for people.
    if (thrown.code === "bad_answer") return { kind: "absent" };
    if (thrown.code === "too_large") return { kind: "trouble", error: thrown };
    throw thrown;
  }
}

/** RFC 9728, 3.1: first for the path, then for the host. */
function resourcePlaces(server: URL): URL[] {
  const known = new URL("/.well-known/oauth-protected-resource", server);
  if (server.pathname === "/" && server.search === "") return [known];
  const path = server.pathname === "/" ? "" : server.pathname;
  return [new URL(`${known.pathname}${path}${server.search}`, server), known];
}

/** RFC 8414, 3.1 and 5: both kinds of metadata, and of the older one the older place. */
function serverPlaces(issuer: URL): URL[] {
  const path = issuer.pathname.replace(/\/$/, "");
  const places = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
    ...(path === "" ? [] : [`${path}/.well-known/openid-configuration`]),
  ];
  return places.map((place) => new URL(issuer.origin + place));
}

/** MCP 2025-03-26: the server is its own authorization server, at paths of custom. */
function assumedMetadata({ origin }: URL): ServerMetadata {
  return {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    takesDocuments: false,
    promisesIssuer: false,
  };
}

function foreignMetadata(url: URL, issuer: string, said: unknown): BridgeError {
  const fault = typeof said === "string" ? `are those of another issuer, ${quoted(said)}` : "name no issuer";
  return new BridgeError("bad_metadata", `the metadata at ${url.host} ${fault}, not of ${quoted(issuer)}`, {
    hint: "ask whoever runs the server to correct them",
  });
}

function unpublished(issuer: URL): BridgeError {
  return new BridgeError("bad_metadata", `the authorization server ${issuer.host} publishes no metadata`, {
    hint: "check the server's address, or ask whoever runs it",
  });
}

import { ChannelFailure } from "../../transport/channel.ts";
import { isObject, resultAnswer, resultOf } from "../answers.ts";
import { composeMessage, decodedString, type Message } from "../../transport/message.ts";
import type { RawMember } from "../../transport/json_edit.ts";

/** The revisions without a handshake that are spoken here. */
const MODERN_REVISIONS: readonly string[] = ["2026-07-28"];
/** Those with one, the oldest first. */
const LEGACY_REVISIONS: readonly string[] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/** Whether a revision of the protocol is one that was published before this program was. */
export function isKnownRevision(revision: string): boolean {
  return LEGACY_REVISIONS.includes(revision) || MODERN_REVISIONS.includes(revision);
}

const PREFIX = "io.modelcontextprotocol/";
const VERSION = `${PREFIX}protocolVersion`;
const UNSUPPORTED_VERSION = "-32022";
/** Where a request of revision 2026-07-28 says which level of the log its sender wants. */
export const LOG_LEVEL = `${PREFIX}logLevel`;
/** Where a notification says which `subscriptions/listen` it belongs to. */
export const SUBSCRIPTION_ID = `${PREFIX}subscriptionId`;

/** What a server of the era without a handshake offers. */
export interface Offer {
  /** The revision to speak with it. */
  readonly revision: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly serverInfo: unknown;
  readonly instructions: string | undefined;
}

/**
 * What each request says of its sender in the era without a handshake (2026-07-28 basic, "_meta"), by the client's own
 * `initialize`: as raw text, as the client wrote it.
 */
export function senderMeta(initialize: Message, revision: string): RawMember[] {
  const info = initialize.param("clientInfo");
  return [
    [VERSION, JSON.stringify(revision)],
    ...(info === undefined ? [] : [[`${PREFIX}clientInfo`, info] as const]),
    [`${PREFIX}clientCapabilities`, initialize.param("capabilities") ?? "{}"],
  ];
}

/** What a request of that era says of its sender, without what it says of itself. */
export function senderOf(request: Message): Record<string, unknown> {
  const { progressToken: _, ...meta } = JSON.parse(request.param("_meta") ?? "{}") as Record<string, unknown>;
  return meta;
}

/** Asks a server what it is; `id` in raw form. */
export function discoverRequest(id: string, meta: readonly RawMember[]): Message {
  return composeMessage({ method: "server/discover" }).withId(id).withParams([], meta);
}

/** The newest revision of the era without a handshake, to begin with. */
export function firstRevision(): string {
  return MODERN_REVISIONS.at(-1)!;
}

/** What a request says of its sender, in another revision. */
function inRevision(meta: readonly RawMember[], revision: string): RawMember[] {
  return meta.map(([name, value]) => [name, name === VERSION ? JSON.stringify(revision) : value]);
}

/**
 * The newest revision spoken here of those that a server names instead of the one it was asked in (2026-07-28
 * basic/versioning, "UnsupportedProtocolVersionError"); nothing where it does no such thing.
 */
function revisionInstead(answer: Message | undefined): string | undefined {
  if (answer?.answerMember("error", "code") !== UNSUPPORTED_VERSION) return undefined;
  const data: unknown = JSON.parse(answer.answerMember("error", "data") ?? "null");
  const supported = isObject(data) ? data["supported"] : undefined;
  return Array.isArray(supported) ? MODERN_REVISIONS.findLast((known) => supported.includes(known)) : undefined;
}

/** Reads an answer to `server/discover`: nothing where it is none, or names no revision that is spoken here. */
export function readOffer(answer: Message | undefined): Offer | undefined {
  if (answer === undefined || answer.isError) return undefined;
  const result = resultOf(answer);
  if (!isObject(result)) return undefined;
  const { supportedVersions, capabilities, instructions, _meta: meta } = result;
  if (!Array.isArray(supportedVersions) || !isObject(capabilities)) return undefined;
  const revision = MODERN_REVISIONS.findLast((known) => supportedVersions.includes(known));
  if (revision === undefined) return undefined;
  return {
    revision,
    capabilities,
    serverInfo: isObject(meta) ? meta[`${PREFIX}serverInfo`] : undefined,
    instructions: typeof instructions === "string" ? instructions : undefined,
  };
}

/** Finds out by `discover` what a server without a handshake offers; nothing where it is none. */
export async function askOffer(
  meta: readonly RawMember[],
  discover: (meta: readonly RawMember[]) => Promise<Message | undefined>,
): Promise<Offer | undefined> {
  try {
    const answer = await discover(meta);
    const instead = revisionInstead(answer);
    return readOffer(instead === undefined ? answer : await discover(inRevision(meta, instead)));
  } catch (thrown) {
    if (thrown instanceof ChannelFailure && thrown.kind === "refused") return undefined;
    throw thrown;
  }
}

/** What a server said of itself. */
export interface Discovered {
  /** When, in ms. */
  readonly at: number;
  /** As raw text. */
  readonly result: string;
}

/** Reads what was kept of an answer to `server/discover`: nothing where it is none. */
export function readDiscovered(kept: unknown): Discovered | undefined {
  if (!isObject(kept)) return undefined;
  const { at, result } = kept;
  if (typeof at !== "number" || typeof result !== "string") return undefined;
  try {
    return isObject(JSON.parse(result)) ? { at, result } : undefined;
  } catch {
    return undefined;
  }
}

/** JSON-RPC errors by which a server of the era without a handshake may meet an `initialize`; a look at it decides. */
const MODERN_WORDS = new Set(["-32020", "-32021", UNSUPPORTED_VERSION, "-32601", "-32602"]);

/** Whether an error may be the word of a server that knows no handshake. */
export function mayBeModern(refusal: Message): boolean {
  return MODERN_WORDS.has(refusal.answerMember("error", "code") ?? "");
}

/** JSON-RPC errors that SDKs of the handshake's era give to what belongs to no session; a look at it decides. */
const LEGACY_WORDS = new Set(["-32000", "-32001", "-32600"]);

/** Whether an error may be the word of a server that wants a handshake first. */
export function mayBeLegacy(refusal: Message): boolean {
  return refusal.isError && LEGACY_WORDS.has(refusal.answerMember("error", "code") ?? "");
}

/** How a server refuses what it does not know the shape of, where it has no JSON-RPC error for that. */
const FOREIGN_STATUSES: ReadonlySet<number | undefined> = new Set([400, 404, 405]);

/** Whether a request may have been of the wrong era for the server; a look at it decides. */
export function isForeign(thrown: unknown): thrown is ChannelFailure {
  return thrown instanceof ChannelFailure && thrown.kind === "refused" && FOREIGN_STATUSES.has(thrown.status);
}

/** The answer to a client's `initialize` by a server that knows none; `server` is its name to a person. */
export function initializeResult(initialize: Message, offer: Offer, server: string): Message {
  const { extensions: _extensions, tasks: _tasks, ...capabilities } = offer.capabilities;
  const text = JSON.stringify({
    protocolVersion: agreedRevision(initialize),
    capabilities,
    serverInfo: isObject(offer.serverInfo) ? offer.serverInfo : { name: server, version: "unknown" },
    ...(offer.instructions === undefined ? {} : { instructions: offer.instructions }),
  });
  return resultAnswer(initialize.id!, text);
}

/** The revision that is spoken with a client: its own, where that is one with a handshake. */
export function agreedRevision(initialize: Message): string {
  const wanted = decodedString(initialize.param("protocolVersion"));
  return wanted !== undefined && LEGACY_REVISIONS.includes(wanted) ? wanted : LEGACY_REVISIONS.at(-1)!;
}

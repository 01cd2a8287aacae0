import type { Message } from "./message.ts";

/** The first revision without a handshake; revisions compare as text. */
const FIRST_MODERN_REVISION = "2026-07-28";

/** Which member of `params` the `Mcp-Name` header repeats, by method (2026-07-28 transports, "Request headers"). */
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
  "tasks/get": "taskId",
  "tasks/update": "taskId",
  "tasks/cancel": "taskId",
};

/**
 * The revision that a message claims for itself in `params._meta`, as every request does from 2026-07-28 on; nothing
 * on a message of the handshake's era.
 */
export function claimedRevision(message: Message): string | undefined {
  const revision = message.stringParam("_meta", "io.modelcontextprotocol/protocolVersion");
  if (revision !== undefined) return isModern(revision) ? revision : undefined;
  // No era but that one has the method; what is missing in the body is for the server to say.
  return message.method === "server/discover" ? FIRST_MODERN_REVISION : undefined;
}

/** Whether a message says which revision it is of, whatever that is, as messages of the handshake's era never do. */
export function claimsRevision(message: Message): boolean {
  return message.param("_meta", "io.modelcontextprotocol/protocolVersion") !== undefined;
}

/** Whether a revision is one without a handshake. */
export function isModern(revision: string): boolean {
  return revision >= FIRST_MODERN_REVISION;
}

/** What every message that is posted has. */
export const POST_HEADERS = { "content-type": "application/json", "accept": "application/json, text/event-stream" };

/** So many sets of headers are kept ready. */
const MOST_KEPT = 64;

/** The headers of messages that are posted outside of a session. */
export class PostHeaders {
  readonly #own: Readonly<Record<string, string>>;
  /** By what they are made of: most calls are like the one before, and to make headers costs more than to find them. */
  readonly #kept = new Map<string, Headers>();
  /** The revision of the last request that had one; a notification says none. */
  #modernRevision: string | undefined;

  /** `own` are those of the person who runs us. */
  constructor(own: Readonly<Record<string, string>>) {
    this.#own = own;
  }

  /** The headers of one message, and `more` of its own. */
  of(message: Message, more?: Readonly<Record<string, string>>): Headers {
    const revision = message.kind === "request" ? claimedRevision(message) : this.#modernRevision;
    // A server that knows no handshake reads the method before the body; others pass it over.
    if (revision === undefined) {
      return this.#make(message.method === "initialize" ? { "mcp-method": "initialize" } : {});
    }
    this.#modernRevision = revision;
    const standard = standardHeaders(message, revision);
    if (more !== undefined && Object.keys(more).length > 0) return this.#make({ ...standard, ...more });
    const key = Object.values(standard).join("\n");
    let headers = this.#kept.get(key);
    if (headers === undefined) {
      if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
      headers = this.#make(standard);
      this.#kept.set(key, headers);
    }
    return headers;
  }

  #make(more: Record<string, string>): Headers {
    const headers = new Headers({ ...this.#own, ...POST_HEADERS });
    for (const [name, value] of Object.entries(more)) headers.set(name, value);
    return headers;
  }
}

/** The headers that revision 2026-07-28 wants beside a message's body, derived from that body. */
export function standardHeaders(message: Message, revision: string): Record<string, string> {
  const headers: Record<string, string> = { "mcp-protocol-version": encodeHeaderValue(revision) };
  if (message.method === undefined) return headers;
  headers["mcp-method"] = encodeHeaderValue(message.method);
  const member = NAMED_BY[message.method];
  const name = member === undefined ? undefined : message.stringParam(member);
  if (name !== undefined) headers["mcp-name"] = encodeHeaderValue(name);
  return headers;
}

/**
 * A header value as it stands, where it is plain visible ASCII, else in Base64 between the marks of revision
 * 2026-07-28 (transports, "Value encoding").
 */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x20-\x7e]*$/.test(value) && value === value.trim() && !/^=\?base64\?.*\?=$/.test(value);
  return plain ? value : `=?base64?${Buffer.from(value, "utf8").toString("base64")}?=`;
}

/** The revision that a result of `initialize` settles on; nothing where it names none. */
export function negotiatedRevision(result: Message): string | undefined {
  const raw = result.answerMember("result", "protocolVersion");
  return raw?.startsWith('"') ? JSON.parse(raw) : undefined;
}

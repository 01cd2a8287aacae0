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

/** Whether a revision is one without a handshake. */
export function isModern(revision: string): boolean {
  return revision >= FIRST_MODERN_REVISION;
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

/** An RFC 9110 field name. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Headers that belong to HTTP or to the protocol; a person cannot set them without breaking it. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "host",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "transfer-encoding",
]);

/** Headers that every request has anyway: said by many, with the same meaning. */
const SAID_ANYWAY = new Set(["accept", "content-type"]);

/** Names of headers that hold a credential. */
const CREDENTIAL = /auth|cookie|key|password|secret|session|token/i;

/** What becomes of a header of this name that a person sets; `said_anyway` is to be left out in silence. */
export function kindOfHeader(name: string): "free" | "no_name" | "reserved" | "said_anyway" {
  if (!TOKEN.test(name)) return "no_name";
  if (SAID_ANYWAY.has(name.toLowerCase())) return "said_anyway";
  return RESERVED.has(name.toLowerCase()) ? "reserved" : "free";
}

/** Whether HTTP allows the value: no line breaks, no letters beyond Latin-1. */
export function isHeaderValue(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}

/** Whether a header of this name is likely to hold a credential. */
export function holdsCredential(name: string): boolean {
  return CREDENTIAL.test(name);
}

/**
 * What a terminal would obey, or a person would not see, in a text that others wrote: control characters, directions
 * of writing, line separators, tags.
 */
const UNSAFE = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** A text of a server for a terminal: its lines and tabs stay, what a terminal would obey is written out. */
export function safeText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(UNSAFE, writtenOut);
}

/** The same on one line, with single blanks; `limit` is in characters, beyond which the text is cut. */
export function safeLine(text: string, limit = Infinity): string {
  const line = safeText(text.trim().replace(/\s+/g, " "));
  return line.length > limit ? `${line.slice(0, limit - 3).replace(/[\ud800-\udbff]$/, "")}...` : line;
}

/** JSON for a terminal: still the same JSON. */
export function safeJson(raw: string): string {
  // Outside of strings JSON holds nothing of the kind but line breaks.
  return raw.replace(UNSAFE, (sign) => sign === "\r" ? sign : jsonEscape(sign));
}

function writtenOut(sign: string): string {
  return `\\u{${sign.codePointAt(0)!.toString(16)}}`;
}

function jsonEscape(sign: string): string {
  return Array.from({ length: sign.length }, (_, at) => `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
}

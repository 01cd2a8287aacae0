/**
 * Reads JSON text (RFC 8259) where it lies, as bytes, without building values: what is forwarded is never parsed and
 * printed again, since that rounds large integers and drops duplicate members.
 *
 * Positions are offsets in bytes. A scan answers -1 where the text is no JSON.
 */
import {
  BACKSLASH,
  BLANK,
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LINE_FEED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./json_signs.ts";
import { skipBlank, skipString, skipValue, textIs } from "./json_skip.ts";

/** The longest text of which there may be a second one for a moment, in bytes. */
const COPIED_AT_MOST = 262_144;

const decoder = new TextDecoder();

/** Where a value stands in the text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Walks the members of the object that begins at `at`, and answers the offset behind it. `visit` receives where a
 * member's key stands, between its quotes, and where its value does. A key that stands twice is visited twice.
 */
export function eachMember(
  bytes: Uint8Array,
  at: number,
  visit: (keyStart: number, keyEnd: number, start: number, end: number) => void,
): number {
  if (bytes[at] !== OPEN_BRACE) return -1;
  at = skipBlank(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const keyStart = at + 1;
    if (bytes[at] !== QUOTE) return -1;
    at = skipString(bytes, at);
    if (at < 0) return -1;
    const keyEnd = at - 1;
    at = skipBlank(bytes, at);
    if (bytes[at] !== COLON) return -1;
    const start = skipBlank(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (end < 0) return -1;
    visit(keyStart, keyEnd, start, end);
    at = skipBlank(bytes, end);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipBlank(bytes, at + 1);
  }
}

/** Whether a key, given by the bytes between its quotes, means `name`; keys may be written with escapes. */
export function keyIs(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  if (textIs(bytes, start, end, name)) return true;
  if (end - start <= name.length) return false;
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) return JSON.parse(`"${textOf(bytes, { start, end })}"`) === name;
  }
  return false;
}

/** The value of the member `name` of the object at `at`, the last one where it stands twice, as JSON.parse has it. */
export function findMember(bytes: Uint8Array, at: number, name: string): Span | undefined {
  let found: Span | undefined;
  eachMember(bytes, at, (keyStart, keyEnd, start, end) => {
    if (keyIs(bytes, keyStart, keyEnd, name)) found = { start, end };
  });
  return found;
}

/** An element may have one byte and costs a hundred when it is looked at: an array of more is not taken apart. */
const MOST_ELEMENTS = 100_000;

/**
 * The spans of the elements of the array that begins at `at`, or nothing where the text is no JSON array, or one of more
 * than 100,000 elements.
 */
export function elementsOf(bytes: Uint8Array, at: number): { elements: Span[]; end: number } | undefined {
  if (bytes[at] !== OPEN_BRACKET) return undefined;
  const elements: Span[] = [];
  at = skipBlank(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACKET) return { elements, end: at + 1 };
  for (;;) {
    const end = skipValue(bytes, at);
    if (end < 0 || elements.length === MOST_ELEMENTS) return undefined;
    elements.push({ start: at, end });
    at = skipBlank(bytes, end);
    if (bytes[at] === CLOSE_BRACKET) return { elements, end: at + 1 };
    if (bytes[at] !== COMMA) return undefined;
    at = skipBlank(bytes, at + 1);
  }
}

/** The text of a span, as it was written. */
export function textOf(bytes: Uint8Array, span: Span): string {
  return decoder.decode(bytes.subarray(span.start, span.end));
}

/**
 * The same JSON text on one line: raw line breaks stand between tokens only, where they mean nothing. A text that is no
 * JSON comes back as it is, since without them it might become some. In a large text blanks take their places where
 * they are, since memory has no room for two.
 */
export function onOneLine(bytes: Uint8Array): Uint8Array {
  if (bytes.indexOf(LINE_FEED) < 0 && bytes.indexOf(CARRIAGE_RETURN) < 0) return bytes;
  const end = skipValue(bytes, skipBlank(bytes, 0));
  if (end < 0 || skipBlank(bytes, end) < bytes.length) return bytes;
  if (bytes.length <= COPIED_AT_MOST) return bytes.filter((byte) => byte !== LINE_FEED && byte !== CARRIAGE_RETURN);
  for (const end of [LINE_FEED, CARRIAGE_RETURN]) {
    for (let at = bytes.indexOf(end); at >= 0; at = bytes.indexOf(end, at + 1)) bytes[at] = BLANK;
  }
  return bytes;
}

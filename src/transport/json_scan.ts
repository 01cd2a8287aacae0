/**
 * Reads JSON text (RFC 8259) where it lies, as bytes, without building values: what is forwarded is never parsed and
 * printed again, since that rounds large integers and drops duplicate members.
 *
 * Positions are offsets in bytes. A scan answers -1 where the text is no JSON.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;

/** The longest text of which there may be a second one for a moment, in bytes. */
const COPIED_AT_MOST = 262_144;

const decoder = new TextDecoder();

/** The first offset at or after `at` that holds no insignificant white space. */
export function skipBlank(bytes: Uint8Array, at: number): number {
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== 0x09) return at;
    at++;
  }
  return at;
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined &&
    ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66));
}

function skipEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    case 0x75: // u
      for (let digit = 1; digit <= 4; digit++) if (!isHex(bytes[at + digit])) return -1;
      return at + 5;
    default:
      return -1;
  }
}

/** The offset behind the string whose opening quote stands at `at`. */
function skipString(bytes: Uint8Array, at: number): number {
  const length = bytes.length;
  at++;
  while (at < length) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) {
      at = skipEscape(bytes, at + 1);
      if (at < 0) return -1;
    } else if (byte < 0x20) return -1;
    else at++;
  }
  return -1;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  const first = at;
  while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at > first ? at : -1;
}

function skipNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2d) at++;
  if (bytes[at] === 0x30) at++;
  else at = skipDigits(bytes, at);
  if (at >= 0 && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (at >= 0 && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    at++;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
    at = skipDigits(bytes, at);
  }
  return at;
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  return textIs(bytes, at, at + word.length, word) ? at + word.length : -1;
}

function skipScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case QUOTE:
      return skipString(bytes, at);
    case 0x74:
      return skipWord(bytes, at, "true");
    case 0x66:
      return skipWord(bytes, at, "false");
    case 0x6e:
      return skipWord(bytes, at, "null");
    default:
      return skipNumber(bytes, at);
  }
}

function skipKey(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  at = skipString(bytes, at);
  if (at < 0) return -1;
  at = skipBlank(bytes, at);
  return bytes[at] === COLON ? skipBlank(bytes, at + 1) : -1;
}

/** Which levels of the value being read are objects, a bit for each. A text that is deeper has room of its own. */
const usualLevels = new Uint8Array(1_024);

function isObject(levels: Uint8Array, level: number): boolean {
  return (levels[level >> 3]! >> (level & 7) & 1) === 1;
}

/** The offset behind the value that begins at `at`, however deeply it is nested. */
export function skipValue(bytes: Uint8Array, at: number): number {
  let levels: Uint8Array = usualLevels;
  let depth = 0;
  for (;;) {
    const opener = bytes[at];
    if (opener === OPEN_BRACE || opener === OPEN_BRACKET) {
      const closer = opener + 2;
      at = skipBlank(bytes, at + 1);
      if (bytes[at] === closer) at++;
      else {
        if (depth === 8 * levels.length) {
          // It may be nothing but brackets.
          const all = new Uint8Array(bytes.length / 8 + 1);
          all.set(levels);
          levels = all;
        }
        if (closer === CLOSE_BRACE) levels[depth >> 3]! |= 1 << (depth & 7);
        else levels[depth >> 3]! &= ~(1 << (depth & 7));
        depth++;
        if (closer === CLOSE_BRACE) at = skipKey(bytes, at);
        if (at < 0) return -1;
        continue;
      }
    } else {
      at = skipScalar(bytes, at);
      if (at < 0) return -1;
    }
    // A value has ended: close what it closes, or go on to the next one.
    for (;;) {
      if (depth === 0) return at;
      at = skipBlank(bytes, at);
      const byte = bytes[at];
      const closer = isObject(levels, depth - 1) ? CLOSE_BRACE : CLOSE_BRACKET;
      if (byte === closer) {
        at++;
        depth--;
      } else if (byte === COMMA) {
        at = skipBlank(bytes, at + 1);
        if (closer === CLOSE_BRACE) at = skipKey(bytes, at);
        if (at < 0) return -1;
        break;
      } else return -1;
    }
  }
}

/** Whether the bytes from `start` to `end` are exactly the ASCII text `text`. */
export function textIs(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length || end > bytes.length) return false;
  for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
  return true;
}

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

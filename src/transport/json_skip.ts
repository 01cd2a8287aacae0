/**
 * Finds where a value of JSON (RFC 8259) ends, in bytes, without building it. Positions are offsets in bytes; -1 stands
 * for a text that is no JSON.
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
  TAB,
} from "./json_signs.ts";

/** The first offset at or after `at` that holds no insignificant white space. */
export function skipBlank(bytes: Uint8Array, at: number): number {
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== BLANK && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return at;
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
export function skipString(bytes: Uint8Array, at: number): number {
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

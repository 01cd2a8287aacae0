import { textOf } from "./json_scan.ts";

/** A whole number of so many digits is exact. */
const LONGEST_SAFE = 15;

/**
 * The form of an id under which equal ids meet, whatever escapes or number format a peer prints them in. Integers
 * beyond 2^53 keep their text, since JSON.parse would fold neighbours into one.
 */
export function idKey(raw: string): string {
  if (raw.startsWith('"')) return raw.includes("\\") ? `"${JSON.parse(raw)}"` : raw;
  if (isPlainNumber(raw) || /^(?:0|-?[1-9]\d*)$/.test(raw) || raw === "null") return raw;
  const value = Number(raw);
  return Number.isSafeInteger(value) ? String(value) : raw;
}

/** Whether an id is a whole number as most are: looked at quicker than by a regular expression. */
function isPlainNumber(raw: string): boolean {
  if (raw.length > LONGEST_SAFE || (raw.length > 1 && raw.startsWith("0"))) return false;
  for (let at = 0; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code < 0x30 || code > 0x39) return false;
  }
  return raw.length > 0;
}

/** Whether a value that begins so may be an id: a string, a number or `null`. */
export function isId(first: number): boolean {
  return first === 0x22 || first === 0x2d || first === 0x6e || (first >= 0x30 && first <= 0x39);
}

/** The text of an id that was found. Most are small numbers, which are read quicker than decoded. */
export function idText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > LONGEST_SAFE || (bytes[start] === 0x30 && end - start > 1)) return textOf(bytes, { start, end });
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return textOf(bytes, { start, end });
    value = value * 10 + digit;
  }
  return String(value);
}

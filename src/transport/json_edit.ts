import { eachMember, keyIs, type Span } from "./json_scan.ts";
import { skipBlank } from "./json_skip.ts";

/** What takes the place of a span of a text; an empty span is a place to put something in. */
export interface Edit extends Span {
  readonly text: Uint8Array;
}

const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const NOTHING = new Uint8Array();
const encoder = new TextEncoder();

/** The text with the edits made, which do not overlap; every other byte stays. */
export function edited(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const change = edits.reduce((sum, { start, end, text }) => sum + text.length - (end - start), 0);
  const all = new Uint8Array(bytes.length + change);
  let from = 0;
  let at = 0;
  const add = (part: Uint8Array): void => {
    all.set(part, at);
    at += part.length;
  };
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    add(bytes.subarray(from, start));
    add(text);
    from = end;
  }
  add(bytes.subarray(from));
  return all;
}

/** As `edited`, in the text itself, blanks behind each value; only where every one has room in the place of another. */
export function editedInPlace(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array | undefined {
  if (edits.some(({ start, end, text }) => text.length === 0 || text.length > end - start)) return undefined;
  for (const { start, end, text } of edits) {
    bytes.fill(SPACE, start, end);
    bytes.set(text, start);
  }
  return bytes;
}

/** A member and its value, as raw text. */
export type RawMember = readonly [name: string, raw: string];

/** Gives members of the object at `at` values, given as raw text: wherever they stand, or else in front. */
export function settingMembers(bytes: Uint8Array, at: number, members: readonly RawMember[]): Edit[] {
  const edits: Edit[] = [];
  const missing = new Map(members);
  eachMember(bytes, at, (keyStart, keyEnd, start, end) => {
    for (const [name, raw] of members) {
      if (!keyIs(bytes, keyStart, keyEnd, name)) continue;
      missing.delete(name);
      edits.push({ start, end, text: encoder.encode(raw) });
    }
  });
  if (missing.size === 0) return edits;
  const comma = bytes[skipBlank(bytes, at + 1)] === CLOSE_BRACE ? "" : ",";
  const text = encoder.encode(`${membersText([...missing])}${comma}`);
  return [...edits, { start: at + 1, end: at + 1, text }];
}

/** Members as they stand in an object, without its braces. */
export function membersText(members: readonly RawMember[]): string {
  return members.map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(",");
}

/** Takes the member `name` out of the object at `at`, each time that it stands there. */
export function removingMember(bytes: Uint8Array, at: number, name: string): Edit[] {
  const members: Span[] = [];
  const named: boolean[] = [];
  eachMember(bytes, at, (keyStart, keyEnd, _start, end) => {
    members.push({ start: keyStart - 1, end });
    named.push(keyIs(bytes, keyStart, keyEnd, name));
  });
  return removingItems(members, named);
}

/** Takes items out of a list of members or elements, with the commas that go with them. */
export function removingItems(items: readonly Span[], gone: readonly boolean[]): Edit[] {
  const edits: Edit[] = [];
  for (let first = 0; first < items.length; first++) {
    if (!gone[first]) continue;
    let last = first;
    while (gone[last + 1]) last++;
    const behind = items[last + 1];
    edits.push({
      start: behind === undefined ? items[first - 1]?.end ?? items[first]!.start : items[first]!.start,
      end: behind?.start ?? items[last]!.end,
      text: NOTHING,
    });
    first = last;
  }
  return edits;
}

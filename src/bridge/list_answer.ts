import { type Edit, edited, removingItems, removingMember, settingMembers } from "../transport/json_edit.ts";
import { elementsOf, findMember, type Span, textOf } from "../transport/json_scan.ts";
import { skipBlank } from "../transport/json_skip.ts";
import { decodedString, type Message, readMessage } from "../transport/message.ts";

/** The lists that are handed out in pages (server/utilities/pagination): the member of the result, by the method. */
export const LIST_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["tools/list", "tools"],
  ["prompts/list", "prompts"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
]);

/** A page of a list, where it lies in the text of an answer. */
export interface ListPage {
  /** Where the result begins. */
  readonly result: number;
  /** Where the array begins. */
  readonly array: number;
  readonly elements: readonly Span[];
  /** What stands for the next page, as it was written; absent on the last one. */
  readonly nextCursor: string | undefined;
}

const COMMA = Uint8Array.of(0x2c);

/** Reads the page that an answer carries under `member` of its result, or nothing where it carries none. */
export function readPage(answer: Message, member: string): ListPage | undefined {
  const { bytes } = answer;
  const result = findMember(bytes, skipBlank(bytes, 0), "result");
  const array = result && findMember(bytes, result.start, member);
  const elements = array && elementsOf(bytes, array.start)?.elements;
  if (elements === undefined) return undefined;
  const cursor = findMember(bytes, result!.start, "nextCursor");
  const raw = cursor && textOf(bytes, cursor);
  // Some servers end a list with null or an empty string in place of nothing.
  const nextCursor = (decodedString(raw) ?? "") === "" ? undefined : raw;
  return { result: result!.start, array: array!.start, elements, nextCursor };
}

/** The same answer without some of the elements; the rest of the text is untouched. */
export function withoutElements(answer: Message, page: ListPage, gone: readonly boolean[]): Message {
  return gone.includes(true) ? readMessage(edited(answer.bytes, removingItems(page.elements, gone))) : answer;
}

/**
 * The same answer with further elements behind its own, as raw text, and with another `nextCursor`, as raw text, or
 * none; the rest of the text is untouched.
 */
export function withMoreElements(
  answer: Message,
  page: ListPage,
  more: readonly Uint8Array[],
  nextCursor: string | undefined,
): Message {
  const { bytes } = answer;
  const end = page.elements.at(-1)?.end;
  const added = more.flatMap((element, place) => place === 0 && end === undefined ? [element] : [COMMA, element]);
  const place = end ?? page.array + 1;
  const insertion: Edit = { start: place, end: place, text: Buffer.concat(added) };
  const cursor = nextCursor === undefined
    ? removingMember(bytes, page.result, "nextCursor")
    : settingMembers(bytes, page.result, [["nextCursor", nextCursor]]);
  return readMessage(edited(bytes, [insertion, ...cursor]));
}

import { elementsOf } from "./json_scan.ts";
import { skipBlank } from "./json_skip.ts";

const OPEN_BRACKET = 0x5b;

/**
 * Takes a text apart that may be a batch (revision 2025-03-26): the texts of its messages. A text that is no array
 * comes back alone, and so does an empty, an enormous or a broken one, for `readMessage` to judge.
 */
export function splitBatch(text: Uint8Array): Uint8Array[] {
  const open = skipBlank(text, 0);
  if (text[open] !== OPEN_BRACKET) return [text];
  const array = elementsOf(text, open);
  if (array === undefined || array.elements.length === 0 || skipBlank(text, array.end) < text.length) {
    return [text];
  }
  return array.elements.map((element) => text.subarray(element.start, element.end));
}

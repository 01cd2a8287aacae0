import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { edited, removingItems, removingMember, settingMembers } from "../../../src/transport/json_edit.ts";
import { elementsOf } from "../../../src/transport/json_scan.ts";
import { runs } from "../../harness/counts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function setting(text: string, name: string, raw: string): string {
  const bytes = encoder.encode(text);
  return decoder.decode(edited(bytes, settingMembers(bytes, 0, [[name, raw]])));
}

function removing(text: string, name: string): string {
  const bytes = encoder.encode(text);
  return decoder.decode(edited(bytes, removingMember(bytes, 0, name)));
}

describe("settingMembers", () => {
  test.each([
    ["{}", '{"a":1}'],
    ["{ }", '{"a":1 }'],
    ['{"b":2}', '{"a":1,"b":2}'],
    ['{ "a" : [2, {"a":3}] , "b":2}', '{ "a" : 1 , "b":2}'],
    [String.raw`{"\u0061":0,"a":0}`, String.raw`{"\u0061":1,"a":1}`],
  ])("of %s gives %s", (text, expected) => expect(setting(text, "a", "1")).toBe(expected));
});

describe("removingMember", () => {
  test.each([
    ["{}", "{}"],
    ['{"b":2}', '{"b":2}'],
    ['{"a":1}', "{}"],
    ['{ "a":1 }', "{  }"],
    ['{"a":1 , "b":2}', '{"b":2}'],
    ['{"b":2 , "a":1}', '{"b":2}'],
    ['{"b":2, "a":1,"a":3,\t"c":{"a":4}}', '{"b":2, "c":{"a":4}}'],
    ['{"b":2, "a":1,"a":3 }', '{"b":2 }'],
    ['{"a":1,"b":2,"a":3}', '{"b":2}'],
    ['{"a":1,"a":3}', "{}"],
  ])("of %s gives %s", (text, expected) => expect(removing(text, "a")).toBe(expected));
});

test("an array without some of its elements is the JSON that a filter makes, and each element left is as it was", () => {
  const blank = fc.constantFrom("", " ", "  ", "\t");
  const item = fc.tuple(blank, fc.json({ maxDepth: 2 }), blank, fc.boolean());
  fc.assert(
    fc.property(fc.array(item, { maxLength: 8 }), blank, (items, inside) => {
      const text = `[${items.length === 0 ? inside : items.map(([a, json, b]) => a + json + b).join(",")}]`;
      const bytes = encoder.encode(text);
      const { elements } = elementsOf(bytes, 0)!;
      const left = decoder.decode(edited(bytes, removingItems(elements, items.map(([, , , gone]) => gone))));
      const kept = items.filter(([, , , gone]) => !gone).map(([, json]) => json);
      expect(JSON.parse(left)).toEqual(kept.map((json) => JSON.parse(json)));
      const leftBytes = encoder.encode(left);
      expect(elementsOf(leftBytes, 0)!.elements.map(({ start, end }) => decoder.decode(leftBytes.subarray(start, end))))
        .toEqual(kept);
      if (kept.length === items.length) expect(left).toBe(text);
    }),
    { numRuns: runs(1_000, 50_000) },
  );
});

import { expect, test } from "bun:test";
import fc from "fast-check";
import { elementsOf, findMember, onOneLine, textOf } from "../../../src/transport/json_scan.ts";
import { skipBlank, skipValue } from "../../../src/transport/json_skip.ts";
import { runs } from "../../harness/counts.ts";

const encoder = new TextEncoder();

function accepts(text: string): boolean {
  const bytes = encoder.encode(text);
  const end = skipValue(bytes, skipBlank(bytes, 0));
  return end >= 0 && skipBlank(bytes, end) === bytes.length;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("every JSON text is read to its end", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 1, 2), (text, indent) => {
      expect(accepts(JSON.stringify(JSON.parse(text), null, indent))).toBe(true);
    }),
    { numRuns: runs(2_000, 100_000) },
  );
});

test("a damaged JSON text is accepted exactly where JSON.parse accepts it", () => {
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.string({ maxLength: 2 }),
      fc.nat(2),
      (text, seed, extra, cut) => {
        const at = seed % (text.length + 1);
        const damaged = text.slice(0, at) + extra + text.slice(at + cut);
        // A lone half of a pair is changed by UTF-8 before we see it.
        fc.pre(damaged.isWellFormed());
        expect(accepts(damaged)).toBe(parses(damaged));
      },
    ),
    { numRuns: runs(5_000, 200_000) },
  );
});

const SCALARS = [
  ...[
    "0",
    "-0",
    "1.0",
    "1e5",
    "1E+5",
    "-1.5e-3",
    "123456789012345678901234567890",
    "1e999",
    "true",
    "false",
    "null",
  ],
  ...['""', '"\\u00e9"', '"\\ud800"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', "[]", "{}", "[[[]]]", '{"":{}}'],
];
const BROKEN = [
  ...[
    "",
    "-",
    "01",
    "1.",
    ".5",
    "1e",
    "+1",
    "tru",
    "nul",
    "'a'",
    '"',
    '"\\x"',
    '"\\u12g4"',
    '"\n"',
    "[1,]",
    "[,]",
  ],
  ...[
    "{,}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{a:1}",
    "[1 2]",
    "[}",
    "{]",
    "NaN",
    "[",
    "{",
    '{"a":[}',
    "1 2",
    "[1]]",
  ],
];

test.each(SCALARS)("%p is JSON", (text) => expect(accepts(text)).toBe(true));
test.each(BROKEN)("%p is no JSON", (text) => expect(accepts(text)).toBe(false));

test.each([["[", "]"], ['{"a":', "}"], ['[{"a":', "}]"]])(
  "a nesting of 200,000 levels of %s is read without a stack, and each has to be closed as it was opened",
  (opened, closed) => {
    expect(accepts(`${opened.repeat(200_000)}1${closed.repeat(200_000)}`)).toBe(true);
    expect(accepts(`${opened.repeat(200_000)}1${closed.repeat(199_999)}`)).toBe(false);
    expect(accepts(`${opened.repeat(200_000)}1${closed.repeat(199_999)}${closed === "]" ? "}" : "]"}`)).toBe(false);
  },
);

test("a member is found by its decoded key, and the last of two counts, as in JSON.parse", () => {
  const bytes = encoder.encode('{"a":1,"\\u0061":{"b":2},"c":[{"a":9}]}');
  const span = findMember(bytes, 0, "a");
  expect(span && textOf(bytes, span)).toBe('{"b":2}');
  expect(findMember(bytes, 0, "d")).toBeUndefined();
});

test("the elements of an array come as they were written", () => {
  const bytes = encoder.encode('[ {"a" : 1} ,2.0, "x" ]');
  expect(elementsOf(bytes, 0)?.elements.map((span) => textOf(bytes, span))).toEqual([
    '{"a" : 1}',
    "2.0",
    '"x"',
  ]);
  expect(elementsOf(encoder.encode("[1,"), 0)).toBeUndefined();
});

test("a pretty-printed text loses its line breaks and nothing else", () => {
  const text = JSON.stringify({ a: [1, "x\ny", { b: null }] }, null, 2).replaceAll("\n", "\r\n");
  const line = new TextDecoder().decode(onOneLine(encoder.encode(text)));
  expect(line).not.toMatch(/[\r\n]/);
  expect(JSON.parse(line)).toEqual(JSON.parse(text));
});

test.each(['{"a\n":1}', '["a\r\nb"]', "[1\n2]", "[1\r2]", "[tr\nue]", '"\\\n"', "1\n2"])(
  "%j, which is no JSON for its line breaks, keeps them",
  (text) => {
    const bytes = encoder.encode(text);
    expect(onOneLine(bytes)).toBe(bytes);
    expect(() => JSON.parse(text)).toThrow();
  },
);

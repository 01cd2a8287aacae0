import { expect, test } from "bun:test";
import fc from "fast-check";
import { laidOut } from "../../../src/cli/json_layout.ts";

test("is the JSON that it was, laid out as JSON.stringify would", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t"), (value, space) => {
    expect(laidOut(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2));
  }));
});

test("keeps numbers as they were written", () => {
  expect(laidOut('{"a":[12345678901234567890,1.0e5,-0]}')).toBe(
    '{\n  "a": [\n    12345678901234567890,\n    1.0e5,\n    -0\n  ]\n}',
  );
});

test.each([["a picture", "A"], ["a text of many lines", "\n"], ["quotes", '"']])(
  "lays out a result with %s of some MiB",
  (_what, sign) => {
    const value = { content: [{ type: "text", text: sign.repeat(6_000_000) }] };
    expect(laidOut(JSON.stringify(value)) === JSON.stringify(value, null, 2)).toBe(true);
  },
);

test("does not grow with the depth of what it lays out", () => {
  const deep = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
  const text = laidOut(deep);
  expect(text.length).toBeLessThan(deep.length + 20_000);
  expect(text.replace(/\s/g, "") === deep).toBe(true);
});

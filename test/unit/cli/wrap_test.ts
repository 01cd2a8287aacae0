import { expect, test } from "bun:test";
import fc from "fast-check";
import { wrapped } from "../../../src/cli/wrap.ts";

test("a text is broken between words, within 80 columns, and stays the same", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 30 });
  fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), fc.nat(29), (words, width) => {
    const margin = " ".repeat(width);
    const lines = wrapped(words.join(" "), margin).split("\n");
    expect(lines.map((line, place) => place === 0 ? line : line.slice(width)).join(" ")).toBe(words.join(" "));
    for (const line of lines.slice(1)) expect(line.startsWith(margin)).toBe(true);
    for (const [place, line] of lines.entries()) {
      expect(line.length + (place === 0 ? width : 0)).toBeLessThanOrEqual(80);
    }
    // No line could have taken one word more.
    for (const [place, line] of lines.slice(0, -1).entries()) {
      const next = lines[place + 1]!.slice(width).split(" ")[0]!;
      expect(line.length + (place === 0 ? width : 0) + 1 + next.length).toBeGreaterThan(80);
    }
  }));
});

test("a word that is longer than a line has one of its own", () => {
  const long = "x".repeat(100);
  expect(wrapped(`a ${long} b`, "  ")).toBe(`a\n  ${long}\n  b`);
  expect(wrapped(long, "")).toBe(long);
});

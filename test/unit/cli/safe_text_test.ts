/** Texts of servers before a terminal. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { safeJson, safeLine, safeText } from "../../../src/cli/safe_text.ts";

const UNSAFE = "\u001b]0;owned\u0007\u009b31m\u202egnp.exe\u2066\u{e0041}\u007f\b\r";

describe("safeText", () => {
  test("writes out what a terminal would obey and what nobody sees", () => {
    expect(safeText(UNSAFE)).toBe(
      "\\u{1b}]0;owned\\u{7}\\u{9b}31m\\u{202e}gnp.exe\\u{2066}\\u{e0041}\\u{7f}\\u{8}\\u{d}",
    );
  });

  test("leaves lines, tabs and the letters of all languages", () => {
    expect(safeText("a\tb\r\nc\nÄ 漢 עברית 👩‍🚀")).toBe("a\tb\nc\nÄ 漢 עברית 👩‍🚀");
  });

  test("never lets an escape through", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(safeText(text)).not.toMatch(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }));
  });
});

test("safeLine is one line, and no longer than it may be", () => {
  expect(safeLine("  a\n\n b\u001b[1m ")).toBe("a b\\u{1b}[1m");
  expect(safeLine("abcdefgh", 6)).toBe("abc...");
  expect(safeLine("ab👩cdefg", 6)).toBe("ab...");
});

test("safeJson is the same JSON", () => {
  fc.assert(fc.property(fc.json(), (raw) => {
    expect(JSON.parse(safeJson(raw))).toEqual(JSON.parse(raw));
  }));
  const raw = JSON.stringify({ [UNSAFE]: UNSAFE });
  expect(JSON.parse(safeJson(raw))).toEqual(JSON.parse(raw));
  expect(safeJson(raw)).toMatch(/^[ -~]*$/);
});

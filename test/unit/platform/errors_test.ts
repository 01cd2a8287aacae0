import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BridgeError, ERROR_NUMBERS, harmless, quoted, toBridgeError } from "../../../src/platform/errors.ts";
import { runs } from "../../harness/counts.ts";

const HOSTILE: [what: string, text: string, shown: string][] = [
  ["nothing", "", '""'],
  ["plain text", "not found", '"not found"'],
  ["letters of the world", "caf\u00e9 \u4e16\u754c \ud83d\ude00", '"caf\u00e9 \u4e16\u754c \ud83d\ude00"'],
  ["quotes and backslashes", '"\\', String.raw`"\"\\"`],
  ["ESC", "\u001b[31mred", String.raw`"\u001b[31mred"`],
  ["the 8-bit CSI", "\u009b31m", String.raw`"\u009b31m"`],
  ["OSC 8 with BEL", "\u001b]8;;http://evil.example\u0007", String.raw`"\u001b]8;;http://evil.example\u0007"`],
  ["OSC 8 with the 8-bit ST", "\u009d8;;x\u009c", String.raw`"\u009d8;;x\u009c"`],
  ["CR", "fine\rmcp-bridge: error", String.raw`"fine\rmcp-bridge: error"`],
  ["CRLF", "a\r\nb", String.raw`"a\r\nb"`],
  ["NEL", "a\u0085b", String.raw`"a\u0085b"`],
  ["the line and paragraph separators", "a\u2028b\u2029c", String.raw`"a\u2028b\u2029c"`],
  ["backspace and DEL", "a\b\u007f", String.raw`"a\b\u007f"`],
  ["NUL", "a\0b", String.raw`"a\u0000b"`],
  ["bidi overrides", "\u202egnp.exe\u202c", String.raw`"\u202egnp.exe\u202c"`],
  ["bidi isolates", "\u2066a\u2069\u2067b\u2068", String.raw`"\u2066a\u2069\u2067b\u2068"`],
  ["bidi marks", "\u200ea\u200fb\u061c", String.raw`"\u200ea\u200fb\u061c"`],
  ["half of a pair", "\ud800x", String.raw`"\ud800x"`],
];

describe("quoted shows what a server said without obeying it (A21)", () => {
  test.each(HOSTILE)("%s", (_what, text, shown) => {
    expect(quoted(text)).toBe(shown);
    expect(JSON.parse(quoted(text))).toBe(text);
  });

  test("cuts what is longer than the limit, and says so", () => {
    expect(quoted("x".repeat(120))).toBe(`"${"x".repeat(120)}"`);
    expect(quoted("x".repeat(121))).toBe(`"${"x".repeat(120)}..."`);
    expect(quoted("abcdef", 3)).toBe('"abc..."');
    expect(quoted("\ud83d\ude00", 1)).toBe(String.raw`"\ud83d..."`);
  });

  test("leaves no control character, line end or bidi control of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(quoted(text, 1_000)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        expect(JSON.parse(quoted(text, 1_000))).toBe(text);
      }),
      { numRuns: runs(2_000, 100_000) },
    );
  });
});

test("harmless shows the same without quotation marks of its own", () => {
  expect(harmless('a "b"\u001b[1m')).toBe(String.raw`a "b"\u001b[1m`);
  expect(harmless("abcdef", 3)).toBe("abc...");
});

test("a defect is told on one line, whatever stands in it", () => {
  const { code, message } = toBridgeError(new TypeError("Unexpected \u001b[31m\n at line 1"));
  expect([code, message]).toEqual(["internal", String.raw`unexpected failure: Unexpected \u001b[31m\n at line 1`]);
});

describe("error numbers", () => {
  test("are all different", () => {
    expect(new Set(Object.values(ERROR_NUMBERS)).size).toBe(Object.keys(ERROR_NUMBERS).length);
  });

  test("lie outside the range that JSON-RPC 2.0 keeps for itself, but for its own four", () => {
    const reserved = Object.entries(ERROR_NUMBERS).filter(([, number]) => number >= -32768 && number <= -32000);
    expect(reserved).toEqual([["parse_error", -32700], ["invalid_request", -32600], ["unknown_method", -32601], [
      "not_offered",
      -32602,
    ]]);
  });
});

describe("toBridgeError", () => {
  test("leaves a failure of ours as it is", () => {
    const error = new BridgeError("busy", "the server is busy");
    expect(toBridgeError(error)).toBe(error);
  });

  const THROWN: [what: string, thrown: unknown][] = [
    ["an error of the runtime", new TypeError("x is not a function")],
    ["a text", "oops"],
    ["nothing", undefined],
    ["null", null],
    ["an object", { toString: () => "oops" }],
  ];
  test.each(THROWN)(
    "takes %s for a defect of ours, with its cause",
    (_what, thrown) => {
      const error = toBridgeError(thrown);
      expect(error.code).toBe("internal");
      expect(error.message).toStartWith("unexpected failure: ");
      expect(error.hint).toBe('run again with "--debug" and report it');
      expect(error.cause).toBe(thrown);
    },
  );
});

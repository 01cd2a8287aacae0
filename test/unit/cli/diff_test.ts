import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { diffOf, shownLine, shownLines } from "../../../src/cli/diff.ts";

describe("the difference between two texts", () => {
  test("has the lines that go and come, with two around them, and none that are far away", () => {
    const before = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"].map((line) => `${line}\n`).join("");
    const after = before.replace("d\n", "D\nD2\n").replace("k\n", "");
    expect(diffOf(before, after).map(({ line, lines }) => [line, lines.map(({ sign, text }) => sign + text)])).toEqual([
      [2, [" b", " c", "-d", "+D", "+D2", " e", " f"]],
      [9, [" i", " j", "-k"]],
    ]);
  });

  test("is none between equal texts, and all of it where there was none", () => {
    expect(diffOf("a\n", "a\n")).toEqual([]);
    expect(diffOf("", "a\r\nb\r\n")).toEqual([{
      line: 1,
      lines: [{ sign: "+", text: "a" }, { sign: "+", text: "b" }],
    }]);
  });

  test("makes the new text out of the old one, whatever they are", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 }).map((lines) =>
      lines.map((line) => `${line}\n`).join("")
    );
    fc.assert(fc.property(text, text, (before, after) => {
      const lines = before.split("\n").slice(0, -1);
      for (const hunk of diffOf(before, after).toReversed()) {
        const old = hunk.lines.filter(({ sign }) => sign !== "+").map(({ text }) => text);
        const next = hunk.lines.filter(({ sign }) => sign !== "-").map(({ text }) => text);
        expect(lines.splice(hunk.line - 1, old.length, ...next)).toEqual(old);
      }
      expect(lines).toEqual(after.split("\n").slice(0, -1));
    }));
  });

  test("of large texts without a line in common is found at once", () => {
    const before = Array.from({ length: 20_000 }, (_, line) => `a${line}`).join("\n");
    const after = Array.from({ length: 20_000 }, (_, line) => `b${line}`).join("\n");
    expect(diffOf(before, after)[0]!.lines).toHaveLength(40_000);
  });
});

describe("a file on one line", () => {
  const rest = '"see https://a.example/?a=b", '.repeat(20_000);

  test("is shown where it differs, at once, and without the secrets around that", () => {
    const [before, after] = ['"KEY": "hunter2", ', '"KEY": "hunter2", "linear": {}, '].map((own) =>
      `{${rest}${own}${rest}}`
    );
    const [{ lines }] = diffOf(before!, after!) as [ReturnType<typeof diffOf>[0]];
    const started = Bun.nanoseconds();
    const shown = shownLines(lines).map(({ sign, text }) => sign + text);
    // A search that goes back to the beginning for each address takes minutes.
    expect(Bun.nanoseconds() - started).toBeLessThan(10e9);
    expect(shown.map((line) => line.length < 250)).toEqual([true, true]);
    expect(shown[1]).toMatch(/^\+\.\.\..*"KEY": "\*\*\*", "linear": \{\}, .*\.\.\.$/);
    expect(shown[0]).not.toContain("linear");
  });

  test("that is new, or goes, is shown as far as a person reads it", () => {
    const [line] = shownLines([{ sign: "+", text: `[${rest}]` }]);
    expect([line!.text.startsWith('["see'), line!.text.length < 5_000]).toEqual([true, true]);
  });
});

describe("a line that is shown", () => {
  const LINES: readonly (readonly [text: string, shown: string])[] = [
    ['  "GITHUB_TOKEN": "ghp_1",', '  "GITHUB_TOKEN": "***",'],
    ['  "env": { "API_KEY": "a\\"b", "PORT": "1" }', '  "env": { "API_KEY": "***", "PORT": "1" }'],
    ['bearer_token = "x y"', 'bearer_token = "***"'],
    ['  "Authorization:Bearer abc",', '  "Authorization:Bearer ***",'],
    ['  "Authorization: Bearer ${TOKEN}"', '  "Authorization: Bearer ${TOKEN}"'],
    ['"--key", "sk1234567890abcdefghijklmnop"', '"--key", "***"'],
    ['"--api-key=sk1234567890abcdefghijklmnop"', '"--api-key=***"'],
    ['"args": ["https://mcp.example.com/mcp?key=1&b=2"]', '"args": ["https://mcp.example.com/mcp?***"]'],
    [
      '"command": "/usr/local/lib/mcp-bridge-2/bin/mcp-bridge",',
      '"command": "/usr/local/lib/mcp-bridge-2/bin/mcp-bridge",',
    ],
    ['"args": ["postgres://me:hunter2@db/a"]', '"args": ["postgres://me:***@db/a"]'],
    ["\t// \u001b[2J\u009b\u202e", "\t// \\u{1b}[2J\\u{9b}\\u{202e}"],
  ];
  for (const [text, shown] of LINES) {
    test(`is ${JSON.stringify(shown)}`, () => expect(shownLine(text)).toBe(shown));
  }
});

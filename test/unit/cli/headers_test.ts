import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { headerSources, readHeaders as readSources } from "../../../src/cli/headers.ts";
import { Home } from "../../harness/home.ts";

const home = new Home();
afterAll(() => home[Symbol.dispose]());

function file(text: string | Uint8Array): string {
  const path = join(home.folder, `${crypto.randomUUID()}.txt`);
  writeFileSync(path, text);
  return path;
}

/** Reads lines, and files behind them. */
function readHeaders(
  lines: string[],
  files: string[],
  environment: Record<string, string>,
  advise?: (text: string) => void,
): Promise<Record<string, string>> {
  const sources = [...lines.map((line) => ({ line })), ...files.map((path) => ({ file: path }))];
  return readSources(sources, environment, advise);
}

const READ: [line: string, headers: Record<string, string>][] = [
  ["X-Key: 1", { "x-key": "1" }],
  ["x-key:1", { "x-key": "1" }],
  ["  X-Key  :  a b  ", { "x-key": "a b" }],
  ["X-Key:", { "x-key": "" }],
  ["X-Time: 10:30:00", { "x-time": "10:30:00" }],
  ["Authorization: Basic dTpw==", { authorization: "Basic dTpw==" }],
  ["!#$%&'*+-.^_`|~09aZ: token", { "!#$%&'*+-.^_`|~09az": "token" }],
  ["X-Latin: caf\u00e9", { "x-latin": "caf\u00e9" }],
  ["X-Tab: a\tb", { "x-tab": "a\tb" }],
  ["X-Key: ${A}", { "x-key": "1" }],
  ["X-Key: ${A}${A}-${_b2}", { "x-key": "11-two" }],
  ["X-Key: ${EMPTY}", { "x-key": "" }],
  // What a value holds is not looked through again.
  ["X-Key: ${NESTED}", { "x-key": "${A}" }],
  ["X-Key: $A ${} ${1A} ${A-b} $${A}", { "x-key": "$A ${} ${1A} ${A-b} $1" }],
  ["X-Key: ${odd-name}", { "x-key": "odd" }],
  // Many say what every request has anyway.
  ["Accept: text/html", {}],
  ["content-type: text/plain", {}],
];
const ENVIRONMENT = { A: "1", _b2: "two", EMPTY: "", "odd-name": "odd", NESTED: "${A}", BREAK: "a\nb" };

test("headerSources keeps the order of the words", () => {
  const words = ["--header", "A: 1", "https://a/", "--header-file=f", "--header=A: 2", "--header-file", "g", "--debug"];
  expect(headerSources(words, ["A: 1", "A: 2"], ["f", "g"])).toEqual([
    { line: "A: 1" },
    { file: "f" },
    { line: "A: 2" },
    { file: "g" },
  ]);
});

describe("readHeaders", () => {
  test.each(READ)("reads %p", async (line, headers) => {
    expect(await readHeaders([line], [], ENVIRONMENT)).toEqual(headers);
    expect(await readHeaders([], [file(`${line}\n`)], ENVIRONMENT)).toEqual(headers);
  });

  test("lets the later one win, files behind flags", async () => {
    const files = [file("X-One: 3\nX-Two: 3"), file("x-two: 4\n")];
    expect(await readHeaders(["X-One: 1", "X-ONE: 2", "X-Zero: 0"], files, {})).toEqual({
      "x-zero": "0",
      "x-one": "3",
      "x-two": "4",
    });
  });

  test("skips comments and blank lines of a file, with both kinds of line ends", async () => {
    expect(await readHeaders([], [file("# a: 1\r\n\r\n  # b: 2\nX: 1\r\n \t\nY: 2")], {})).toEqual({ x: "1", y: "2" });
  });

  test("reads a file that begins with a byte order mark", async () => {
    expect(await readHeaders([], [file("\ufeffX: 1\n")], {})).toEqual({ x: "1" });
  });

  const BAD: [line: string, message: string][] = [
    ["", 'a header of "--header" is not of the form "Name: value"'],
    ["X", 'a header of "--header" is not of the form "Name: value"'],
    [": secret", 'a header of "--header" is not of the form "Name: value"'],
    ["X Y: secret", 'a header of "--header" is not of the form "Name: value"'],
    ["X\u00e9: secret", 'a header of "--header" is not of the form "Name: value"'],
    ["X\nY: secret", 'a header of "--header" is not of the form "Name: value"'],
    ["(X): secret", 'a header of "--header" is not of the form "Name: value"'],
    ["X: secret\rY: 1", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret\nY: 1", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret\0", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret\u007f", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret \u20ac", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret ${BREAK}", 'the value of the header "X" holds a character that HTTP does not allow'],
    ["X: secret ${UNSET}", 'the header "X" uses ${UNSET}, which is not set'],
    ["X: secret ${toString}", 'the header "X" uses ${toString}, which is not set'],
  ];
  test.each(BAD)("refuses %p without repeating its value", async (line, message) => {
    const refusal = await readHeaders([line], [], ENVIRONMENT).catch((thrown) => thrown);
    expect([refusal.code, refusal.message]).toEqual(["bad_header", message]);
    expect(refusal.hint).toBeString();
    expect(`${refusal.message} ${refusal.hint}`).not.toContain("secret");
  });

  test.each([
    "CONNECTION",
    "Content-Length",
    "Host",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Transfer-Encoding",
  ])("refuses %s, which belongs to the protocol", async (name) => {
    const refusal = await readHeaders([`${name}: secret`], [], {}).catch((thrown) => thrown);
    expect([refusal.code, refusal.message]).toEqual(["bad_header", `the header "${name}" belongs to the protocol`]);
  });

  test.each([["missing.txt", "ENOENT"], [".", "EISDIR"]])(
    "says of the file %s that it cannot be read",
    async (name, code) => {
      const path = join(home.folder, name);
      const refusal = await readHeaders([], [path], {}).catch((thrown) => thrown);
      expect([refusal.code, refusal.message]).toEqual([
        "unreadable_file",
        `cannot read the header file ${JSON.stringify(path)} (${code})`,
      ]);
      expect(refusal.hint).toContain("--header-file");
    },
  );

  test.each([
    ["Authorization: Bearer s3cret", "Authorization"],
    ["X-Api-Key:s3cret", "X-Api-Key"],
    ["Cookie: s3cret", "Cookie"],
    ["X-Session-Token: s3cret", "X-Session-Token"],
    ["X-Key: ${A}", undefined],
    ["Authorization: Bearer ${A}", undefined],
    ["X-Key:", undefined],
    ["X-Tenant: s3cret", undefined],
  ])("of %p it advises %p, without its value", async (line, name) => {
    const advice: string[] = [];
    await readHeaders([line], [file(line)], ENVIRONMENT, (text) => advice.push(text));
    expect(advice).toEqual(
      name === undefined ? [] : [
        `the value of "${name}" stands in the process list: write it as "\${VAR}", or use "--header-file FILE"`,
      ],
    );
  });
});

import { describe, expect, test } from "bun:test";
import { authChallenge } from "../../../src/auth/challenge.ts";
import { parseChallenges } from "../../../src/auth/challenge_syntax.ts";

function headersOf(...lines: string[]): Headers {
  return new Headers(lines.map((line) => ["www-authenticate", line]));
}

/** Challenges as text: `scheme token68? {name: value}`. */
function shown(...lines: string[]): unknown[] {
  return parseChallenges(headersOf(...lines)).map(({ scheme, token68, params }) => {
    return [scheme, ...(token68 === undefined ? [] : [token68]), Object.fromEntries(params)];
  });
}

describe("challenges are read as RFC 9110 has them", () => {
  const TABLE: [line: string, ...challenges: unknown[]][] = [
    [""],
    ["Bearer", ["bearer", {}]],
    ["  Bearer  ", ["bearer", {}]],
    ["BEARER", ["bearer", {}]],
    ['Bearer realm="x"', ["bearer", { realm: "x" }]],
    ["Bearer realm=x", ["bearer", { realm: "x" }]],
    ['Bearer REALM="x"', ["bearer", { realm: "x" }]],
    ['Bearer realm = "x"', ["bearer", { realm: "x" }]],
    ['Bearer realm\t=\t"x"', ["bearer", { realm: "x" }]],
    ['Bearer   realm="x"', ["bearer", { realm: "x" }]],
    ['Bearer realm="x", error="e"', ["bearer", { realm: "x", error: "e" }]],
    ['Bearer realm="x",error="e"', ["bearer", { realm: "x", error: "e" }]],
    ['Bearer realm="x" , , error="e",', ["bearer", { realm: "x", error: "e" }]],
    ['Bearer realm="a, b"', ["bearer", { realm: "a, b" }]],
    ['Bearer realm="a=b"', ["bearer", { realm: "a=b" }]],
    ['Bearer realm="Basic x=y"', ["bearer", { realm: "Basic x=y" }]],
    [String.raw`Bearer realm="a\"b"`, ["bearer", { realm: 'a"b' }]],
    [String.raw`Bearer realm="a\\b"`, ["bearer", { realm: "a\\b" }]],
    [String.raw`Bearer realm="a\b"`, ["bearer", { realm: "ab" }]],
    [String.raw`Bearer realm="\", scope=\"s", error="e"`, ["bearer", { realm: '", scope="s', error: "e" }]],
    ['Bearer realm=""', ["bearer", { realm: "" }]],
    ['Bearer realm="x", realm="y"', ["bearer", { realm: "x" }]],
    ['Bearer, Basic realm="x"', ["bearer", {}], ["basic", { realm: "x" }]],
    ['Basic realm="x", Bearer', ["basic", { realm: "x" }], ["bearer", {}]],
    ['Basic realm="x", Bearer error="e"', ["basic", { realm: "x" }], ["bearer", { error: "e" }]],
    ['Bearer a="1", b="2", Basic c="3", d="4"', ["bearer", { a: "1", b: "2" }], ["basic", { c: "3", d: "4" }]],
    ["Negotiate abc==", ["negotiate", "abc==", {}]],
    ["Negotiate a+/b=, Bearer", ["negotiate", "a+/b=", {}], ["bearer", {}]],
    ["Negotiate, Bearer x=y", ["negotiate", {}], ["bearer", { x: "y" }]],
    ["NTLM TlRMTVNTUAAC , Bearer", ["ntlm", "TlRMTVNTUAAC", {}], ["bearer", {}]],
    ['DPoP algs="ES256 RS256", error="use_dpop_nonce"', ["dpop", { algs: "ES256 RS256", error: "use_dpop_nonce" }]],
    [', ,Bearer realm="x"', ["bearer", { realm: "x" }]],
    ["Bearer realm=", ["bearer", "realm=", {}]],
    ['Digest qop="auth, auth-int", nonce=abc', ["digest", { qop: "auth, auth-int", nonce: "abc" }]],
  ];
  test.each(TABLE.map((row) => [row[0], row.slice(1)] as const))("%s", (line, challenges) => {
    expect<unknown[]>(shown(line)).toEqual([...challenges]);
  });

  test("over several header lines", () => {
    expect(shown('Basic realm="a"', "Negotiate", 'Bearer scope="s"')).toEqual([
      ["basic", { realm: "a" }],
      ["negotiate", {}],
      ["bearer", { scope: "s" }],
    ]);
  });
});

describe("what is not written that way is passed over, and what stands behind it is read", () => {
  const TABLE: [line: string, ...challenges: unknown[]][] = [
    ['"'],
    ['"Bearer realm=x'],
    ["="],
    ["=, Bearer", ["bearer", {}]],
    ['"x", Bearer realm="y"', ["bearer", { realm: "y" }]],
    ['Bearer realm="x', ["bearer", {}]],
    ['Bearer realm="x\\', ["bearer", {}]],
    ['Bearer realm="x\\"', ["bearer", {}]],
    ['realm="x", Bearer error="e"', ["bearer", { error: "e" }]],
    ['realm="Bearer error=e", Bearer', ["bearer", {}]],
    ['Bearer realm="x"y, error="e"', ["bearer", { realm: "x", error: "e" }]],
    ['Bearer realm="x" error="e"', ["bearer", { realm: "x", error: "e" }]],
    ["Bearer resource_metadata=https://h/p?q=1, error=e", ["bearer", {
      "resource_metadata": "https://h/p?q=1",
      error: "e",
    }]],
    ["Bearer @=1, b=2", ["bearer", { b: "2" }]],
    ["Bearer one two three, b=2", ["bearer", { b: "2" }]],
    ["Bearer a==b, c=3", ["bearer", { a: "=b", c: "3" }]],
    ["Bearer\u00a0realm=x, Basic", ["basic", {}]],
    ['Bearer/1 realm="x"'],
    ["(Bearer), Basic", ["basic", {}]],
    ['Bearer =, realm="x"'],
  ];
  test.each(TABLE.map((row) => [row[0], row.slice(1)] as const))("%s", (line, challenges) => {
    expect<unknown[]>(shown(line)).toEqual([...challenges]);
  });

  test("a hundred thousand made-up headers, and long ones, without failing and in little time", () => {
    const pieces = [
      "Bearer",
      "Basic ",
      " ",
      ",",
      "=",
      '"',
      "\\",
      '\\"',
      "a",
      "realm=",
      "==",
      "\t",
      "@",
      "\u00e9",
      "DPoP",
    ];
    let seed = 1;
    function next(below: number): number {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    }
    for (let n = 0; n < 100_000; n++) {
      const line = Array.from({ length: next(16) }, () => pieces[next(pieces.length)]).join("");
      for (const { scheme } of parseChallenges(headersOf(line))) expect(scheme).toMatch(/^[^\s,"=@\\]+$/);
    }
    for (const piece of [...pieces, "a ", 'a="', "a=b ", 'a="b" ', "Bearer a", ", a=", " \t", '="']) {
      for (const headers of [headersOf(`Bearer ${piece.repeat(200_000)}`), headersOf(`${piece.repeat(200_000)}"!`)]) {
        parseChallenges(headers);
      }
    }
  }, 10_000);
});

describe("of the challenges the one that concerns us is taken", () => {
  const TABLE: [lines: string[], expected: ReturnType<typeof authChallenge>][] = [
    [[], undefined],
    [['Basic realm="x"'], undefined],
    [["Bearer"], { scheme: "bearer" }],
    [["DPoP"], { scheme: "dpop" }],
    [["DPoP", "Bearer"], { scheme: "bearer" }],
    [['Basic realm="x", Bearer scope="a b"'], { scheme: "bearer", scope: "a b" }],
    [['Bearer realm="resource_metadata=https://evil.example"'], { scheme: "bearer" }],
    [['Bearer scope="a", Bearer error="insufficient_scope", scope="b"'], {
      scheme: "bearer",
      error: "insufficient_scope",
      scope: "b",
    }],
    [['Bearer resource_metadata="https://h/p"', 'Bearer error="invalid_token", error_description="gone"'], {
      scheme: "bearer",
      error: "invalid_token",
      errorDescription: "gone",
      resourceMetadata: "https://h/p",
    }],
    [['Bearer scope="  a   b "'], { scheme: "bearer", scope: "a b" }],
    [['Bearer scope=""'], { scheme: "bearer" }],
    [[String.raw`Bearer scope="a\"b"`], { scheme: "bearer" }],
    [['Bearer scope="\u00e9"'], { scheme: "bearer" }],
    [['Bearer error=""'], { scheme: "bearer" }],
    [["Bearer abc"], { scheme: "bearer" }],
    [['X resource_metadata="https://evil.example/", Bearer scope="s"'], { scheme: "bearer", scope: "s" }],
  ];
  test.each(TABLE)("%j", (lines, expected) => expect(authChallenge(headersOf(...lines))).toEqual(expected));
});

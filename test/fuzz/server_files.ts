import { expect } from "bun:test";
import fc from "fast-check";
import { BridgeError } from "../../src/platform/errors.ts";
import { parseRegistry } from "../../src/registry/registry.ts";
import { damagedTextOf, type Target, target, textOf } from "./target.ts";

const SECRET = "s3cret-that-nobody-may-see";
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  '"mcpServers"',
  '"url"',
  '"https://a.example/mcp"',
  '"command"',
  '"args"',
  '"env"',
  '"headers"',
  '"oauth"',
  '"type"',
  '"http"',
  `"${SECRET}"`,
  '"${HOME}"',
  '"${keychain:a}"',
  '"__proto__"',
  '"constructor"',
  "//",
  "/*",
  "*/",
  "\n",
  "\ufeff",
  "null",
  "true",
  "1e999",
  "-1",
  "\\",
  "\u0000",
  "\u001b[31m",
  "\u202e",
  "[".repeat(60),
];
const RIGHT = fc.record({
  mcpServers: fc.dictionary(
    fc.oneof(
      fc.constantFrom("linear", "a b", "../x", "CON", "1", "serve"),
      fc.string({ maxLength: 12, unit: "binary" }),
    ),
    fc.oneof(
      fc.record({
        url: fc.oneof(fc.webUrl(), fc.string()),
        headers: fc.dictionary(fc.string(), fc.constant(SECRET), { maxKeys: 2 }),
      }),
      fc.record({
        command: fc.string(),
        args: fc.array(fc.string(), { maxLength: 3 }),
        env: fc.dictionary(fc.string(), fc.constant(SECRET)),
      }),
      fc.jsonValue(),
    ),
    { maxKeys: 3 },
  ),
}).map((file) => JSON.stringify(file));

/** `servers.json` is read, or its fault is told on one line with a place, and without a value of it. */
export const serverFiles: readonly Target[] = [
  target("servers.json", fc.oneof(textOf(PIECES), damagedTextOf(RIGHT, PIECES), RIGHT), async (text) => {
    try {
      const { servers, faults } = await parseRegistry(text, "/home/me/servers.json");
      for (const { text: fault, hint } of faults) checkWords(`${fault} ${hint ?? ""}`);
      for (const [slug, entry] of servers) {
        expect([slug, entry.slug]).toEqual([entry.slug, expect.stringMatching(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)]);
        expect(slug.length).toBeLessThanOrEqual(40);
      }
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      expect(thrown.code).toBe("bad_registry");
      checkWords(`${thrown.message} ${thrown.hint ?? ""}`);
    }
  }),
];

function checkWords(words: string): void {
  // deno-lint-ignore no-control-regex
  expect(words).not.toMatch(/[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
  expect(words).not.toContain(SECRET);
}

import { expect } from "bun:test";
import fc from "fast-check";
import { authChallenge } from "../../src/auth/challenge.ts";
import { parseChallenges } from "../../src/auth/challenge_syntax.ts";
import { damagedTextOf, type Target, target, textOf } from "./target.ts";

const PIECES = [
  "Bearer",
  "DPoP",
  "Basic",
  " ",
  ",",
  "=",
  '"',
  "\\",
  '\\"',
  "realm",
  "scope",
  "error",
  "resource_metadata",
  "error_description",
  "https://h/p",
  "invalid_token",
  "a b",
  "==",
  "\t",
  ", ",
  "abc123==",
  "@",
  "\u00e9",
  "(",
  "%20",
  "__proto__",
  "constructor",
];
const RIGHT = fc.constantFrom(
  'Bearer resource_metadata="https://h/p", scope="a b", error="invalid_token"',
  'Basic realm="x, Bearer scope=\\"y\\"", DPoP algs="ES256", Bearer',
  "Negotiate abc==, Bearer scope=a",
);

/** No `WWW-Authenticate` fails, or takes longer than its length. */
export const challenges: readonly Target[] = [
  target(
    "WWW-Authenticate",
    fc.array(fc.oneof(textOf(PIECES), damagedTextOf(RIGHT, PIECES)), { maxLength: 3 }),
    (lines) => {
      const headers = new Headers();
      for (const line of lines) {
        try {
          headers.append("www-authenticate", line);
        } catch {
          // The runtime lets no such header in.
        }
      }
      for (const { scheme, params } of parseChallenges(headers)) {
        expect(scheme).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
        for (const name of params.keys()) expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
      }
      const found = authChallenge(headers);
      if (found === undefined) return;
      expect(["bearer", "dpop"]).toContain(found.scheme);
      if (found.scope !== undefined) {
        expect(found.scope).toMatch(
          /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
        );
      }
    },
  ),
];

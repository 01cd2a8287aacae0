import { describe, expect, test } from "bun:test";
import { redacted, withoutSecrets } from "../../../src/platform/redact.ts";

describe("redacted", () => {
  test.each([
    ["Authorization: Bearer abc.def-123", "Authorization: Bearer ***"],
    ["basic dXNlcjpwYXNz is said", "basic *** is said"],
    ["https://a.example/?access_token=hunter22&x=1", "https://a.example/?access_token=***&x=1"],
    ['{"refresh_token":"hunter22","n":1}', '{"refresh_token":"***","n":1}'],
    ["client_secret: 'hunter22'", "client_secret: '***'"],
    ["http://127.0.0.1:1/open?code=abcdef.ghi", "http://127.0.0.1:1/open?code=***"],
    ["https://user:hunter22@proxy.example:8080/", "https://***@proxy.example:8080/"],
    ["it said eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here", "it said *** here"],
    ["the token mcpb_abcdefghijkl is ours", "the token *** is ours"],
    ["ghp_0123456789abcdef and sk-0123456789abcdef", "*** and ***"],
    ["Set-Cookie: session=hunter22", "Set-Cookie: ***"],
    ["X-Api-Key=hunter22", "X-Api-Key=***"],
  ])("takes the credential out of %j", (text, shown) => {
    expect(redacted(text)).toBe(shown);
  });

  test.each([
    "serving 3 servers at http://127.0.0.1:7319/mcp",
    'the token ends in 48 min, and is renewed by itself: run "mcp-bridge status"',
    "visit https://as.example/authorize?client_id=a&state=xyz123&code_challenge=abcdef&code_challenge_method=S256",
    "http status code 502, exit code 1",
    "linear is down: 127.0.0.1:1 does not accept connections (ECONNREFUSED)",
  ])("leaves %j as it is", (text) => {
    expect(redacted(text)).toBe(text);
  });
});

describe("withoutSecrets", () => {
  test.each([
    ["x=opaque/number+one and opaque/number+one", "x=*** and ***"],
    ["?token=opaque%2Fnumber%2Bone&x", "?token=***&x"],
    ['{"token":"opaque\\/number+one"}', '{"token":"***"}'],
    ["cut amid opaque/number+o", "cut amid ***"],
    ["cut amid opaque%2Fnumber%2Bo", "cut amid ***"],
    ["a late sign: opaque-number+one, opaque-number%2Bone", "a late sign: ***, ***"],
    ["an opaque number, GET", "an opaque number, GET"],
  ])("takes what was told in secret out of %j", (text, shown) => {
    expect(withoutSecrets(text, ["opaque/number+one", "opaque-number+one", "GET", ""])).toBe(shown);
  });

  test("takes a secret out whole of which another one is a part", () => {
    expect(withoutSecrets("a-short-one, a-short", ["a-short", "a-short-one"])).toBe("***, ***");
  });

  test("takes time in proportion to the text, be it full of what secrets begin with", () => {
    const secret = "abcdefghijklmnopqrstuvwxyz0123456789";
    const took = (bytes: number): number => {
      const text = secret.slice(0, 12).repeat(bytes / 12);
      const start = performance.now();
      withoutSecrets(text, [secret, "zyxwvutsrqponmlkjihg"]);
      return performance.now() - start;
    };
    took(32_768);
    // Sixteen times as long; by its square it would be 256 times.
    expect(took(524_288) / took(32_768)).toBeLessThan(100);
  });
});

import { describe, expect, test } from "bun:test";
import { type Authorization, type AuthorizationWish, beginAuthorization, redeem } from "../../../src/auth/authorize.ts";
import type { OAuthRefusal } from "../../../src/auth/refusal.ts";
import type { TokenSet } from "../../../src/auth/token_endpoint.ts";
import type { FakeWire } from "../../harness/fake_wire.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";
import { clientOf, discovered, failureOf, ISSUER, SERVER, toolsOf } from "./rig.ts";

const REDIRECT = "http://127.0.0.1:7777/callback";
const ENTRA = "https://login.microsoftonline.com/t/v2.0";

interface Begin extends Partial<AuthorizationWish> {
  metadata?: Record<string, unknown>;
  resource?: Record<string, unknown>;
}

async function begin({ metadata, resource, ...wish }: Begin = {}): Promise<Authorization> {
  const discovery = await discovered(metadata, resource);
  const client = clientOf({ issuer: discovery.issuer });
  return beginAuthorization(
    { discovery, client, settings: signInSettings(), redirectUri: REDIRECT, ...wish },
    toolsOf(),
  );
}

describe("a sign-in begins", () => {
  test("with a code, PKCE, a state and the resource", async () => {
    const { url, state, verifier, ...rest } = await begin();
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    expect(url.origin + url.pathname).toBe(`${ISSUER}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      "response_type": "code",
      "client_id": "me",
      "redirect_uri": REDIRECT,
      state,
      "code_challenge": Buffer.from(digest).toString("base64url"),
      "code_challenge_method": "S256",
      resource: SERVER.href,
    });
    expect(rest).toEqual({ redirectUri: REDIRECT, scope: undefined, issuer: ISSUER, resource: SERVER.href });
    expect(verifier).toMatch(/^[A-Za-z0-9\-._~]{43,128}$/);
    expect(state).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test("with others each time", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => begin()));
    expect(new Set(all.flatMap(({ state, verifier }) => [state, verifier])).size).toBe(100);
  });

  test("at an address that keeps its own query", async () => {
    const { url } = await begin({ metadata: { "authorization_endpoint": `${ISSUER}/authorize?tenant=1&state=evil` } });
    expect(url.searchParams.get("tenant")).toBe("1");
    expect(url.searchParams.getAll("state").length).toBe(1);
  });

  test("with parameters that a person adds", async () => {
    const settings = signInSettings({ authorizeParams: new Map([["prompt", "login"], ["audience", "x&y"]]) });
    const { url } = await begin({ settings });
    expect(url.searchParams.get("prompt")).toBe("login");
    expect(url.searchParams.get("audience")).toBe("x&y");
  });

  test("at a place that the metadata name", async () => {
    const nowhere = [{ "authorization_endpoint": undefined }, { "response_types_supported": ["token"] }];
    for (const metadata of nowhere) expect((await failureOf(begin({ metadata }))).code).toBe("bad_metadata");
  });
});

describe("no sign-in begins without PKCE", () => {
  test.each([[undefined], [null], [[]], [["plain"]], ["S256"], [7]])("where the methods are %j", async (methods) => {
    const metadata = { "code_challenge_methods_supported": methods };
    expect((await failureOf(begin({ metadata }))).code).toBe("no_pkce");
    expect(
      (await begin({ metadata, settings: signInSettings({ mayLackPkce: true }) })).url.searchParams.get(
        "code_challenge_method",
      ),
    ).toBe("S256");
  });

  test("but with an issuer that does it and does not say so", async () => {
    const metadata = { issuer: ENTRA, "code_challenge_methods_supported": undefined };
    expect((await begin({ metadata })).url.searchParams.get("code_challenge_method")).toBe("S256");
    const wrong = { issuer: ENTRA, "code_challenge_methods_supported": ["plain"] };
    expect((await failureOf(begin({ metadata: wrong }))).code).toBe("no_pkce");
  });
});

describe("the scope", () => {
  const CHALLENGE = { scheme: "bearer", scope: "c1 c2" } as const;
  const TABLE: [name: string, wish: Begin, scope: string | undefined][] = [
    ["is the challenge's", { challenge: CHALLENGE, resource: { "scopes_supported": ["p"] } }, "c1 c2"],
    ["is all that the server knows", { resource: { "scopes_supported": ["p", "q"] } }, "p q"],
    ["is left out", {}, undefined],
    ["is left out for none known", { resource: { "scopes_supported": [] } }, undefined],
    ["has no odd ones", { resource: { "scopes_supported": ["p", "q r", 'x"', ""] } }, "p"],
    ["is not the authorization server's", { metadata: { "scopes_supported": ["openid", "email"] } }, undefined],
    ["asks for refresh tokens", {
      challenge: CHALLENGE,
      metadata: { "scopes_supported": ["offline_access"] },
    }, "c1 c2 offline_access"],
    ["asks for them once", {
      resource: { "scopes_supported": ["offline_access", "p"] },
      metadata: { "scopes_supported": ["offline_access"] },
    }, "offline_access p"],
    ["stays left out, whatever there is", { metadata: { "scopes_supported": ["offline_access"] } }, undefined],
    ["of a step-up is all together", { challenge: CHALLENGE, held: "h c1" }, "h c1 c2"],
    ["of a step-up does not grow by itself", {
      challenge: { scheme: "bearer" },
      held: "h",
      resource: { "scopes_supported": ["p"] },
    }, "h"],
    ["is the person's", {
      challenge: CHALLENGE,
      settings: signInSettings({ clientMetadata: { scope: "mine" } }),
    }, "mine"],
    ["is the person's parameter", {
      challenge: CHALLENGE,
      settings: signInSettings({ authorizeParams: new Map([["scope", "mine"]]) }),
    }, "mine"],
    [
      "is none, if a person says so",
      { challenge: CHALLENGE, settings: signInSettings({ clientMetadata: { scope: "" } }) },
      undefined,
    ],
    ["of a step-up is beyond the person's", {
      challenge: CHALLENGE,
      held: "mine",
      settings: signInSettings({ authorizeParams: new Map([["scope", "mine"]]) }),
    }, "mine c1 c2"],
  ];
  test.each(TABLE)("%s", async (_name, wish, scope) => {
    const begun = await begin(wish);
    expect(begun.scope).toBe(scope as string);
    expect(begun.url.searchParams.get("scope")).toBe(scope ?? null);
  });
});

describe("the resource", () => {
  const TABLE: [name: string, wish: Begin, resource: string | undefined][] = [
    ["is as published", { resource: { resource: "https://mcp.example.com" } }, "https://mcp.example.com"],
    ["keeps its slash", { resource: { resource: "https://mcp.example.com/" } }, "https://mcp.example.com/"],
    ["is a person's", { settings: signInSettings({ resource: { kind: "given", uri: "urn:x" } }) }, "urn:x"],
    ["is left out by a person", { settings: signInSettings({ resource: { kind: "none" } }) }, undefined],
    ["is left out for an issuer that refuses it", { metadata: { issuer: ENTRA } }, undefined],
    ["is a person's all the same", {
      metadata: { issuer: ENTRA },
      settings: signInSettings({ resource: { kind: "given", uri: "urn:x" } }),
    }, "urn:x"],
  ];
  test.each(TABLE)("%s", async (_name, wish, resource) => {
    const begun = await begin(wish);
    expect(begun.resource).toBe(resource as string);
    expect(begun.url.searchParams.get("resource")).toBe(resource ?? null);
  });
});

/** Redeems an answer to a sign-in; `STATE` and `ISSUER` stand for the right ones. */
async function redeemed(
  query: string,
  metadata: Record<string, unknown> = {},
): Promise<{ tokens: Promise<TokenSet>; wire: FakeWire }> {
  const discovery = await discovered(metadata);
  const begun = await begin({ metadata, challenge: { scheme: "bearer", scope: "s" } });
  const tools = toolsOf({ [`${ISSUER}/token`]: { "access_token": "a", "token_type": "Bearer" } });
  const answer = new URLSearchParams(
    query.replaceAll("STATE", begun.state).replaceAll("ISSUER", encodeURIComponent(ISSUER)),
  );
  const tokens = redeem(answer, begun, clientOf(), discovery, tools);
  await tokens.catch(() => {});
  return { tokens, wire: tools.wire };
}

describe("what the browser comes back with", () => {
  test("is redeemed with the verifier, for the resource", async () => {
    const { tokens, wire } = await redeemed("state=STATE&code=c%2B1");
    expect(await tokens).toMatchObject({ accessToken: "a", scope: "s", resource: SERVER.href });
    expect(Object.fromEntries(wire.asked[0]!.form)).toEqual({
      "grant_type": "authorization_code",
      code: "c+1",
      "code_verifier": expect.any(String),
      "redirect_uri": REDIRECT,
      "client_id": "me",
      resource: SERVER.href,
    });
  });

  const WRONG = [
    "https://evil.example.com",
    `${ISSUER}/`,
    "https://AS.example.com",
    `${ISSUER}:443`,
    "http://as.example.com",
    "",
  ];
  const NO = "error=access_denied&error_description=sentinel";
  const TABLE: [promised: boolean, iss: string, fate: "redeemed" | "foreign"][] = [
    [true, "&iss=ISSUER", "redeemed"],
    [false, "&iss=ISSUER", "redeemed"],
    [false, "", "redeemed"],
    [true, "", "foreign"],
    ...[true, false].flatMap((promised) =>
      WRONG.map((iss) => [promised, `&iss=${encodeURIComponent(iss)}`, "foreign"] as [boolean, string, "foreign"])
    ),
  ];
  test.each(TABLE)("from an issuer that promises to say who it is: %j, with %j, is %s", async (promised, iss, fate) => {
    const metadata = { "authorization_response_iss_parameter_supported": promised };
    const code = await redeemed(`state=STATE&code=c${iss}`, metadata);
    const error = await redeemed(`state=STATE&${NO}${iss}`, metadata);
    const failure = await failureOf(error.tokens) as OAuthRefusal;
    expect(error.wire.asked).toEqual([]);
    if (fate === "redeemed") {
      expect((await code.tokens).accessToken).toBe("a");
      expect(failure).toMatchObject({ code: "sign_in_refused", oauthError: "access_denied" });
      expect(failure.message).toContain('"sentinel"');
    } else {
      expect((await failureOf(code.tokens)).code).toBe("foreign_answer");
      expect(code.wire.asked).toEqual([]);
      expect(failure.code).toBe("foreign_answer");
      expect(Bun.inspect(failure)).not.toContain("sentinel");
    }
  });

  test.each([
    "code=c",
    "state=&code=c",
    "state=STATEx&code=c",
    "state=wrong&code=c",
    "state=wrong&error=sentinel",
    "state=STATE&state=STATE&code=c",
    "state=wrong&state=STATE&code=c",
    "state=STATE&code=c&code=d",
    "state=STATE&code=c&iss=ISSUER&iss=ISSUER",
    "state=STATE&error=a&error=b",
    "state=STATE",
    "state=STATE&code=",
    "",
  ])("is not acted on: %s", async (query) => {
    const { tokens, wire } = await redeemed(query);
    const error = await failureOf(tokens);
    expect(error.code).toBe("foreign_answer");
    expect(Bun.inspect(error)).not.toContain("sentinel");
    expect(wire.asked).toEqual([]);
  });

  test("is not redeemed anywhere else than where the sign-in began", async () => {
    const begun = await begin();
    const tools = toolsOf();
    const other = await discovered({ issuer: "https://other.example.com" });
    const answer = new URLSearchParams({ state: begun.state, code: "c" });
    expect((await failureOf(redeem(answer, begun, clientOf(), other, tools))).code).toBe("foreign_answer");
    expect(tools.wire.asked).toEqual([]);
  });
});

import { describe, expect, test } from "bun:test";
import { awaitDevice, beginOnDevice, type DeviceAuthorization } from "../../../src/auth/grants/device_code.ts";
import { signInAsClient, undiscovered } from "../../../src/auth/grants/client_credentials.ts";
import type { GrantWish } from "../../../src/auth/grants/grant.ts";
import { signInByProvider, takesIdJag } from "../../../src/auth/grants/id_jag.ts";
import { signInByStatement } from "../../../src/auth/grants/jwt_bearer.ts";
import { discoverIssuer } from "../../../src/auth/discover.ts";
import type { TokenSet } from "../../../src/auth/token_endpoint.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import type { FakeWire, Page } from "../../harness/fake_wire.ts";
import type { FakeClock } from "../../harness/fake_clock.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";
import { clientOf, discovered, failureOf, ISSUER, metadataOf, SERVER, toolsOf } from "./rig.ts";

const ENDPOINT = `${ISSUER}/token`;
const DEVICE = `${ISSUER}/device`;
const GIVEN = { "access_token": "a", "token_type": "Bearer" };

async function wishOf(more: Partial<GrantWish> = {}, metadata: Record<string, unknown> = {}): Promise<GrantWish> {
  return { discovery: await discovered(metadata), client: clientOf(), settings: signInSettings(), ...more };
}

function forms(wire: FakeWire): Record<string, string>[] {
  return wire.asked.map(({ form }) => Object.fromEntries(form));
}

describe("without a person", () => {
  test("the client signs in as itself", async () => {
    const tools = toolsOf({ [ENDPOINT]: GIVEN });
    const client = clientOf({ clientSecret: "s", authMethod: "client_secret_basic" });
    const challenge = { scheme: "bearer", scope: "c" } as const;
    const wish = await wishOf({ client, challenge }, { "scopes_supported": ["offline_access"] });
    expect(await signInAsClient(wish, tools)).toMatchObject({ accessToken: "a", scope: "c", resource: SERVER.href });
    expect(forms(tools.wire)).toEqual([{ "grant_type": "client_credentials", scope: "c", resource: SERVER.href }]);
    expect(tools.wire.asked[0]!.headers.get("authorization")).toBe(`Basic ${btoa("me:s")}`);
  });

  test("it asks where a person said, in the person's own network too", async () => {
    const endpoint = new URL("https://10.0.0.1/token");
    const discovery = undiscovered(endpoint, SERVER);
    const tools = toolsOf({ [endpoint.href]: GIVEN });
    const client = clientOf({ issuer: discovery.issuer });
    expect((await signInAsClient(await wishOf({ discovery, client }), tools)).accessToken).toBe("a");
    expect(forms(tools.wire)).toEqual([{
      "grant_type": "client_credentials",
      "client_id": "me",
      resource: SERVER.href,
    }]);
  });

  test("a workload shows the statement of its platform, and no client", async () => {
    const tools = toolsOf({ [ENDPOINT]: GIVEN });
    expect((await signInByStatement("x.y.z", { ...await wishOf(), client: undefined }, tools)).accessToken).toBe("a");
    expect(forms(tools.wire)).toEqual([{
      "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: "x.y.z",
      resource: SERVER.href,
    }]);
  });

  test("and the statement is not repeated in an error", async () => {
    const tools = toolsOf({
      [ENDPOINT]: ({ form }) =>
        Response.json({ error: "invalid_grant", "error_description": `bad ${form.get("assertion")}` }, { status: 400 }),
    });
    const error = await failureOf(signInByStatement("sentinel", { ...await wishOf(), client: undefined }, tools));
    expect(error.message).toContain("bad ***");
    expect(Bun.inspect(error)).not.toContain("sentinel");
  });
});

describe("by an identity provider's word", () => {
  const IDP = "https://idp.example.com";
  const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
  const WORD = { "access_token": "h.c.s", "issued_token_type": ID_JAG, "token_type": "N_A", "expires_in": 300 };

  async function signIn(page: Page): Promise<{ tokens: Promise<TokenSet>; wire: FakeWire }> {
    const tools = toolsOf({
      [`${IDP}/token`]: page,
      [`${IDP}/.well-known/oauth-authorization-server`]: metadataOf({ issuer: IDP, "token_endpoint": `${IDP}/token` }),
      [ENDPOINT]: GIVEN,
    });
    const source = { server: IDP, metadata: await discoverIssuer(IDP, tools) };
    tools.wire.asked.length = 0;
    const client = clientOf({
      issuer: IDP,
      clientId: "at-idp",
      clientSecret: "secret",
      authMethod: "client_secret_post",
    });
    const challenge = { scheme: "bearer", scope: "c" } as const;
    const subject = { kind: "id_token", token: "sentinel" } as const;
    const tokens = signInByProvider(await wishOf({ challenge }), { source, client, subject }, tools);
    await tokens.catch(() => {});
    return { tokens, wire: tools.wire };
  }

  test("the word for this server alone is exchanged for tokens", async () => {
    const { tokens, wire } = await signIn(WORD);
    expect((await tokens).accessToken).toBe("a");
    expect(wire.urls).toEqual([`${IDP}/token`, ENDPOINT]);
    expect(forms(wire)).toEqual([
      {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requested_token_type": ID_JAG,
        audience: ISSUER,
        resource: SERVER.href,
        scope: "c",
        "subject_token": "sentinel",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "client_id": "at-idp",
        "client_secret": "secret",
      },
      {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: "h.c.s",
        resource: SERVER.href,
        scope: "c",
        "client_id": "me",
      },
    ]);
  });

  const WRONG: [name: string, page: Page][] = [
    ["another type", { ...WORD, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token" }],
    ["no type", { "access_token": "h.c.s" }],
    ["no statement", { "issued_token_type": ID_JAG }],
    ["an opaque one", { ...WORD, "access_token": "opaque" }],
    ["no JSON", new Response("<html>")],
  ];
  test.each(WRONG)("%s goes nowhere", async (_name, page) => {
    const { tokens, wire } = await signIn(page);
    expect((await failureOf(tokens)).code).toBe("bad_token_answer");
    expect(wire.urls).toEqual([`${IDP}/token`]);
  });

  test("a no of the provider is told, without what was shown to it", async () => {
    const { tokens } = await signIn(() =>
      Response.json({ error: "invalid_grant", "error_description": "sentinel" }, { status: 400 })
    );
    const error = await failureOf(tokens);
    expect(error).toMatchObject({ code: "token_refused", oauthError: "invalid_grant" });
    expect(Bun.inspect(error)).not.toContain("sentinel");
  });

  test("a server says whether it takes one", async () => {
    const profiles = ["urn:ietf:params:oauth:grant-profile:id-jag"];
    expect(takesIdJag((await discovered({ "authorization_grant_profiles_supported": profiles })).metadata)).toBe(true);
    expect(takesIdJag((await discovered()).metadata)).toBe(false);
  });
});

describe("on another machine", () => {
  const CODE = {
    "device_code": "d",
    "user_code": "ABCD-1234",
    "verification_uri": `${ISSUER}/activate`,
    "expires_in": 600,
    interval: 5,
  };

  async function begin(said: unknown, metadata = {}): Promise<{ begun: Promise<DeviceAuthorization>; wire: FakeWire }> {
    const tools = toolsOf({ [DEVICE]: said as Page });
    const begun = beginOnDevice(await wishOf({ challenge: { scheme: "bearer", scope: "c" } }, metadata), tools);
    await begun.catch(() => {});
    return { begun, wire: tools.wire };
  }

  test("a person gets a code and an address", async () => {
    const { begun, wire } = await begin({ ...CODE, "verification_uri_complete": `${ISSUER}/activate?c=ABCD-1234` });
    expect(await begun).toMatchObject({
      userCode: "ABCD-1234",
      verificationUri: new URL(`${ISSUER}/activate`),
      completeUri: new URL(`${ISSUER}/activate?c=ABCD-1234`),
      interval: 5_000,
      expiresAt: 1_700_000_600_000,
      scope: "c",
      resource: SERVER.href,
    });
    expect(forms(wire)).toEqual([{ "client_id": "me", scope: "c", resource: SERVER.href }]);
  });

  const TIMES: [said: Record<string, unknown>, interval: number, life: number][] = [
    [{ interval: undefined, "expires_in": undefined }, 5_000, 600_000],
    [{ interval: 0, "expires_in": 0 }, 5_000, 600_000],
    [{ interval: -1, "expires_in": -1 }, 5_000, 600_000],
    [{ interval: 0.001, "expires_in": 1e12 }, 1_000, 1_800_000],
    [{ interval: 1e12, "expires_in": "600" }, 60_000, 600_000],
    [{ interval: "5", "expires_in": null }, 5_000, 600_000],
  ];
  test.each(TIMES)("times that cannot be true are ours: %j", async (said, interval, life) => {
    const { begun } = await begin({ ...CODE, ...said });
    expect(await begun).toMatchObject({ interval, expiresAt: 1_700_000_000_000 + life });
  });

  const WRONG: [said: unknown, code: string][] = [
    [{ ...CODE, "user_code": "A\u001b[2J" }, "bad_token_answer"],
    [{ ...CODE, "user_code": "A\nB" }, "bad_token_answer"],
    [{ ...CODE, "user_code": "A".repeat(65) }, "bad_token_answer"],
    [{ ...CODE, "user_code": "" }, "bad_token_answer"],
    [{ ...CODE, "device_code": 7 }, "bad_token_answer"],
    [{ ...CODE, "verification_uri": undefined }, "bad_token_answer"],
    [{ ...CODE, "verification_uri": "javascript:alert(1)" }, "unsafe_address"],
    [{ ...CODE, "verification_uri": "http://as.example.com/" }, "unsafe_address"],
    [{ ...CODE, "verification_uri_complete": "file:///etc/passwd" }, "unsafe_address"],
    [new Response("<html>"), "bad_token_answer"],
    [() => Response.json({ error: "unauthorized_client" }, { status: 400 }), "token_refused"],
    [503, "http_status"],
  ];
  test.each(WRONG)("%# is not shown to a person", async (said, code) => {
    expect((await failureOf((await begin(said)).begun)).code).toBe(code as BridgeError["code"]);
  });

  test("where the server knows that way", async () => {
    const error = await failureOf((await begin(CODE, { "device_authorization_endpoint": undefined })).begun);
    expect(error.code).toBe("bad_metadata");
    expect(error.hint).toContain("--device-code");
  });

  /** Lets the answers come one after another, and says at which ms each question was asked. */
  async function wait(answers: (object | Response | BridgeError)[], signal?: AbortSignal): Promise<{
    tokens: Promise<TokenSet>;
    asked: number[];
    clock: FakeClock;
    wire: FakeWire;
  }> {
    const asked: number[] = [];
    const tools = toolsOf({
      [DEVICE]: CODE,
      [ENDPOINT]: () => {
        asked.push(tools.clock.now() - 1_700_000_000_000);
        return answers.shift() ?? Response.json({ error: "authorization_pending" }, { status: 400 });
      },
    });
    const wish = await wishOf();
    const begun = await beginOnDevice(wish, tools);
    const tokens = awaitDevice(begun, wish.client, wish.discovery, {
      ...tools,
      ...(signal === undefined ? {} : { signal }),
    });
    tokens.catch(() => {});
    return { tokens, asked, clock: tools.clock, wire: tools.wire };
  }
  function no(error: string): Response {
    return Response.json({ error }, { status: 400 });
  }

  test("the server is asked with patience, more of it where it says so, until it has an answer", async () => {
    const { tokens, asked, clock, wire } = await wait([
      no("authorization_pending"),
      no("slow_down"),
      no("authorization_pending"),
      new BridgeError("timed_out", "late"),
      Response.json({}, { status: 503 }),
      GIVEN,
    ]);
    for (let n = 0; n < 60; n++) await clock.pass(3_000);
    expect((await tokens).accessToken).toBe("a");
    expect(asked).toEqual([6_000, 12_000, 24_000, 36_000, 60_000, 108_000]);
    expect(forms(wire).at(-1)).toEqual({
      "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
      "device_code": "d",
      "client_id": "me",
      resource: SERVER.href,
    });
  });

  test.each(["access_denied", "expired_token"])("%s ends it", async (error) => {
    const { tokens, asked, clock } = await wait([no(error)]);
    await clock.pass(600_000);
    expect(await failureOf(tokens)).toMatchObject({ code: "sign_in_refused", oauthError: error });
    expect(asked.length).toBe(1);
  });

  test("another no ends it as well", async () => {
    const { tokens, clock } = await wait([no("invalid_client")]);
    await clock.pass(6_000);
    expect(await failureOf(tokens)).toMatchObject({ code: "token_refused", oauthError: "invalid_client" });
  });

  test("so does the end of its time, and the caller", async () => {
    const late = await wait([]);
    for (let n = 0; n < 210; n++) await late.clock.pass(3_000);
    expect(await failureOf(late.tokens)).toMatchObject({ code: "sign_in_refused", oauthError: "expired_token" });
    const abort = new AbortController();
    const left = await wait([], abort.signal);
    // Not one of those that pass.
    const enough = new BridgeError("timed_out", "enough");
    abort.abort(enough);
    expect(await failureOf(left.tokens)).toBe(enough);
    expect(left.asked).toEqual([]);
  });
});

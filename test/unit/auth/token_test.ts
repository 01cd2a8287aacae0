import { describe, expect, test } from "bun:test";
import type { OAuthRefusal } from "../../../src/auth/refusal.ts";
import { refresh, revoke } from "../../../src/auth/token.ts";
import type { TokenSet } from "../../../src/auth/token_endpoint.ts";
import type { FakeWire, Page } from "../../harness/fake_wire.ts";
import { clientOf, discovered, failureOf, ISSUER, toolsOf } from "./rig.ts";

const ENDPOINT = `${ISSUER}/token`;
const NOW = 1_700_000_000_000;
const HELD: TokenSet = {
  accessToken: "old",
  tokenType: "Bearer",
  refreshToken: "refresh-1",
  scope: "a b",
  idToken: "id-1",
  resource: "https://mcp.example.com/mcp",
  receivedAt: 0,
};

function fine(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { "access_token": "new", "token_type": "Bearer", ...more };
}

async function refreshed(page: Page, held: TokenSet = HELD): Promise<{ tokens: TokenSet; wire: FakeWire }> {
  const tools = toolsOf({ [ENDPOINT]: page });
  return { tokens: await refresh(held, clientOf(), await discovered(), tools), wire: tools.wire };
}

describe("a refresh", () => {
  test("names the token, the client and the resource, and nothing more", async () => {
    const { wire } = await refreshed(fine());
    expect(wire.asked.map(({ method, form }) => [method, Object.fromEntries(form)])).toEqual([
      ["POST", {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "client_id": "me",
        resource: "https://mcp.example.com/mcp",
      }],
    ]);
  });

  test("keeps what the answer leaves out", async () => {
    expect((await refreshed(fine({ "expires_in": 60 }))).tokens).toEqual({
      ...HELD,
      accessToken: "new",
      expiresAt: NOW + 60_000,
      receivedAt: NOW,
    });
  });

  test.each([
    ["lives", { idTokenExpiresAt: NOW + 60_000 }, "id-1"],
    ["never ends", {}, "id-1"],
    ["has ended", { idTokenExpiresAt: NOW - 1 }, undefined],
    ["is about to end", { idTokenExpiresAt: NOW + 1_000 }, undefined],
  ])("keeps an id token that %s as is right, where the answer holds none", async (_, life, kept) => {
    expect((await refreshed(fine(), { ...HELD, ...life })).tokens.idToken).toBe(kept!);
  });

  test.each([
    ["names its end", { exp: 1_700_000_100 }, 1_700_000_100_000],
    ["names its end and when it was made", { exp: 1_700_000_100, iat: 1_700_000_000 }, 1_700_000_099_000],
    ["names them by a clock that is a day ahead", { exp: 1_700_086_500, iat: 1_700_086_400 }, 1_700_000_099_000],
    ["names them by a clock that is a day behind", { exp: 1_699_913_700, iat: 1_699_913_600 }, 1_700_000_099_000],
    ["lives for decades", { exp: 5_000_000_000, iat: 1_700_000_000 }, 1_731_536_000_000],
    ["has ended before it came", { exp: 1_699_999_999 }, undefined],
    ["ends before it was made", { exp: 1_700_000_100, iat: 1_700_000_200 }, undefined],
    ["was made at no time", { exp: 1_700_000_100, iat: "soon" }, 1_700_000_100_000],
    ["names none", {}, undefined],
    ["names what is no time", { exp: "soon" }, undefined],
    ["is no object", 7, undefined],
  ])("knows the end of an id token that %s", async (_, claims, end) => {
    const idToken = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
    const held = { ...HELD, idTokenExpiresAt: NOW + 60_000 };
    const { tokens } = await refreshed(fine({ "id_token": idToken }), held);
    expect(tokens.idToken).toBe(idToken);
    expect(tokens.idTokenExpiresAt).toBe(end!);
  });

  test("takes what it holds", async () => {
    const said = fine({
      "refresh_token": "refresh-2",
      scope: "a",
      "id_token": "id-2",
      issuer: "https://evil.example.com",
    });
    expect((await refreshed(said)).tokens).toEqual({
      ...HELD,
      accessToken: "new",
      refreshToken: "refresh-2",
      scope: "a",
      idToken: "id-2",
      receivedAt: NOW,
    });
  });

  test("names the scope again to an issuer that would forget it", async () => {
    const issuer = "https://login.microsoftonline.com/t/v2.0";
    const tools = toolsOf({ [ENDPOINT]: fine() });
    const { resource: _resource, ...held } = HELD;
    await refresh(held, clientOf({ issuer }), await discovered({ issuer }), tools);
    expect(Object.fromEntries(tools.wire.asked[0]!.form)).toMatchObject({ scope: "a b" });
    expect(tools.wire.asked[0]!.form.has("resource")).toBe(false);
  });

  test("without a refresh token asks nobody", async () => {
    const tools = toolsOf({ [ENDPOINT]: fine() });
    const { refreshToken: _refreshToken, ...held } = HELD;
    const error = await failureOf(refresh(held, clientOf(), await discovered(), tools));
    expect(error.code).toBe("sign_in_required");
    expect(error.hint).toContain("mcp-bridge login");
    expect(tools.wire.asked).toEqual([]);
  });
});

describe("a life that cannot be true says nothing", () => {
  const TABLE: [said: string, life: number | undefined][] = [
    ["3600", 3_600_000],
    ['"3600"', 3_600_000],
    ["59.5", 59_500],
    ["1", 1_000],
    ["0.999", undefined],
    ["0.001", undefined],
    ["1e-9", undefined],
    ["1e12", 31_536_000_000],
    ['"999999999999999"', 31_536_000_000],
    ["0", undefined],
    ["-1", undefined],
    ["-0", undefined],
    ["1e999", undefined],
    ["null", undefined],
    ["true", undefined],
    ['""', undefined],
    ['"NaN"', undefined],
    ['"-1"', undefined],
    ['"1e3"', undefined],
    ['"soon"', undefined],
    ["[3600]", undefined],
    ["{}", undefined],
  ];
  test.each(TABLE)("expires_in %s", async (said, life) => {
    const page = new Response(`{"access_token":"new","token_type":"Bearer","expires_in":${said}}`);
    const { tokens } = await refreshed(page);
    expect(tokens.expiresAt).toBe(life === undefined ? undefined : NOW + life);
  });

  test("and it is counted from the request, not from the answer", async () => {
    const tools = toolsOf();
    const wire: Page = () => {
      void tools.clock.pass(5_000);
      return fine({ "expires_in": 60 });
    };
    const late = { ...tools, wire: toolsOf({ [ENDPOINT]: wire }).wire };
    const tokens = await refresh(HELD, clientOf(), await discovered(), late);
    expect(tokens.expiresAt).toBe(NOW + 60_000);
  });
});

describe("a token that cannot be used is not taken", () => {
  const TABLE: [fault: string, said: unknown][] = [
    ["none", { "token_type": "Bearer" }],
    ["empty", fine({ "access_token": "" })],
    ["a number", fine({ "access_token": 7 })],
    ["a line break", fine({ "access_token": "a\r\nx-evil: 1" })],
    ["NUL", fine({ "access_token": "a\u0000" })],
    ["a blank", fine({ "access_token": "a b" })],
    ["beyond Latin", fine({ "access_token": "\u20ac" })],
    ["endless", fine({ "access_token": "a".repeat(65_537) })],
    ["another kind", fine({ "token_type": "mac" })],
    ["a kind that is none", fine({ "token_type": ["Bearer"] })],
    ["bound to a key of nobody", fine({ "token_type": "DPoP" })],
    ["a refresh token with a line break", fine({ "refresh_token": "a\nb" })],
    ["a refresh token of a wrong type", fine({ "refresh_token": {} })],
    ["an id token with a line break", fine({ "id_token": "a\nb" })],
    ["an array", []],
  ];
  test.each(TABLE)("%s", async (_fault, said) => {
    expect((await failureOf(refreshed(said as object))).code).toBe("bad_token_answer");
  });

  test.each(["", "null", "7", "<html>", "access_token=new&token_type=bearer"])("in %j", async (text) => {
    expect((await failureOf(refreshed(new Response(text)))).code).toBe("bad_token_answer");
  });

  test.each(["bearer", "BEARER", undefined, null])("but of the kind %j it is", async (kind) => {
    expect((await refreshed(fine({ "token_type": kind }))).tokens.tokenType).toBe("Bearer");
  });
});

describe("a no", () => {
  test.each(["invalid_grant", "invalid_client", "invalid_scope", "unauthorized_client", "invalid_target"])(
    "of %s is told with its code",
    async (oauthError) => {
      for (const status of [400, 401, 200]) {
        const said = { error: oauthError, "error_description": "because\u001b[31m" };
        const error = await failureOf(refreshed(Response.json(said, { status }))) as OAuthRefusal;
        expect(error).toMatchObject({ code: "token_refused", oauthError });
        expect(error.message).toContain('"because\\u001b[31m"');
        expect(error.hint).toContain("mcp-bridge login");
      }
    },
  );

  test.each([400, 404, 302, 201])("without a code, by the status %d, is one as well", async (status) => {
    const error = await failureOf(refreshed(new Response("{}", { status }))) as OAuthRefusal;
    expect(error.code).toBe("token_refused");
    expect(error.oauthError).toBeUndefined();
  });

  test.each<[number, object]>([
    [500, {}],
    [503, { error: "invalid_grant" }],
    [429, {}],
    [400, { error: "temporarily_unavailable" }],
    [400, { error: "server_error" }],
  ])("of a server in trouble (%d %j) is none", async (status, said) => {
    expect((await failureOf(refreshed(Response.json(said, { status })))).code).toBe("http_status");
  });

  test("does not repeat what was sent", async () => {
    const echo: Page = ({ body, headers }) => {
      const form = [...new URLSearchParams(body).values()].join(" ");
      return Response.json({ error: "invalid_grant", "error_description": `${form} ${headers.get("authorization")}` }, {
        status: 400,
      });
    };
    const tools = toolsOf({ [ENDPOINT]: echo });
    const client = clientOf({ clientSecret: "sentinel-s", authMethod: "client_secret_post" });
    const error = await failureOf(refresh({ ...HELD, refreshToken: "sentinel-r" }, client, await discovered(), tools));
    expect(error.message).toContain("refresh_token *** ");
    expect(Bun.inspect(error)).not.toContain("sentinel");
  });
});

test("a token endpoint that leads elsewhere by now is not asked", async () => {
  const tools = { ...toolsOf({ [ENDPOINT]: fine() }), resolve: () => Promise.resolve(["10.0.0.1"]) };
  const source = { ...await discovered(), server: "https://93.184.216.34/mcp" };
  expect((await failureOf(refresh(HELD, clientOf(), source, tools))).code).toBe("unsafe_address");
  expect(tools.wire.asked).toEqual([]);
});

describe("revoking", () => {
  const REVOKE = `${ISSUER}/revoke`;

  test("begins with the token that makes others", async () => {
    const tools = toolsOf({ [REVOKE]: 200 });
    await revoke(HELD, clientOf(), await discovered(), tools);
    expect(tools.wire.asked.map(({ form }) => Object.fromEntries(form))).toEqual([
      { token: "refresh-1", "token_type_hint": "refresh_token", "client_id": "me" },
      { token: "old", "token_type_hint": "access_token", "client_id": "me" },
    ]);
  });

  test("does without a kind that the server cannot revoke, and without a server that cannot at all", async () => {
    const tools = toolsOf({ [REVOKE]: () => Response.json({ error: "unsupported_token_type" }, { status: 400 }) });
    await revoke(HELD, clientOf(), await discovered(), tools);
    expect(tools.wire.asked.length).toBe(2);
    const nowhere = toolsOf();
    await revoke(HELD, clientOf(), await discovered({ "revocation_endpoint": undefined }), nowhere);
    expect(nowhere.wire.asked).toEqual([]);
  });

  test("repeats no token, whatever the server says of it", async () => {
    const echo: Page = ({ body }) => {
      const token = new URLSearchParams(body).get("token");
      return Response.json({ error: "invalid_request", "error_description": `what is ${token}?` }, { status: 400 });
    };
    const tokens = { ...HELD, refreshToken: "sentinel-r" };
    const failure = await failureOf(revoke(tokens, clientOf(), await discovered(), toolsOf({ [REVOKE]: echo })));
    expect(failure.message).toEndWith(' (400) "invalid_request", "what is ***?"');
    expect(Bun.inspect(failure)).not.toContain("sentinel-r");
  });

  test("repeats no credential of the client either, nor in the code of an error", async () => {
    const client = clientOf({ clientSecret: "sentinel/secret", authMethod: "client_secret_basic" });
    const echo: Page = ({ body, headers }) => {
      const said = `${new URLSearchParams(body).get("token")}`;
      const description = `${headers.get("authorization")}, which is sentinel%2Fsecret`;
      return Response.json({ error: said, "error_description": description }, { status: 400 });
    };
    const tokens = { ...HELD, refreshToken: "sentinel-r" };
    const failure = await failureOf(revoke(tokens, client, await discovered(), toolsOf({ [REVOKE]: echo })));
    expect(failure.message).toEndWith(' (400) "***", "Basic ***, which is ***"');
  });

  test("that is refused is an error", async () => {
    const tools = toolsOf({ [REVOKE]: () => Response.json({ error: "invalid_client" }, { status: 401 }) });
    expect(await failureOf(revoke(HELD, clientOf(), await discovered(), tools))).toMatchObject({
      code: "token_refused",
      oauthError: "invalid_client",
    });
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DpopKey } from "../../harness/dpop.ts";
import { FakeBrowser } from "../../harness/fake_browser.ts";
import { type Answer, ask, CALLBACK, HandClient } from "../../harness/hand_client.ts";
import { OidcServer, ROBOT } from "../../harness/oidc_server.ts";
import { walk } from "../../harness/walk.ts";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

let server: OidcServer;
let client: HandClient;

async function start(options: Parameters<typeof OidcServer.start>[0] = {}): Promise<void> {
  server = await OidcServer.start(options);
  client = await HandClient.register(`${server.issuer}/.well-known/oauth-authorization-server`, {
    "grant_types": ["authorization_code", "refresh_token", DEVICE_CODE],
  });
}

/** Calls a tool of the MCP server's, with whatever stands for a credential. */
function call(headers: Record<string, string>, name = "read"): Promise<Answer> {
  return ask(server.mcp.url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } }),
  });
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

beforeEach(() => start());
afterEach(() => server[Symbol.asyncDispose]());

describe("oidc-provider in front of an MCP server", () => {
  test("is found by way of the MCP server, and offers what the tests need", async () => {
    const { status, headers } = await call({});
    expect(status).toBe(401);
    const [, url, scope] = /resource_metadata="([^"]+)", scope="([^"]+)"/.exec(headers.get("www-authenticate")!)!;
    expect(scope).toBe("mcp:read");
    expect((await ask(url!)).json).toMatchObject({
      resource: server.mcp.url,
      "authorization_servers": [server.issuer],
    });
    expect(client.metadata).toMatchObject({
      issuer: server.issuer,
      "code_challenge_methods_supported": ["S256"],
      "authorization_response_iss_parameter_supported": true,
      "scopes_supported": ["openid", "offline_access", "mcp:read", "mcp:write"],
    });
    for (const endpoint of ["registration", "device_authorization", "revocation", "introspection"]) {
      expect(client.metadata[`${endpoint}_endpoint`]).toStartWith(server.issuer);
    }
  });

  test("signs a client in whose person agrees, for the resource that was named", async () => {
    const started = client.start({ scope: "mcp:read", resource: server.mcp.url });
    const callback = await client.approved(started);
    expect([callback.get("state"), callback.get("iss")]).toEqual([started.state, server.issuer]);
    const { json } = await client.redeem(callback.get("code")!, started, { resource: server.mcp.url });
    expect(json).toMatchObject({ "token_type": "Bearer", scope: "mcp:read", "expires_in": 3_600 });
    const answer = await call(bearer(json.access_token));
    expect([answer.status, JSON.stringify(answer.json)]).toEqual([200, expect.stringContaining("read is done")]);
    expect(server.granted("authorization_code")).toBe(1);
    const { access_token: unnamed } = await client.signIn({ scope: "openid mcp:read" });
    expect((await call(bearer(unnamed))).status).toBe(401);
  });

  test("refuses a request without PKCE, and a resource that is not its own", async () => {
    const plain = client.start({ "code_challenge": undefined, "code_challenge_method": undefined });
    expect((await client.approved(plain)).get("error")).toBe("invalid_request");
    const elsewhere = client.start({ resource: "https://other.example/mcp" });
    expect((await client.approved(elsewhere)).get("error")).toBe("invalid_target");
  });

  test("tells the client when the person says no", async () => {
    const { headers: begun } = await ask(client.start().url);
    const page = new URL(begun.get("location")!, server.issuer).href;
    const cookie = begun.getSetCookie().map((text) => text.split(";")[0]).join("; ");
    const body = new URLSearchParams({ decision: "deny" });
    const { headers: denied } = await ask(page, { method: "POST", headers: { cookie }, body });
    const { headers: back } = await ask(denied.get("location")!, { headers: { cookie } });
    expect(new URL(back.get("location")!).searchParams.get("error")).toBe("access_denied");
  });

  test("rotates refresh tokens, and revokes them all when a spent one comes again", async () => {
    const tokens = await client.signIn({ scope: "mcp:read", resource: server.mcp.url });
    const { json: fresh } = await client.refresh(tokens.refresh_token);
    expect(fresh.refresh_token).not.toBe(tokens.refresh_token);
    expect((await call(bearer(fresh.access_token))).status).toBe(200);
    expect((await client.refresh(tokens.refresh_token)).json.error).toBe("invalid_grant");
    expect((await client.refresh(fresh.refresh_token)).json.error).toBe("invalid_grant");
    expect((await call(bearer(fresh.access_token))).status).toBe(401);
    expect(server.events.items.map(({ name }) => name)).toContain("grant.revoked");
  });

  test("asks for more scope, which a second sign-in brings", async () => {
    const reader = await client.signIn({ scope: "mcp:read", resource: server.mcp.url });
    const { status, headers } = await call(bearer(reader.access_token), "write");
    expect(status).toBe(403);
    expect(headers.get("www-authenticate")).toEndWith('error="insufficient_scope", scope="mcp:write"');
    const writer = await client.signIn({ scope: "mcp:read mcp:write", resource: server.mcp.url });
    expect((await call(bearer(writer.access_token), "write")).status).toBe(200);
  });

  test("lets a client in by its secret alone", async () => {
    const authorization = `Basic ${btoa(`${ROBOT.id}:${ROBOT.secret}`)}`;
    const body = new URLSearchParams({
      "grant_type": "client_credentials",
      scope: "mcp:read",
      resource: server.mcp.url,
    });
    const { json } = await ask(client.metadata.token_endpoint, { method: "POST", headers: { authorization }, body });
    expect(json).not.toHaveProperty("refresh_token");
    expect((await call(bearer(json.access_token))).status).toBe(200);
  });

  test("lets a device in, once a person has agreed in a browser", async () => {
    const form = { scope: "mcp:read", resource: server.mcp.url };
    const { json: device } = await client.post(client.metadata.device_authorization_endpoint, form);
    const poll = { "grant_type": DEVICE_CODE, "device_code": device.device_code };
    expect((await client.token(poll)).json.error).toBe("authorization_pending");
    const { page } = await walk(device.verification_uri_complete, { arrive: (callback) => callback });
    expect(page!.status).toBe(200);
    const { json } = await client.token(poll);
    expect((await call(bearer(json.access_token))).status).toBe(200);
    expect(server.granted(DEVICE_CODE)).toBe(1);
  });

  test("revokes what a client gives back", async () => {
    const tokens = await client.signIn({ scope: "mcp:read", resource: server.mcp.url });
    const revoked = await client.post(client.metadata.revocation_endpoint, { token: tokens.refresh_token });
    expect(revoked.status).toBe(200);
    expect((await client.refresh(tokens.refresh_token)).json.error).toBe("invalid_grant");
  });

  test("lets access tokens die as early as the test says", async () => {
    await server[Symbol.asyncDispose]();
    await start({ accessTtl: 1 });
    const tokens = await client.signIn({ scope: "mcp:read", resource: server.mcp.url });
    expect(tokens.expires_in).toBe(1);
    let status: number;
    do ({ status } = await call(bearer(tokens.access_token))); while (status === 200);
    expect(status).toBe(401);
    const { json } = await client.refresh(tokens.refresh_token);
    expect(json.access_token).not.toBe(tokens.access_token);
  });

  test("binds tokens to a key, and both servers ask for a nonce where the test says so", async () => {
    await server[Symbol.asyncDispose]();
    await start({ nonces: true });
    const key = new DpopKey();
    const started = client.start({ scope: "mcp:read", resource: server.mcp.url });
    const code = (await client.approved(started)).get("code")!;
    const form = { "grant_type": "authorization_code", code, "code_verifier": started.verifier };
    const url = client.metadata.token_endpoint;
    const redeem = (nonce: object): Promise<Answer> => {
      const headers = { dpop: key.proof({ method: "POST", url, ...nonce }) };
      return client.token({ ...form, "redirect_uri": CALLBACK }, headers);
    };
    const refused = await redeem({});
    expect(refused.json.error).toBe("use_dpop_nonce");
    const { json } = await redeem({ nonce: refused.headers.get("dpop-nonce")! });
    expect(json.token_type).toBe("DPoP");

    const token: string = json.access_token;
    const use = (by: DpopKey, nonce: object): Promise<Answer> => {
      const proof = by.proof({ method: "POST", url: server.mcp.url, token, ...nonce });
      return call({ authorization: `DPoP ${token}`, dpop: proof });
    };
    const first = await use(key, {});
    expect(first.headers.get("www-authenticate")).toContain('error="use_dpop_nonce"');
    const nonce = { nonce: first.headers.get("dpop-nonce")! };
    expect((await use(key, nonce)).status).toBe(200);
    expect((await use(new DpopKey(), nonce)).status).toBe(401);
    expect((await call(bearer(token))).status).toBe(401);
  });

  test("is clicked through by the fake browser", async () => {
    using browser = new FakeBrowser();
    using listener = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("signed in") });
    const native = await HandClient.register(`${server.issuer}/.well-known/openid-configuration`, {
      "redirect_uris": [`http://127.0.0.1:${listener.port}/callback`],
    });
    const { url } = native.start({ "redirect_uri": `http://127.0.0.1:${listener.port}/callback` });
    expect((await browser.visit(url)).page).toMatchObject({ status: 200, text: "signed in" });
  });
});

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { amends, answers, Barrier, denies, drops, html, refuses, returns, swollen } from "../../harness/as_faults.ts";
import { Certificates } from "../../harness/certificates.ts";
import { FakeAs } from "../../harness/fake_as.ts";
import { ask, CALLBACK, HandClient } from "../../harness/hand_client.ts";

const RESOURCE = "https://mcp.example.com/mcp";
const METADATA = "/.well-known/oauth-authorization-server";

let as: FakeAs;
let client: HandClient;
beforeEach(async () => {
  as = new FakeAs();
  client = await HandClient.register(`${as.issuer}${METADATA}`);
});
afterEach(() => as[Symbol.dispose]());

describe("what the server publishes", () => {
  test("stands at the addresses of RFC 8414 and of OpenID, for an issuer with a path as well", async () => {
    using tenant = new FakeAs({ path: "/tenant" });
    const origin = new URL(tenant.issuer).origin;
    expect(tenant.issuer).toBe(`${origin}/tenant`);
    for (
      const path of [
        `${METADATA}/tenant`,
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
      ]
    ) {
      expect((await ask(`${origin}${path}`)).json.issuer).toBe(tenant.issuer);
    }
    expect((await ask(`${origin}${METADATA}`)).status).toBe(404);
    expect(tenant.seen.items.map(({ endpoint }) => endpoint)).toEqual([
      "oauth_metadata",
      "openid_metadata",
      "openid_metadata_below",
      "unknown",
    ]);
  });

  test("can be changed, and taken away", async () => {
    as.metadata.issuer = "https://elsewhere.example";
    delete as.metadata.code_challenge_methods_supported;
    const { json } = await ask(`${as.issuer}${METADATA}`);
    expect(json.issuer).toBe("https://elsewhere.example");
    expect(json).not.toHaveProperty("code_challenge_methods_supported");
    as.on("oauth_metadata", answers(404));
    expect((await ask(`${as.issuer}${METADATA}`)).status).toBe(404);
    as.on("oauth_metadata");
    expect((await ask(`${as.issuer}${METADATA}`)).status).toBe(200);
  });

  test("comes over https as well", async () => {
    using certificates = new Certificates();
    const { cert, key } = certificates.sign("as", "IP:127.0.0.1");
    using secure = new FakeAs({ tls: { cert: Bun.file(cert), key: Bun.file(key) } });
    expect(secure.issuer).toStartWith("https://");
    const ca = await Bun.file(certificates.authority.cert).text();
    expect((await ask(`${secure.issuer}${METADATA}`, { tls: { ca } })).json.issuer).toBe(secure.issuer);
  });
});

describe("the sign-in with a code", () => {
  test("gives tokens for what was asked, and the state and the issuer come back", async () => {
    const started = client.start({ scope: "openid read", resource: RESOURCE });
    const callback = await client.approved(started);
    expect(callback.get("state")).toBe(started.state);
    expect(callback.get("iss")).toBe(as.issuer);
    const { json } = await client.redeem(callback.get("code")!, started, { resource: RESOURCE });
    expect(json).toMatchObject({ "token_type": "Bearer", "expires_in": 3_600, scope: "openid read" });
    const grant = { client: client.id, scope: "openid read", resources: [RESOURCE] };
    expect(as.tokens.worth(json.access_token)).toMatchObject({ kind: "good", family: { grant } });
    expect(as.tokens.worth(json.id_token).kind).toBe("good");
    const { json: fresh } = await client.refresh(json.refresh_token);
    expect(fresh.refresh_token).not.toBe(json.refresh_token);
    for (const secret of [json.access_token, json.id_token, fresh.refresh_token]) {
      expect(secret).toContain(as.tokens.marker);
    }
    expect(as.asked("authorize")[0]!.parameters.getAll("resource")).toEqual([RESOURCE]);
    expect(as.asked("token").map(({ parameters }) => parameters.get("grant_type"))).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
  });

  const WRONG: [what: string, change: Record<string, string | undefined>, error: string][] = [
    ["no challenge", { "code_challenge": undefined }, "invalid_request"],
    ["a plain challenge", { "code_challenge_method": "plain" }, "invalid_request"],
    ["another response type", { "response_type": "token" }, "unsupported_response_type"],
    ["a resource with a fragment", { resource: `${RESOURCE}#x` }, "invalid_target"],
    ["a resource that is none", { resource: "mcp" }, "invalid_target"],
  ];
  test.each(WRONG)("is refused with %s", async (_what, change, error) => {
    const callback = await client.approved(client.start(change));
    expect(callback.get("error")).toBe(error);
    expect(callback.has("code")).toBe(false);
  });

  test("sends nobody to an address that is not registered, but to any port of this machine", async () => {
    const to = (uri: string): Promise<URLSearchParams> => client.approved(client.start({ "redirect_uri": uri }));
    expect((await to("http://127.0.0.1:1234/callback")).has("code")).toBe(true);
    await expect(to("http://127.0.0.1:1234/other")).rejects.toThrow("not a redirect_uri");
    await expect(to("https://evil.example/callback")).rejects.toThrow("not a redirect_uri");
    as.clients.anyPort = false;
    await expect(to("http://127.0.0.1:1234/callback")).rejects.toThrow("not a redirect_uri");
    expect((await to(CALLBACK)).has("code")).toBe(true);
    as.clients.anyPort = true;
    const far = await HandClient.register(`${as.issuer}${METADATA}`, { "redirect_uris": ["http://app.example:1/"] });
    const farther = far.approved(far.start({ "redirect_uri": "http://app.example:2/" }));
    await expect(farther).rejects.toThrow("not a redirect_uri");
  });

  test("redeems a code for its own client, verifier, address and resource alone", async () => {
    const other = await HandClient.register(`${as.issuer}${METADATA}`);
    const WRONG: [change: Record<string, string>, error: string][] = [
      [{ "client_id": other.id }, "invalid_grant"],
      [{ "code_verifier": "wrong" }, "invalid_grant"],
      [{ "redirect_uri": "http://127.0.0.1:10/callback" }, "invalid_grant"],
      [{ resource: "https://other.example/mcp" }, "invalid_target"],
    ];
    for (const [change, error] of WRONG) {
      const started = client.start({ resource: RESOURCE });
      const code = (await client.approved(started)).get("code")!;
      expect(await client.redeem(code, started, change)).toMatchObject({ status: 400, json: { error } });
    }
  });

  test("grants only what it has tokens for, if it is choosy", async () => {
    as.resources = [RESOURCE];
    expect((await client.approved(client.start())).get("error")).toBe("invalid_target");
    expect((await client.signIn({ resource: RESOURCE })).access_token).toBeString();
  });

  test("gives no refresh token where it offers none", async () => {
    as.offersRefresh = false;
    expect(await client.signIn()).not.toHaveProperty("refresh_token");
  });
});

describe("the alarm", () => {
  test("is raised by a spent refresh token, and fails the test that does not take it", async () => {
    const careless = new FakeAs();
    const thief = await HandClient.register(`${careless.issuer}${METADATA}`);
    const { refresh_token: spent } = await thief.signIn();
    await thief.refresh(spent);
    expect((await thief.refresh(spent)).json.error).toBe("invalid_grant");
    expect(() => careless[Symbol.dispose]()).toThrow("a spent refresh token of family 1");
  });

  test("is raised by a spent code", async () => {
    const started = client.start();
    const code = (await client.approved(started)).get("code")!;
    const { json } = await client.redeem(code, started);
    expect((await client.redeem(code, started)).json.error).toBe("invalid_grant");
    expect(as.tokens.worth(json.access_token).kind).toBe("revoked");
    expect(as.tokens.takeAlarms()).toMatchObject([{ spent: "code" }]);
  });
});

describe("clients", () => {
  test("that register with a scope get no other", async () => {
    const narrow = await HandClient.register(`${as.issuer}${METADATA}`, { scope: "read" });
    expect((await narrow.approved(narrow.start({ scope: "read write" }))).get("error")).toBe("invalid_scope");
    expect((await narrow.signIn()).scope).toBe("read");
  });

  test("are refused as the test says, with what they sent on record", async () => {
    as.once("register", refuses("invalid_redirect_uri"));
    await expect(HandClient.register(`${as.issuer}${METADATA}`)).rejects.toThrow("invalid_redirect_uri");
    await HandClient.register(`${as.issuer}${METADATA}`, { "client_name": "second" });
    expect(as.asked("register").map(({ text }) => JSON.parse(text).client_name)).toContain("second");
  });

  test("may be described by a document at their id, if it says so itself", async () => {
    const id = "https://app.example/client.json";
    const document = { "client_id": id, "client_name": "app", "redirect_uris": [CALLBACK] };
    as.clients.documents.set(id, document);
    const started = client.start({ "client_id": id });
    const code = (await client.approved(started)).get("code")!;
    expect((await client.redeem(code, started, { "client_id": id })).status).toBe(200);
    as.clients.documents.set(id, { ...document, "client_id": "https://other.example/client.json" });
    await expect(client.approved(client.start({ "client_id": id }))).rejects.toThrow("unknown");
  });

  const SECRET = "s:e c+r%t";
  const basic = `Basic ${btoa(["one two", SECRET].map(encodeURIComponent).join(":"))}`;
  const WAYS: [method: string, form: Record<string, string>, headers: Record<string, string>][] = [
    ["client_secret_basic", {}, { authorization: basic }],
    ["client_secret_post", { "client_secret": SECRET }, {}],
    ["none", {}, {}],
    ["a wrong secret", { "client_secret": "wrong" }, {}],
    ["two ways at once", { "client_secret": SECRET }, { authorization: basic }],
  ];
  test.each(["client_secret_basic", "client_secret_post"])(
    "show who they are by %s and nothing else",
    async (method) => {
      as.clients.set("one two", {
        "client_id": "one two",
        "client_secret": SECRET,
        "token_endpoint_auth_method": method,
      });
      const grant = { "grant_type": "client_credentials", "client_id": "one two", scope: "jobs", resource: RESOURCE };
      for (const [way, form, headers] of WAYS) {
        const { status, json } = await client.token({ ...grant, ...form }, headers);
        if (way === method) expect([status, json.scope, json.refresh_token]).toEqual([200, "jobs", undefined]);
        else expect([status, json.error]).toEqual([401, "invalid_client"]);
      }
    },
  );

  test("show who they are by a signed assertion", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    as.clients.set("signer", {
      "client_id": "signer",
      "token_endpoint_auth_method": "private_key_jwt",
      jwks: { keys: [publicKey.export({ format: "jwk" })] },
    });
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const good = { iss: "signer", sub: "signer", aud: as.issuer, exp, jti: "1" };
    expect(await asserted(good, privateKey)).toBe(200);
    expect(await asserted({ ...good, aud: "https://other.example" }, privateKey)).toBe(401);
    expect(await asserted({ ...good, exp: 1 }, privateKey)).toBe(401);
    expect(await asserted({ ...good, sub: "else" }, privateKey)).toBe(401);
    expect(await asserted(good, generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)).toBe(401);
  });

  async function asserted(claims: object, key: KeyObject): Promise<number> {
    const parts = [{ alg: "ES256" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
    const signature = sign("sha256", Buffer.from(parts.join(".")), { key, dsaEncoding: "ieee-p1363" });
    const { status } = await ask(as.metadata.token_endpoint, {
      method: "POST",
      body: new URLSearchParams({
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": [...parts, signature.toString("base64url")].join("."),
      }),
    });
    return status;
  }
});

describe("a device", () => {
  let now: number;
  beforeEach(() => {
    now = Date.now();
    as.tokens.now = () => now;
  });

  async function begin(): Promise<{ poll: () => Promise<string>; complete: string }> {
    const { json } = await client.post(as.metadata.device_authorization_endpoint, { scope: "read" });
    const grantType = "urn:ietf:params:oauth:grant-type:device_code";
    const form = { "grant_type": grantType, "device_code": json.device_code };
    const poll = async (): Promise<string> => {
      const { json: answer } = await client.token(form);
      return answer.error ?? answer.scope;
    };
    return { poll, complete: json.verification_uri_complete };
  }

  test("waits for the person, is slowed down when too eager, and gets its tokens once", async () => {
    const { poll, complete } = await begin();
    expect(await poll()).toBe("authorization_pending");
    expect(await poll()).toBe("slow_down");
    expect(as.devices.devices[0]!.interval).toBe(6);
    expect((await ask(complete)).status).toBe(200);
    now += 6_000;
    expect(await poll()).toBe("read");
    expect(await poll()).toBe("invalid_grant");
  });

  test("is told when the person says no, and when the time is over", async () => {
    const { poll } = await begin();
    expect(as.devices.decide(as.devices.devices[0]!.userCode, "denied")).toBe(true);
    expect(await poll()).toBe("access_denied");
    const { poll: late } = await begin();
    now += 600_000;
    expect(await late()).toBe("expired_token");
  });
});

describe("the other endpoints", () => {
  test("revocation ends the family, introspection says what a token is worth", async () => {
    const { access_token: access, refresh_token: refresh } = await client.signIn({ scope: "read" });
    const introspect = async (): Promise<unknown> =>
      (await client.post(as.metadata.introspection_endpoint, { token: access })).json;
    expect(await introspect()).toMatchObject({ active: true, scope: "read", "client_id": client.id });
    expect((await client.post(as.metadata.revocation_endpoint, { token: refresh })).status).toBe(200);
    expect(await introspect()).toEqual({ active: false });
  });
});

describe("faults", () => {
  test("stand before one request, or before all", async () => {
    const { access_token: access, refresh_token: refresh } = await client.signIn();
    as.once("token", refuses("temporarily_unavailable", 503), html(502));
    expect((await client.refresh(refresh)).status).toBe(503);
    expect((await client.refresh(refresh)).json.text).toContain("<!doctype html>");
    as.on("token", amends((answer) => answer.expires_in = "3600"));
    const { json } = await client.refresh(refresh);
    expect(json.expires_in).toBe("3600");
    expect(as.tokens.worth(access).kind).toBe("good");
    as.on("token", swollen(2_000_000));
    expect(JSON.stringify((await client.refresh(json.refresh_token)).json).length).toBeGreaterThan(2_000_000);
  });

  test("lose the answer before or after the work", async () => {
    const { refresh_token: refresh } = await client.signIn();
    as.once("token", drops("before"));
    await expect(client.refresh(refresh)).rejects.toThrow();
    await as.seen.find(({ parameters }) => parameters.has("refresh_token"));
    expect(as.tokens.redemptions).toBe(0);
    as.once("token", drops("after"));
    await expect(client.refresh(refresh)).rejects.toThrow();
    expect(as.tokens.redemptions).toBe(1);
    expect((await client.refresh(refresh)).json.error).toBe("invalid_grant");
    expect(as.tokens.takeAlarms()).toHaveLength(1);
  });

  test("change what the browser carries back", async () => {
    as.on("authorize", returns((parameters) => parameters.set("iss", "https://evil.example")));
    expect((await client.approved(client.start())).get("iss")).toBe("https://evil.example");
    as.on("authorize", denies("access_denied"));
    const callback = await client.approved(client.start());
    expect([callback.get("error"), callback.has("code"), callback.has("state")]).toEqual([
      "access_denied",
      false,
      true,
    ]);
  });

  test("hold requests before or after the work, until the test lets them go on", async () => {
    const barrier = new Barrier();
    as.on("token", barrier.before);
    const { refresh: first } = as.issue({ client: client.id });
    const { refresh: second } = as.issue({ client: client.id });
    const answers = [client.refresh(first!), client.refresh(second!)];
    await barrier.arrived(2);
    expect(as.tokens.redemptions).toBe(0);
    barrier.pass();
    await Promise.race(answers);
    expect(as.tokens.redemptions).toBe(1);
    barrier.open();
    const [{ json }] = await Promise.all(answers) as [Awaited<(typeof answers)[0]>];
    const behind = new Barrier();
    as.on("token", behind.after);
    const late = client.refresh(json.refresh_token);
    await behind.arrived();
    expect(as.tokens.redemptions).toBe(3);
    behind.open();
    expect((await late).status).toBe(200);
  });
});

import { describe, expect, test } from "bun:test";
import { clientFor, register } from "../../../src/auth/register.ts";
import type { Discovery } from "../../../src/auth/discover.ts";
import type { Records } from "../../../src/auth/records.ts";
import type { OAuthRefusal } from "../../../src/auth/refusal.ts";
import type { Client } from "../../../src/auth/client.ts";
import type { SignInSettings } from "../../../src/auth/settings.ts";
import type { FakeWire, Page } from "../../harness/fake_wire.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";
import { clientOf, discovered, failureOf, ISSUER, toolsOf } from "./rig.ts";

const REDIRECT = "http://127.0.0.1:7777/callback";
const ENDPOINT = `${ISSUER}/register`;

interface Attempt {
  page?: Page;
  metadata?: Record<string, unknown>;
  settings?: Partial<SignInSettings>;
}

async function attempt({ page = { "client_id": "new" }, metadata = {}, settings = {} }: Attempt = {}): Promise<
  { client: Promise<Client>; wire: FakeWire }
> {
  const tools = toolsOf({ [ENDPOINT]: page });
  const client = register(await discovered(metadata), signInSettings(settings), REDIRECT, tools);
  await client.catch(() => {});
  return { client, wire: tools.wire };
}

/** What is kept of registrations: one client, until another takes its place. */
function recordsOf(client: Client): Records {
  let kept = client;
  return {
    client: () => Promise.resolve(kept),
    saveClient: (_discovery: Discovery, _redirectUri: string, next: Client) => Promise.resolve(void (kept = next)),
  } as unknown as Records;
}

describe("a client that was registered earlier", () => {
  test.each([
    ["is used as long as its secret lives", 1, "old"],
    ["is registered anew once its secret has ended", 0, "new"],
  ])("%s", async (_name, left, clientId) => {
    const tools = toolsOf({ [ENDPOINT]: { "client_id": "new" } });
    const secretExpiresAt = tools.clock.now() + left;
    const records = recordsOf(clientOf({ clientId: "old", clientSecret: "s", secretExpiresAt }));
    for (let times = 0; times < 2; times++) {
      const client = await clientFor(records, await discovered(), signInSettings(), REDIRECT, tools);
      expect(client.clientId).toBe(clientId);
    }
    expect(tools.wire.urls).toEqual(clientId === "new" ? [ENDPOINT] : []);
  });
});

const DOCUMENT = new URL("https://client.example.com/mcp-bridge.json");

describe("the best way to be known is taken", () => {
  const TABLE: [name: string, attempt: Attempt, kind: Client["kind"], clientId: string][] = [
    [
      "the person's client",
      { settings: { clientInfo: { "client_id": "given" }, clientMetadataUrl: DOCUMENT } },
      "static",
      "given",
    ],
    [
      "a document",
      { metadata: { "client_id_metadata_document_supported": true }, settings: { clientMetadataUrl: DOCUMENT } },
      "document",
      DOCUMENT.href,
    ],
    ["registration where documents are not taken", { settings: { clientMetadataUrl: DOCUMENT } }, "dynamic", "new"],
    [
      "registration without a document",
      { metadata: { "client_id_metadata_document_supported": true } },
      "dynamic",
      "new",
    ],
  ];
  test.each(TABLE)("%s", async (_name, given, kind, clientId) => {
    const { client, wire } = await attempt(given);
    expect(await client).toMatchObject({ kind, clientId, issuer: ISSUER });
    expect(wire.urls).toEqual(kind === "dynamic" ? [ENDPOINT] : []);
  });

  test("and where there is none, the person is told how to give one", async () => {
    const { client } = await attempt({ metadata: { "registration_endpoint": undefined } });
    const error = await failureOf(client);
    expect(error.code).toBe("registration_refused");
    expect(error.hint).toContain("--static-oauth-client-info");
    expect(error.hint).toContain(REDIRECT);
  });
});

describe("what is registered", () => {
  test("is a native client without a scope", async () => {
    const { wire } = await attempt();
    const [{ method, headers, body }] = wire.asked as [FakeWire["asked"][number]];
    expect(method).toBe("POST");
    expect(headers.get("content-type")).toBe("application/json");
    expect(JSON.parse(body)).toEqual({
      "client_name": "mcp-bridge",
      "application_type": "native",
      "redirect_uris": [REDIRECT],
      "grant_types": ["authorization_code", "refresh_token"],
      "response_types": ["code"],
      "token_endpoint_auth_method": "none",
    });
  });

  test("is what the person says in its place", async () => {
    const { wire } = await attempt({ settings: { clientMetadata: { "client_name": "mine", scope: "a" } } });
    expect(JSON.parse(wire.asked[0]!.body)).toMatchObject({
      "client_name": "mine",
      scope: "a",
      "redirect_uris": [REDIRECT],
    });
  });

  test("has the grant of devices", async () => {
    const { wire } = await attempt({ settings: { grant: "device_code" } });
    expect(JSON.parse(wire.asked[0]!.body)).toMatchObject({
      "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
      "response_types": [],
    });
  });

  const METHODS: [supported: unknown, method: string][] = [
    [undefined, "none"],
    [["none", "client_secret_basic"], "none"],
    [["client_secret_post", "client_secret_basic"], "client_secret_basic"],
    [["client_secret_post"], "client_secret_post"],
    [["tls_client_auth"], "none"],
  ];
  test.each(METHODS)("authenticates, where the server takes %j, by %s", async (supported, method) => {
    const { wire } = await attempt({ metadata: { "token_endpoint_auth_methods_supported": supported } });
    expect(JSON.parse(wire.asked[0]!.body).token_endpoint_auth_method).toBe(method);
  });
});

describe("a refused registration", () => {
  function refusing(...answers: (Response | object)[]): Page {
    return () => answers.shift() ?? { "client_id": "new" };
  }
  function no(error: string, status = 400): Response {
    return Response.json({ error, "error_description": "no\u001b[31m" }, { status });
  }

  test("is tried once more with what is needed", async () => {
    const { client, wire } = await attempt({
      page: refusing(no("invalid_client_metadata")),
      settings: { clientMetadata: { scope: "a" } },
    });
    expect(await client).toMatchObject({ clientId: "new", redirectUris: [REDIRECT] });
    expect(JSON.parse(wire.asked[1]!.body)).toEqual({
      "client_name": "mcp-bridge",
      "redirect_uris": [REDIRECT],
      scope: "a",
    });
  });

  test("is tried once more with this machine's name", async () => {
    const { client, wire } = await attempt({ page: refusing(no("invalid_redirect_uri")) });
    const byName = "http://localhost:7777/callback";
    expect((await client).redirectUris).toEqual([byName]);
    expect(JSON.parse(wire.asked[1]!.body)).toMatchObject({ "redirect_uris": [byName], "application_type": "native" });
  });

  test("and refused again is an error that quotes the server", async () => {
    const { client, wire } = await attempt({
      page: refusing(no("invalid_client_metadata"), no("unapproved_software_statement")),
    });
    const error = await failureOf(client) as OAuthRefusal;
    expect(wire.asked.length).toBe(2);
    expect(error).toMatchObject({ code: "registration_refused", oauthError: "unapproved_software_statement" });
    expect(error.message).toContain('"no\\u001b[31m"');
    expect(error.hint).toContain("--static-oauth-client-info");
  });

  test.each([401, 403, 404, 500, 503, 429])("with %d is not tried again", async (status) => {
    const { client, wire } = await attempt({ page: () => no("access_denied", status) });
    const error = await failureOf(client);
    expect(error.code).toBe(status >= 429 ? "http_status" : "registration_refused");
    expect(wire.asked.length).toBe(1);
  });
});

describe("of what the server says of the client, only what is known is kept", () => {
  const EXPIRY = 1_800_000_000;
  const TABLE: [said: unknown, kept: Partial<Client> | "refused"][] = [
    [{ "client_id": "c" }, { authMethod: "none" }],
    [{ "client_id": "c", "client_secret": "" }, { authMethod: "none" }],
    [{ "client_id": "c", "client_secret": null }, { authMethod: "none" }],
    [{ "client_id": "c", "client_secret": "s" }, { clientSecret: "s", authMethod: "client_secret_basic" }],
    [{ "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post" }, {
      clientSecret: "s",
      authMethod: "client_secret_post",
    }],
    [{ "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "none" }, {
      clientSecret: "s",
      authMethod: "none",
    }],
    [{ "client_id": "c", "token_endpoint_auth_method": "client_secret_basic" }, { authMethod: "none" }],
    [{ "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "private_key_jwt" }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{ "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": ["none"] }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{ "client_id": "c", "client_secret": "s", "client_secret_expires_at": EXPIRY }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
      secretExpiresAt: EXPIRY * 1_000,
    }],
    [{ "client_id": "c", "client_secret": "s", "client_secret_expires_at": 0 }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{ "client_id": "c", "client_secret": "s", "client_secret_expires_at": 1e300 }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{ "client_id": "c", "client_secret": "s", "client_secret_expires_at": 8_640_000_000_001 }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{ "client_id": "c", "client_secret": "s", "client_secret_expires_at": "soon" }, {
      clientSecret: "s",
      authMethod: "client_secret_basic",
    }],
    [{
      "client_id": "c",
      issuer: "https://evil.example.com",
      kind: "static",
      privateKey: "x",
      "redirect_uris": ["https://evil.example.com/"],
      "registration_access_token": "r",
      __proto__: { a: 1 },
    }, { authMethod: "none" }],
    [{}, "refused"],
    [{ "client_id": "" }, "refused"],
    [{ "client_id": 7 }, "refused"],
    [{ "client_id": ["c"] }, "refused"],
    [{ "client_id": "c".repeat(4_097) }, "refused"],
    [{ "client_id": "c", "client_secret": 7 }, "refused"],
    [[], "refused"],
  ];
  test.each(TABLE)("%j", async (said, kept) => {
    const { client } = await attempt({ page: said as object });
    if (kept === "refused") {
      const error = await failureOf(client);
      expect(error.code).toBe("registration_refused");
    } else {
      expect(await client).toEqual({
        issuer: ISSUER,
        clientId: "c",
        kind: "dynamic",
        redirectUris: [REDIRECT],
        ...kept,
      } as Client);
    }
  });

  test.each(["null", "7", "<html>", ""])("%j is no client", async (text) => {
    const { client } = await attempt({ page: new Response(text) });
    expect((await failureOf(client)).code).toBe("registration_refused");
  });
});

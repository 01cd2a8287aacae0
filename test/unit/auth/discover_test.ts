import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { ask, type AuthTools } from "../../../src/auth/ask.ts";
import { discover, type Discovery, type DiscoveryWatch, type Step } from "../../../src/auth/discover.ts";
import { createGate } from "../../../src/net/gate.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import type { FakeClock } from "../../harness/fake_clock.ts";
import type { Page } from "../../harness/fake_wire.ts";
import { failureOf, ISSUER, METADATA, metadataOf, NEAR, ODD, PRM, resourceOf, SERVER, toolsOf } from "./rig.ts";

const ORIGIN = "https://mcp.example.com";
const WELL_KNOWN = `${ORIGIN}/.well-known`;

function found(pages: Record<string, Page>, server = SERVER): Promise<Discovery> {
  return discover(server, undefined, toolsOf(pages));
}

test("who watches is told each address that was asked and who was named, also where the search fails", async () => {
  const asked: Step[] = [];
  const named: unknown[] = [];
  const watch: DiscoveryWatch = {
    onasked: (step) => void asked.push(step),
    onnamed: (...said) => void named.push(said),
  };
  const error = await failureOf(discover(SERVER, undefined, { ...toolsOf({ [PRM]: resourceOf() }), watch }));
  expect(error.code).toBe("bad_metadata");
  expect(asked).toEqual([
    { url: PRM, status: 200 },
    { url: METADATA, status: 404 },
    { url: `${ISSUER}/.well-known/openid-configuration`, status: 404 },
  ]);
  expect(named).toEqual([[[ISSUER], true]]);
});

describe("where metadata are looked for", () => {
  test("first where the challenge says", async () => {
    const there = "https://elsewhere.example.com/prm";
    const tools = toolsOf({ [there]: resourceOf(), [METADATA]: metadataOf() });
    const discovery = await discover(SERVER, { scheme: "bearer", resourceMetadata: there }, tools);
    expect(tools.wire.urls).toEqual([there, METADATA]);
    expect(discovery).toMatchObject({ issuer: ISSUER, resource: SERVER.href, pkce: "said", isFallback: false });
    expect(discovery.steps).toEqual([{ url: there, status: 200 }, { url: METADATA, status: 200 }]);
  });

  test("then at the well-known places of the server, the path's before the host's, each once", async () => {
    const tools = toolsOf({});
    await discover(SERVER, { scheme: "bearer", resourceMetadata: PRM }, tools);
    expect(tools.wire.urls).toEqual([
      PRM,
      `${WELL_KNOWN}/oauth-protected-resource`,
      `${WELL_KNOWN}/oauth-authorization-server`,
      `${WELL_KNOWN}/openid-configuration`,
    ]);
  });

  const PLACES: [server: string, places: string[]][] = [
    ["https://h.example.com/", ["/.well-known/oauth-protected-resource"]],
    ["https://h.example.com/a/b/", [
      "/.well-known/oauth-protected-resource/a/b/",
      "/.well-known/oauth-protected-resource",
    ]],
    ["https://h.example.com/mcp?x=1", [
      "/.well-known/oauth-protected-resource/mcp?x=1",
      "/.well-known/oauth-protected-resource",
    ]],
    ["https://h.example.com//evil.example/x", [
      "/.well-known/oauth-protected-resource//evil.example/x",
      "/.well-known/oauth-protected-resource",
    ]],
  ];
  test.each(PLACES)("of the server %s", async (server, places) => {
    const tools = toolsOf({});
    await discover(new URL(server), undefined, tools);
    expect(tools.wire.urls.slice(0, places.length)).toEqual(places.map((place) => `https://h.example.com${place}`));
  });

  const SERVERS: [issuer: string, places: string[]][] = [
    [ISSUER, ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]],
    [`${ISSUER}/`, ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]],
    [`${ISSUER}/t/1`, [
      "/.well-known/oauth-authorization-server/t/1",
      "/.well-known/openid-configuration/t/1",
      "/t/1/.well-known/openid-configuration",
    ]],
    [`${ISSUER}/t/`, [
      "/.well-known/oauth-authorization-server/t",
      "/.well-known/openid-configuration/t",
      "/t/.well-known/openid-configuration",
    ]],
  ];
  test.each(SERVERS)("of the authorization server %s", async (issuer, places) => {
    const tools = toolsOf({ [PRM]: resourceOf({ "authorization_servers": [issuer] }) });
    await failureOf(discover(SERVER, undefined, tools));
    expect(tools.wire.urls.slice(1)).toEqual(places.map((place) => ISSUER + place));
    for (const place of places) {
      const there = {
        [PRM]: resourceOf({ "authorization_servers": [issuer] }),
        [ISSUER + place]: metadataOf({ issuer }),
      };
      expect((await found(there)).issuer).toBe(issuer);
    }
  });

  test("a page that is no metadata, whatever its status, does not end the search", async () => {
    const pages: Page[] = [
      new Response("<html>", { headers: { "content-type": "text/html" } }),
      { error: "not found" },
      [],
      401,
      403,
      204,
      () => new BridgeError("bad_answer", "the server redirects to another origin"),
    ];
    for (const page of pages) {
      const pagesThere = {
        [PRM]: page,
        [`${WELL_KNOWN}/oauth-protected-resource`]: resourceOf(),
        [METADATA]: metadataOf(),
      };
      expect((await found(pagesThere)).issuer).toBe(ISSUER);
    }
  });
});

describe("without published metadata the server signs people in itself, as in 2025-03-26", () => {
  test("at paths of custom where it publishes nothing at all", async () => {
    const discovery = await found({});
    expect(discovery).toMatchObject({
      issuer: ORIGIN,
      resource: `${ORIGIN}/mcp`,
      pkce: "assumed",
      isFallback: true,
      metadata: {
        authorizationEndpoint: `${ORIGIN}/authorize`,
        tokenEndpoint: `${ORIGIN}/token`,
        registrationEndpoint: `${ORIGIN}/register`,
      },
    });
  });

  test.each([ORIGIN, `${ORIGIN}/`])("by its authorization metadata of %s", async (issuer) => {
    const discovery = await found({ [`${WELL_KNOWN}/oauth-authorization-server`]: metadataOf({ issuer }) });
    expect(discovery).toMatchObject({ issuer, isFallback: false, pkce: "said" });
  });

  test("but not because a place was in trouble", async () => {
    for (const place of [PRM, `${WELL_KNOWN}/oauth-protected-resource`, `${WELL_KNOWN}/oauth-authorization-server`]) {
      for (const page of [500, 503, 429]) {
        const error = await failureOf(found({ [place]: page }));
        expect(error.code).toBe("bad_metadata");
        expect(error.message).toContain(String(page));
      }
      const gone = await failureOf(found({ [place]: () => new BridgeError("unreachable", "gone") }));
      expect([gone.code, gone.message]).toEqual(["unreachable", "gone"]);
    }
  });

  test("nor because the authorization server that it names publishes nothing", async () => {
    expect((await failureOf(found({ [PRM]: resourceOf() }))).code).toBe("bad_metadata");
  });
});

describe("the resource is the server, verbatim", () => {
  const FINE: [server: string, resource: string][] = [
    ["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"],
    ["https://mcp.example.com/mcp", "https://mcp.example.com/mcp/"],
    ["https://mcp.example.com/mcp/", "https://mcp.example.com/mcp"],
    ["https://mcp.example.com/mcp", "https://mcp.example.com"],
    ["https://mcp.example.com/mcp", "https://mcp.example.com/"],
    ["https://mcp.example.com/mcp", "HTTPS://MCP.example.com:443/mcp"],
    ["https://mcp.example.com/a/b", "https://mcp.example.com/a"],
    ["https://mcp.example.com/mcp?x=1", "https://mcp.example.com/mcp?x=1"],
    ["https://mcp.example.com/mcp?x=1", "https://mcp.example.com/mcp"],
  ];
  test.each(FINE)("%s may be %s", async (server, resource) => {
    const pages = { [`${WELL_KNOWN}/oauth-protected-resource`]: resourceOf({ resource }), [METADATA]: metadataOf() };
    expect((await found(pages, new URL(server))).resource).toBe(resource);
  });

  const FOREIGN = [
    "https://evil.example.com/mcp",
    "https://mcp.example.com.evil.example/mcp",
    "http://mcp.example.com/mcp",
    "https://mcp.example.com:8443/mcp",
    "https://mcp.example.com/mcp2",
    "https://mcp.example.com/mc",
    "https://mcp.example.com/mcp/deeper",
    "https://mcp.example.com/mcp?x=1",
    "https://mcp.example.com/mcp#x",
    "https://mcp.example.com/mcp#",
    "https://user@mcp.example.com/mcp",
    "https://mcp.example.com/other/../mcp2",
    "mcp.example.com",
    "",
  ];
  test.each(FOREIGN)("%j is another one, and no authorization server is asked", async (resource) => {
    const tools = toolsOf({ [PRM]: resourceOf({ resource }), [METADATA]: metadataOf() });
    const error = await failureOf(discover(SERVER, undefined, tools));
    expect(error.code).toBe("bad_metadata");
    expect(error.message).toContain(JSON.stringify(resource));
    expect(tools.wire.urls).toEqual([PRM]);
  });
});

describe("an issuer is the one that was asked for", () => {
  const TABLE: [asked: string, said: unknown, isFine: boolean][] = [
    [ISSUER, ISSUER, true],
    [`${ISSUER}/`, `${ISSUER}/`, true],
    [`${ISSUER}/`, ISSUER, true],
    [ISSUER, `${ISSUER}/`, false],
    [ISSUER, "https://AS.example.com", false],
    [ISSUER, "https://as.example.com:443", false],
    [ISSUER, "http://as.example.com", false],
    [ISSUER, "https://as.example.com/tenant", false],
    [ISSUER, "https://evil.example.com", false],
    [ISSUER, undefined, false],
    [ISSUER, 7, false],
    [ISSUER, [ISSUER], false],
  ];
  test.each(TABLE)("%s, and the metadata say %j", async (asked, said, isFine) => {
    const pages = { [PRM]: resourceOf({ "authorization_servers": [asked] }), [METADATA]: metadataOf({ issuer: said }) };
    if (isFine) expect((await found(pages)).issuer).toBe(said as string);
    else expect((await failureOf(found(pages))).code).toBe("bad_metadata");
  });

  test("and of Entra ID's for all tenants the tenant is a blank", async () => {
    const issuer = "https://login.microsoftonline.com/common/v2.0";
    const pages = {
      [PRM]: resourceOf({ "authorization_servers": [issuer] }),
      [`${issuer}/.well-known/openid-configuration`]: metadataOf({
        issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
        "code_challenge_methods_supported": undefined,
      }),
    };
    expect(await found(pages)).toMatchObject({ pkce: "assumed" });
  });
});

describe("of several authorization servers", () => {
  const SECOND = "https://second.example.com";
  const pages = {
    [PRM]: resourceOf({ "authorization_servers": [ISSUER, SECOND] }),
    [METADATA]: metadataOf(),
    [`${SECOND}/.well-known/oauth-authorization-server`]: metadataOf({ issuer: SECOND }),
  };
  test("the first is taken", async () => expect((await found(pages)).issuer).toBe(ISSUER));

  test("or the preferred one, as long as the server names it", async () => {
    expect((await discover(SERVER, undefined, { ...toolsOf(pages), preferredIssuer: SECOND })).issuer).toBe(SECOND);
    const other = { ...toolsOf(pages), preferredIssuer: "https://third.example.com" };
    expect((await discover(SERVER, undefined, other)).issuer).toBe(ISSUER);
  });

  test("or the next, where the first publishes nothing", async () => {
    expect((await found({ ...pages, [METADATA]: 404 })).issuer).toBe(SECOND);
  });
});

describe("PKCE is what the metadata promise", () => {
  const TABLE: [methods: unknown, pkce: Discovery["pkce"]][] = [
    [["S256"], "said"],
    [["plain", "S256"], "said"],
    [["plain"], "none"],
    [[], "none"],
    [undefined, "none"],
    [null, "none"],
    ["S256", "none"],
    [{ S256: true }, "none"],
    [["s256"], "none"],
    [[["S256"]], "none"],
  ];
  test.each(TABLE)("%j", async (methods, pkce) => {
    const pages = { [PRM]: resourceOf(), [METADATA]: metadataOf({ "code_challenge_methods_supported": methods }) };
    expect((await found(pages)).pkce).toBe(pkce);
  });
});

describe("hostile documents", () => {
  const SHAPES: [name: string, more: Record<string, unknown>][] = [
    ["token_endpoint", { "token_endpoint": 7 }],
    ["authorization_endpoint", { "authorization_endpoint": ["https://as.example.com"] }],
    ["scopes_supported", { "scopes_supported": "a b" }],
    ["scopes_supported.1", { "scopes_supported": ["a", 1] }],
    ["client_id_metadata_document_supported", { "client_id_metadata_document_supported": "true" }],
    ["authorization_response_iss_parameter_supported", { "authorization_response_iss_parameter_supported": 1 }],
  ];
  test.each(SHAPES)("a wrong %s is named", async (name, more) => {
    const error = await failureOf(found({ [PRM]: resourceOf(), [METADATA]: metadataOf(more) }));
    expect(error.code).toBe("bad_metadata");
    expect(error.message).toContain(`"${name}"`);
  });

  test.each<[string, Record<string, unknown>]>([
    ["resource", { resource: 7 }],
    ["resource", { resource: undefined }],
    ["authorization_servers", { "authorization_servers": ISSUER }],
    ["scopes_supported.0", { "scopes_supported": [{}] }],
  ])("a wrong %s of the server is named", async (name, more) => {
    const error = await failureOf(found({ [PRM]: resourceOf(more) }));
    expect(error.code).toBe("bad_metadata");
    expect(error.message).toContain(`"${name}"`);
  });

  test("null stands for nothing", async () => {
    const nothing = { "registration_endpoint": null, "scopes_supported": null, "grant_types_supported": null };
    const { metadata } = await found({
      [PRM]: resourceOf({ "scopes_supported": null }),
      [METADATA]: metadataOf(nothing),
    });
    expect(Object.keys(metadata)).not.toContain("registrationEndpoint");
    expect(Object.keys(metadata)).not.toContain("scopesSupported");
  });

  const FIELDS = [
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
  ];
  const BAD = [...NEAR, ...ODD];
  test.each(FIELDS)("of a bad %s nothing is called", async (field) => {
    for (const address of BAD) {
      const tools = toolsOf({ [PRM]: resourceOf(), [METADATA]: metadataOf({ [field]: address }) });
      expect((await failureOf(discover(SERVER, undefined, tools))).code).toBe("unsafe_address");
      expect(tools.wire.urls).toEqual([PRM, METADATA]);
    }
  });

  test("a bad authorization server is not asked, nor are bad resource_metadata", async () => {
    for (const address of BAD) {
      const tools = toolsOf({ [PRM]: resourceOf({ "authorization_servers": [address] }) });
      expect((await failureOf(discover(SERVER, undefined, tools))).code).toBe("unsafe_address");
      expect(tools.wire.urls).toEqual([PRM]);
      const challenged = discover(SERVER, { scheme: "bearer", resourceMetadata: address }, tools);
      expect((await failureOf(challenged)).code).toBe("unsafe_address");
      expect(tools.wire.urls).toEqual([PRM]);
    }
  });

  test("prototypes, doubled keys, numbers without end and halves of signs change nothing", async () => {
    const text = JSON.stringify(metadataOf()).slice(0, -1) +
      `,"__proto__":{"takesDocuments":true},"x":1e999,"y":"\\ud800","token_endpoint":"${ISSUER}/last"}`;
    const { metadata } = await found({ [PRM]: resourceOf(), [METADATA]: new Response(text) });
    expect(metadata.takesDocuments).toBe(false);
    expect(metadata.tokenEndpoint).toBe(`${ISSUER}/last`);
    expect(JSON.stringify(metadata)).not.toContain("1e999");
  });

  test("a document nested without end is none", async () => {
    const deep = new Response("[".repeat(500_000));
    const nested = new Response(`{"resource":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    expect((await found({ [PRM]: deep })).isFallback).toBe(true);
    expect((await failureOf(found({ [PRM]: nested }))).code).toBe("bad_metadata");
  });

  test("texts of theirs are shown in quotes, on one line", async () => {
    const evil = "https://\u001b]8;;x\u0007\r\n\u202e/";
    const worlds: Record<string, Page>[] = [
      { [PRM]: resourceOf({ resource: evil }) },
      { [PRM]: resourceOf(), [METADATA]: metadataOf({ issuer: evil }) },
    ];
    for (const pages of worlds) {
      // deno-lint-ignore no-control-regex
      expect((await failureOf(found(pages))).message).not.toMatch(/[\x00-\x1f\u202e]/);
    }
  });
});

describe("one question", () => {
  function gateTools(): AuthTools & { clock: FakeClock } {
    const wire = createGate({
      clock: systemClock,
      budget: new Budget(64 * 1_048_576),
      tls: { rejectUnauthorized: true },
      cookies: undefined,
      ipv4: false,
      connectTimeout: 10_000,
      headersTimeout: 0,
    });
    return { ...toolsOf(), wire };
  }

  test("is given up after ten seconds, in the middle of an answer too", async () => {
    const begun = Promise.withResolvers<void>();
    const body = new ReadableStream({
      start(controller): void {
        controller.enqueue(new TextEncoder().encode("{"));
        begun.resolve();
      },
    });
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body) });
    const tools = gateTools();
    const failure = failureOf(ask({ url: server.url }, tools));
    await begun.promise;
    await tools.clock.pass(10_000);
    expect((await failure).code).toBe("timed_out");
  });

  test("is given up when the caller says so", async () => {
    const asked = Promise.withResolvers<void>();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(): Promise<Response> {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const abort = new AbortController();
    const answer = ask({ url: server.url }, { ...gateTools(), signal: abort.signal }).catch((thrown) => thrown);
    await asked.promise;
    abort.abort("enough");
    expect(await answer).toBe("enough");
  });

  test.each(["plain", "gzip"])("has an answer of a mebibyte at most: %s", async (coding) => {
    const page = (size: number): Response => {
      const bytes = new Uint8Array(size).fill(32);
      if (coding === "plain") return new Response(bytes);
      return new Response(gzipSync(bytes), { headers: { "content-encoding": coding } });
    };
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => page(Number(new URL(request.url).pathname.slice(1))),
    });
    const error = await failureOf(ask({ url: new URL("/1048577", server.url) }, gateTools()));
    expect(error.code).toBe("too_large");
    expect(error.hint).not.toContain("--max-message");
    expect((await ask({ url: new URL("/1048576", server.url) }, gateTools())).status).toBe(200);
    expect((await failureOf(ask({ url: new URL("/67108864", server.url) }, gateTools()))).code).toBe("too_large");
  });

  test("takes no secret to another origin", async () => {
    let hits = 0;
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(`${++hits}`) });
    for (const status of [301, 302, 303, 307, 308]) {
      using server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: () => new Response(null, { status, headers: { location: other.url.href } }),
      });
      const body = new URLSearchParams({ "refresh_token": "sentinel" });
      expect((await failureOf(ask({ url: server.url, body }, gateTools()))).code).toBe("bad_answer");
    }
    expect(hits).toBe(0);
  });
});

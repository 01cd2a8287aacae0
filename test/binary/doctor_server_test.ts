/** `mcp-bridge doctor` at servers that are well, and at ones that are not: each time the check that says so. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { answers, Barrier, refuses } from "../harness/as_faults.ts";
import { type Certificate, Certificates } from "../harness/certificates.ts";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { isAbsent } from "../harness/daemon.ts";
import { EraMcp } from "../harness/era_mcp.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import { Executable, outcomeOf, type Surroundings } from "../harness/executable.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";
import { FaultProxy } from "../harness/fault_proxy.ts";
import { Home } from "../harness/home.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { FAR_NAME, Squid } from "../harness/squid.ts";

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());
const { authority } = certificates;
const good = certificates.sign("good", "DNS:localhost,IP:127.0.0.1", 60);

/** One check's word in the report. */
interface Found {
  readonly code: string;
  readonly result: string;
  readonly text: string;
  readonly fault?: string;
  readonly cure?: string;
  readonly blockedBy?: string;
  // deno-lint-ignore no-explicit-any
  readonly details?: any;
}

/** What the doctor says. */
interface Said {
  /** The checks of the server, by code. */
  readonly found: Readonly<Record<string, Found>>;
  readonly exitCode: number;
  /** How long it says that all took, in ms. */
  readonly ms: number;
  /** All that it printed. */
  readonly output: string;
}

/** Has the doctor look at a server. */
async function lookAt(server: string, flags: readonly string[] = [], surroundings: Surroundings = {}): Promise<Said> {
  const { stdout, stderr, exitCode } = await outcomeOf(surroundings, "doctor", server, "--json", ...flags);
  const report = JSON.parse(stdout) as { checks: Found[]; summary: { ms: number } };
  return {
    found: Object.fromEntries(report.checks.map((check) => [check.code, check])),
    exitCode,
    ms: report.summary.ms,
    output: stdout + stderr,
  };
}

/** The name of what a check has found: its fault, else its result. */
function wordOf({ found }: Said, code: string): string {
  return found[code]?.fault ?? found[code]?.result ?? "nothing";
}

/** Serves over TLS with a certificate. */
function served({ cert, key }: Certificate): FakeMcp {
  return new FakeMcp(0, { cert: Bun.file(cert), key: Bun.file(key) });
}

/** Serves one answer to everything, in a `using`. */
function answering(answer: (request: Request) => Response): { url: string } & Disposable {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: answer });
  return { url: `http://127.0.0.1:${server.port}/mcp`, [Symbol.dispose]: () => void server.stop(true) };
}

function page(status = 200): Response {
  return new Response("<title>Hotel</title>", { status, headers: { "content-type": "text/html" } });
}

describe("a server that is well", () => {
  test("is found so within a second, and its session is ended", async () => {
    using server = new FakeMcp();
    const said = await lookAt(server.url);
    expect(Object.values(said.found).filter(({ code }) => code.startsWith("server-")).map(({ result }) => result))
      .not.toContain("fail");
    expect(said.found["server-session"]).toMatchObject({
      result: "ok",
      details: { name: "fake", revision: "2025-11-25", transport: "Streamable HTTP", isTranslated: false },
    });
    for (const code of ["callback-port", "server-metadata", "token-refresh"]) {
      expect(said.found[code]).toMatchObject({ result: "skip", text: "the server asks for no sign-in" });
    }
    expect([server.opened, server.deleted]).toEqual([1, 1]);
    expect(said.ms).toBeLessThan(1_000);
  });

  test("over TLS has its signer and its last day told, whoever is trusted by which means", async () => {
    using server = served(good);
    for (
      const [flags, env] of [[["--ca", authority.cert], {}], [[], { NODE_EXTRA_CA_CERTS: authority.cert }]] as const
    ) {
      const said = await lookAt(server.url, flags, { env });
      expect(said.found["server-tls"]).toMatchObject({ result: "ok", details: { protocol: "TLSv1.3" } });
      expect(said.found["server-tls"]!.text).toContain('signed by "test authority", good until 20');
      expect(said.found["server-session"]!.result).toBe("ok");
    }
  });

  test("without a handshake is said to be translated", async () => {
    using server = new EraMcp("modern");
    const said = await lookAt(server.url);
    expect(said.found["server-session"]).toMatchObject({ result: "ok", details: { isTranslated: true } });
    expect(said.found["server-session"]!.text).toContain("2026-07-28");
  });

  test("of the retired transport is said to be so, with the flag that saves a try", async () => {
    await using server = await EverythingServer.start("sse");
    const said = await lookAt(server.url);
    expect(said.found["server-session"]).toMatchObject({ result: "ok" });
    expect(said.found["server-session"]!.text).toContain('HTTP+SSE transport alone; "--transport sse-only"');
  });

  test("on a WebSocket is reached as it is", async () => {
    using server = new FakeWebSocket();
    const said = await lookAt(server.url);
    expect(said.found["server-session"]!.text).toEndWith(" over a WebSocket");
    expect(said.exitCode).toBe(0);
  });

  test("in a program is started, and ends", async () => {
    const answer = '{"jsonrpc":"2.0","id":"mcp-bridge:doctor","result":{"protocolVersion":"2025-11-25",' +
      '"capabilities":{},"serverInfo":{"name":"small","version":"2"}}}';
    const { stdout } = await outcomeOf({}, "doctor", "--json", "--", "sh", "-c", `read line; echo '${answer}'; cat`);
    const { checks } = JSON.parse(stdout) as { checks: Found[] };
    expect(checks.find(({ code }) => code === "program-session")?.text).toBe(
      '"small" 2 speaks MCP 2025-11-25 over stdio',
    );
  });

  test("gets the headers that are given, which nobody else sees", async () => {
    using server = new FakeMcp();
    const said = await lookAt(server.url, ["--header", "x-api-key: hunter2"]);
    expect(server.seen.items.every(({ headers }) => headers.get("x-api-key") === "hunter2")).toBeTrue();
    expect(said.output).not.toContain("hunter2");
  });
});

describe("on the way to a server", () => {
  test("a name without an address is told, and nothing after it is tried", async () => {
    const said = await lookAt("https://nowhere.invalid/mcp");
    expect([wordOf(said, "server-dns"), said.exitCode]).toEqual(["no_address", 1]);
    expect(said.found["server-session"]!.blockedBy).toBe("server-dns");
  });

  test.skipIf(process.platform !== "linux")("a name that leads where no network does is told", async () => {
    using home = new Home();
    const hosts = join(home.folder, "hosts");
    await Bun.write(hosts, "192.0.2.7 mcp.bridge.test\n");
    // Of a network of its own, with a file of names in the place of the system's.
    const before = ["unshare", "-rmn", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
    const said = await lookAt("https://mcp.bridge.test/mcp", [], { before });
    expect(said.found["server-dns"]).toMatchObject({ result: "ok", text: "192.0.2.7" });
    expect(wordOf(said, "server-tcp")).toBe("no_way");
  });

  test("a port where nothing listens is told", async () => {
    const said = await lookAt("http://127.0.0.1:1/mcp");
    expect([wordOf(said, "server-tcp"), said.exitCode]).toEqual(["refused", 1]);
  });

  for (
    const [name, fault, make, trusts] of [
      ["expired", "expired", (): Certificate => certificates.sign("old", "IP:127.0.0.1", -1), true],
      ["for another host", "wrong_name", (): Certificate => certificates.sign("other", "DNS:other.example"), true],
      ["of an unknown authority", "unknown_authority", (): Certificate => good, false],
      ["signed by itself", "self_signed", (): Certificate => certificates.selfSigned("self"), false],
    ] as const
  ) {
    test(`a certificate that is ${name} is told, with what cures it, and no request follows`, async () => {
      using server = served(make());
      const said = await lookAt(server.url, trusts ? ["--ca", authority.cert] : []);
      expect([wordOf(said, "server-tls"), said.exitCode]).toEqual([fault, 1]);
      expect(said.found["server-tls"]!.cure).toBeString();
      expect(server.seen.items).toEqual([]);
    });
  }

  test("a certificate of a known product in between is named by it", async () => {
    using company = new Certificates("Zscaler Root CA");
    using server = served(company.sign("any", "IP:127.0.0.1"));
    const said = await lookAt(server.url);
    expect(wordOf(said, "server-tls")).toBe("intercepted");
    expect(said.found["server-tls"]!.text).toStartWith("Zscaler opens connections to 127.0.0.1");
    expect(said.found["server-tls"]!.cure).toContain("--ca FILE");
  });

  test("a certificate that ends soon is a warning", async () => {
    using server = served(certificates.sign("short", "IP:127.0.0.1", 3));
    const said = await lookAt(server.url, ["--ca", authority.cert]);
    expect([wordOf(said, "server-tls"), wordOf(said, "server-session")]).toEqual(["expires_soon", "ok"]);
  });

  test("--insecure is a warning that says what is not looked at", async () => {
    using server = served(certificates.selfSigned("insecure"));
    const said = await lookAt(server.url, ["--insecure"]);
    expect([wordOf(said, "server-tls"), wordOf(said, "server-session")]).toEqual(["not_checked", "ok"]);
    expect(said.found["server-tls"]!.text).toContain("and it is not checked");
  });

  test("a machine that listens and does not speak HTTP is told", async () => {
    const server = createServer((socket) => void socket.end("SSH-2.0-OpenSSH_9.6\r\n")).listen(0, "127.0.0.1");
    const said = await lookAt(`http://127.0.0.1:${(server.address() as { port: number }).port}/mcp`);
    server.close();
    expect([wordOf(said, "server-http"), said.exitCode]).toEqual(["bad_answer", 1]);
  });

  test("a server that wants a certificate of ours is told, with the flags", async () => {
    const { cert, key } = good;
    const tls = { cert: Bun.file(cert), key: Bun.file(key), ca: Bun.file(authority.cert) };
    using server = new FakeMcp(0, { ...tls, requestCert: true, rejectUnauthorized: true });
    const said = await lookAt(server.url, ["--ca", authority.cert]);
    expect([wordOf(said, "server-tls"), wordOf(said, "server-http")]).toEqual(["ok", "client_certificate"]);
    const client = certificates.sign("client", "DNS:client");
    const flags = ["--ca", authority.cert, "--cert", client.cert, "--key", client.key];
    expect(wordOf(await lookAt(server.url, flags), "server-session")).toBe("ok");
  });

  test("a proxy that opens what passes is named by its certificate, and no request follows", async () => {
    using company = new Certificates("ca.acme.goskope.com");
    using proxy = await FaultProxy.start();
    using inspector = served(company.sign("inspector", "DNS:mcp.example.com"));
    proxy.leadsTo = inspector.port;
    const env = { HTTPS_PROXY: proxy.url };
    const said = await lookAt("https://mcp.example.com/mcp", [], { env });
    expect([wordOf(said, "server-proxy"), wordOf(said, "server-tls")]).toEqual(["ok", "intercepted"]);
    expect(said.found["server-tls"]!.text).toStartWith("Netskope opens connections to mcp.example.com");
    expect(inspector.seen.items).toEqual([]);
    const trusted = await lookAt("https://mcp.example.com/mcp", ["--ca", company.authority.cert], { env });
    expect(trusted.found["server-tls"]).toMatchObject({ details: { interceptor: "Netskope" } });
    expect(wordOf(trusted, "server-session")).toBe("ok");
  });

  describe.skipIf(isAbsent("squid"))("a proxy", () => {
    const LOGIN = { user: "me", password: "p@ss:/word" };
    let open: Squid;
    let locked: Squid;
    beforeAll(async () => {
      [open, locked] = await Promise.all([Squid.start(), Squid.start(LOGIN)]);
    });
    afterAll(() => Promise.all([open, locked].map((squid) => squid[Symbol.asyncDispose]())));

    const by = (proxy: string): Surroundings => ({ env: { HTTPS_PROXY: `http://${proxy}`, NO_PROXY: "" } });

    test("that lets us through is named, and what it knows and we do not is left to it", async () => {
      using server = served(certificates.sign("far", `DNS:${FAR_NAME}`, 60));
      const login = `${LOGIN.user}:${encodeURIComponent(LOGIN.password)}@`;
      for (const proxy of [open.address, login + locked.address]) {
        const said = await lookAt(server.url.replace("127.0.0.1", FAR_NAME), ["--ca", authority.cert], by(proxy));
        const codes = ["server-dns", "server-proxy", "server-tcp", "server-tls", "server-session"];
        expect(codes.map((code) => wordOf(said, code))).toEqual(["skip", "ok", "skip", "ok", "ok"]);
        expect(said.found["server-proxy"]!.text).toEndWith(", by HTTPS_PROXY");
        expect(said.output).not.toContain("p@ss");
        expect(said.output).not.toContain(encodeURIComponent(LOGIN.password));
      }
    });

    test("on the way of plain http is asked for what a client asks, and opens no tunnel", async () => {
      using server = new FakeMcp();
      const before = open.asked().length;
      const env = { HTTP_PROXY: `http://${open.address}`, NO_PROXY: "" };
      const said = await lookAt(server.url.replace("127.0.0.1", FAR_NAME), ["--allow-http"], { env });
      expect([wordOf(said, "server-proxy"), wordOf(said, "server-session")]).toEqual(["ok", "ok"]);
      expect(open.asked().slice(before).filter((line) => line.startsWith("CONNECT"))).toEqual([]);
    });

    test("that wants a password, or forbids the place, is told, and the password is not", async () => {
      const wrong = await lookAt(`https://${FAR_NAME}:9/mcp`, [], by(`me:hunter2@${locked.address}`));
      expect(wordOf(wrong, "server-proxy")).toBe("proxy_refused");
      expect(wrong.found["server-proxy"]!.text).toContain("407");
      expect(wrong.output).not.toContain("hunter2");
      const forbidden = await lookAt(`https://${FAR_NAME}:1/mcp`, [], by(open.address));
      expect(forbidden.found["server-proxy"]!.text).toContain("403");
      expect(forbidden.found["server-tls"]!.blockedBy).toBe("server-proxy");
    });

    test("that is not there is told", async () => {
      const said = await lookAt("https://mcp.example.com/mcp", [], by("127.0.0.1:1"));
      expect([wordOf(said, "server-proxy"), said.exitCode]).toEqual(["unreachable", 1]);
    });
  });
});

describe("what a server answers", () => {
  for (
    const [name, code, word, answer] of [
      ["a page for people", "server-http", "page", (): Response => page()],
      ["511 of a captive portal", "server-http", "captive_portal", (): Response => page(511)],
      ["500", "server-http", "server_error", (): Response => new Response("boom", { status: 500 })],
      ["503", "server-http", "busy", (): Response => new Response(null, { status: 503 })],
      ["401 and no way to sign in", "server-http", "no_challenge", (): Response => new Response(null, { status: 401 })],
      ["404", "server-session", "not_found", (): Response => new Response(null, { status: 404 })],
      ["405", "server-session", "no_post", (): Response => new Response(null, { status: 405 })],
      ["406", "server-session", "not_acceptable", (): Response => new Response(null, { status: 406 })],
      ["JSON that is no MCP", "server-session", "bad_answer", (): Response => Response.json({ hello: "world" })],
    ] as const
  ) {
    test(`${name} is a sentence with a cure`, async () => {
      using server = answering(answer);
      const said = await lookAt(server.url);
      expect(wordOf(said, code)).toBe(word);
      expect(said.found[code]!.cure).toBeString();
    });
  }

  test("a redirect to another origin is told, and nobody goes there", async () => {
    using portal = answering(() => page());
    let visits = 0;
    using server = answering(() => (visits++, Response.redirect(portal.url.replace("/mcp", "/login"), 307)));
    const said = await lookAt(server.url, ["--header", "authorization: Bearer hunter2"]);
    expect(wordOf(said, "server-http")).toBe("redirected");
    expect(said.found["server-http"]!.text).toContain("/login");
    expect(said.found["server-session"]!.blockedBy).toBe("server-http");
    expect(visits).toBe(1);
  });

  test("a redirect to another path of the server is followed, and each hop is told", async () => {
    using server = answering(({ url }) =>
      new URL(url).pathname === "/mcp" ? Response.redirect("/new/mcp", 308) : new Response(null, { status: 400 })
    );
    const said = await lookAt(server.url);
    expect(said.found["server-http"]!.details).toMatchObject({
      status: 400,
      redirects: [{ status: 308, from: server.url, to: "/new/mcp" }],
    });
  });

  test("nothing, by a server that is frozen, is told within ten seconds", async () => {
    using server = new FakeMcp();
    using proxy = await ChaosProxy.inFrontOf(server.port);
    proxy.chaos = { frozen: true };
    const said = await lookAt(proxy.url);
    expect([wordOf(said, "server-http"), said.exitCode]).toEqual(["timed_out", 1]);
    expect(said.ms).toBeLessThan(10_000);
  }, 20_000);

  test("an hour ahead of us is told", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    using server = answering(() => new Response(null, { status: 202, headers: { date } }));
    const said = await lookAt(server.url);
    expect(said.found["server-clock"]).toMatchObject({ fault: "skewed" });
    expect(said.found["server-clock"]!.text).toContain("60 min behind");
  });

  test("is shown without what a terminal would obey", async () => {
    const text = "\x1b]0;owned\x07\x1b[2J";
    using server = answering(() =>
      new Response(`<title>${text}</title>`, { headers: { "content-type": "text/html" } })
    );
    const { stdout, stderr } = await outcomeOf({}, "doctor", server.url);
    // deno-lint-ignore no-control-regex
    expect(stdout + stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
  });
});

describe("at a server with a sign-in", () => {
  let scene: SignInScene;
  beforeEach(() => {
    scene = new SignInScene();
  });
  afterEach(() => scene[Symbol.dispose]());

  function surroundings(): Surroundings {
    return { env: { ...scene.browser.env, MCP_BRIDGE_HOME: join(scene.home.folder, "state") } };
  }

  const look = (...flags: string[]): Promise<Said> => lookAt(scene.server.url, flags, surroundings());

  async function signIn(...flags: string[]): Promise<void> {
    const { exitCode, stderr } = await outcomeOf(surroundings(), "login", scene.server.url, ...flags);
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
  }

  test("nobody is asked: what is missing is said, with the command", async () => {
    const said = await look();
    expect([wordOf(said, "token"), wordOf(said, "server-session")]).toEqual(["signed_out", "skip"]);
    expect(said.found["token"]!.cure).toBe(`run "mcp-bridge login ${scene.server.url}"`);
    expect(said.found["server-metadata"]!.details.asked).toEqual([
      { url: new URL("/.well-known/oauth-protected-resource/mcp", scene.server.url).href, status: 200 },
    ]);
    expect(said.found["authorization-server"]!.details.asked).toEqual([
      { url: `${scene.as.issuer}/.well-known/oauth-authorization-server`, status: 200 },
    ]);
    expect(said.found["authorization-server-offers"]!.details).toMatchObject({ pkce: true, registration: true });
    expect([scene.browser.count, scene.as.asked("register").length]).toEqual([0, 0]);
  });

  test("who is signed in has it all in order, and is not signed in anew", async () => {
    await signIn();
    const said = await look();
    const codes = ["server-metadata", "authorization-server", "client-registration", "token", "server-session"];
    expect(codes.map((code) => wordOf(said, code))).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(said.found["token"]!.details).toMatchObject({ type: "Bearer", renews: true });
    expect([scene.browser.count, scene.as.tokens.redemptions]).toEqual([1, 0]);
    expect(said.ms).toBeLessThan(1_000);
  });

  test("a token that has ended is told, and renewed only for who asks, and kept then", async () => {
    scene.as.tokens.lifetimes.access = 1;
    await signIn();
    await Bun.sleep(1_100);
    const before = await look();
    expect([wordOf(before, "token"), wordOf(before, "server-session")]).toEqual(["ok", "skip"]);
    expect(before.found["token"]!.text).toContain("ended, and the next use renews it");
    expect(scene.as.tokens.redemptions).toBe(0);
    scene.as.tokens.lifetimes.access = 600;
    const renewed = await look("--refresh");
    const codes = ["token-refresh", "token", "server-session"];
    expect(codes.map((code) => wordOf(renewed, code))).toEqual(["ok", "ok", "ok"]);
    expect(wordOf(await look(), "server-session")).toBe("ok");
    expect([scene.browser.count, scene.as.tokens.redemptions]).toEqual([1, 1]);
  });

  test("a token that has ended and cannot be renewed is a failure", async () => {
    scene.as.tokens.lifetimes.access = 1;
    scene.as.offersRefresh = false;
    await signIn();
    await Bun.sleep(1_100);
    const said = await look();
    expect([wordOf(said, "token"), said.exitCode]).toEqual(["ended", 1]);
    expect(scene.browser.count).toBe(1);
  });

  test("a token that was taken back is told by the session, and the browser stays shut", async () => {
    await signIn();
    scene.as.tokens.expireAccess();
    const said = await look();
    expect([wordOf(said, "token"), wordOf(said, "server-session")]).toEqual(["ok", "token_outdated"]);
    expect(said.found["server-session"]!.text).toContain('"invalid_token"');
    expect([said.exitCode, scene.browser.count, scene.as.tokens.redemptions]).toEqual([0, 1, 0]);
    scene.server.audience = "https://other.example/";
    const renewed = await look("--refresh");
    expect([wordOf(renewed, "token-refresh"), wordOf(renewed, "server-session")]).toEqual(["ok", "token_refused"]);
    expect(renewed.found["server-session"]!.cure).toBe(`run "mcp-bridge login ${scene.server.url} --force"`);
    expect([renewed.exitCode, scene.browser.count]).toEqual([1, 1]);
  });

  test("a renewal is seen through though a person gives up meanwhile, and the new token is kept", async () => {
    await signIn();
    const barrier = new Barrier();
    scene.as.on("token", barrier.after);
    await using doctor = new Executable(surroundings(), "doctor", scene.server.url, "--refresh");
    await barrier.arrived();
    doctor.kill("SIGINT");
    // A signal that is not held back ends the process before it can have its answer.
    await Bun.sleep(200);
    barrier.pass();
    expect(await doctor.exit(5_000)).not.toBe(0);
    scene.as.on("token");
    expect(wordOf(await look(), "server-session")).toBe("ok");
    expect(wordOf(await look("--refresh"), "token-refresh")).toBe("ok");
    expect([scene.browser.count, scene.as.tokens.redemptions]).toEqual([1, 2]);
  });

  test("a registration that is stale is told by a refresh", async () => {
    await signIn();
    scene.as.clients.clear();
    const said = await look("--refresh");
    expect([wordOf(said, "token-refresh"), said.exitCode]).toEqual(["client_forgotten", 1]);
    expect(scene.browser.count).toBe(1);
  });

  test("metadata that are missing, of another issuer, or without PKCE are told", async () => {
    scene.server.metadataPath = undefined;
    expect(wordOf(await look(), "server-metadata")).toBe("unpublished");
    scene.server.metadataPath = "/.well-known/oauth-protected-resource/mcp";
    scene.as.metadata["issuer"] = "https://evil.example";
    const foreign = await look();
    expect(wordOf(foreign, "authorization-server")).toBe("bad_metadata");
    expect(foreign.found["authorization-server"]!.text).toContain('another issuer, "https://evil.example"');
    expect(foreign.found["token"]!.cure).toBe(`mend that first, then run "mcp-bridge login ${scene.server.url}"`);
    scene.as.metadata["issuer"] = scene.as.issuer;
    delete scene.as.metadata["code_challenge_methods_supported"];
    expect(wordOf(await look(), "authorization-server-offers")).toBe("no_pkce");
    for (const place of ["oauth_metadata", "openid_metadata"] as const) scene.as.on(place, answers(404));
    const said = await look();
    expect(wordOf(said, "authorization-server")).toBe("bad_metadata");
    expect(said.found["authorization-server"]!.details.asked.map(({ status }: { status: number }) => status)).toEqual([
      404,
      404,
    ]);
  });

  test("an authorization server that refuses to renew is quoted", async () => {
    await signIn();
    scene.as.on("token", refuses("invalid_grant"));
    const said = await look("--refresh");
    expect(wordOf(said, "token-refresh")).toBe("refused");
    expect(said.found["token-refresh"]!.text).toContain('"invalid_grant"');
  });

  test("what a server repeats of a credential is not shown", async () => {
    await signIn();
    scene.server.on("initialize", ({ message, request }) => {
      const error = { code: -32_603, message: `no good: ${request.headers.get("authorization")}` };
      return Response.json({ jsonrpc: "2.0", id: message["id"], error });
    });
    const said = await look("--header", "x-api-key: hunter2hunter2");
    expect(wordOf(said, "server-session")).toBe("refused");
    expect(said.found["server-session"]!.text).toContain("no good: Bearer ***");
    using echo = answering(({ headers }) => new Response(headers.get("x-api-key"), { status: 500 }));
    const echoed = await lookAt(echo.url, ["--header", "x-api-key: hunter2hunter2"]);
    expect(echoed.found["server-http"]!.text).toContain('500, "***"');
    expect(said.output + echoed.output).not.toContain("hunter2");
  });

  test("on a WebSocket it is found out by HTTP, as a sign-in does", async () => {
    const said = await lookAt(scene.server.url.replace("http:", "ws:"), [], surroundings());
    const codes = ["server-metadata", "authorization-server", "token", "server-session"];
    expect(codes.map((code) => wordOf(said, code))).toEqual(["ok", "ok", "signed_out", "skip"]);
  });

  test("a credential that is given goes to the server alone", async () => {
    const said = await look("--header", "authorization: Bearer hunter2");
    expect(wordOf(said, "server-session")).toBe("credential_refused");
    expect(wordOf(said, "server-metadata")).toBe("skip");
    expect(scene.as.seen.items).toEqual([]);
    expect(said.output).not.toContain("hunter2");
  });
});

test("a token that is bound to a key is shown with its proof, and renewed with one", async () => {
  await using scene = await OidcScene.open({ proofs: true, nonces: true });
  const { mcp } = scene.server;
  expect((await outcomeOf(scene.surroundings, "login", mcp.url)).exitCode).toBe(0);
  const said = await lookAt(mcp.url, ["--refresh"], scene.surroundings);
  const codes = ["authorization-server-offers", "client-registration", "token-refresh", "token", "server-session"];
  expect(codes.map((code) => wordOf(said, code))).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  expect(said.found["token"]!.details.type).toBe("DPoP");
  expect(said.found["authorization-server-offers"]!.details.dpop).toBeTrue();
  expect([scene.browser.count, scene.server.granted("refresh_token")]).toEqual([1, 1]);
});

test("no browser is there to be opened, and none is missed", async () => {
  using scene = new SignInScene(FakeBrowser.forbidden());
  const env = { ...scene.browser.env, MCP_BRIDGE_HOME: join(scene.home.folder, "state") };
  expect((await lookAt(scene.server.url, ["--refresh"], { env })).exitCode).toBe(0);
});

test("what an entry refers to and is not there is told, and no session is tried without it", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const mcpServers = {
    remote: { url: server.url, headers: { "x-api-key": "${NO_SUCH_KEY}" } },
    local: { command: "true", env: { KEY: "${NO_SUCH_KEY}" } },
    whole: { url: server.url, headers: { "x-api-key": "${HOME}" } },
  };
  const env = { MCP_BRIDGE_HOME: join(home.folder, "state") };
  await Bun.write(join(home.folder, "state", "servers.json"), JSON.stringify({ mcpServers }));
  const remote = await lookAt("remote", [], { env });
  expect(wordOf(remote, "server-settings")).toBe("missing_reference");
  expect(remote.found["server-settings"]!.text).toContain("${NO_SUCH_KEY}, which is not set");
  expect([remote.found["server-session"]!.blockedBy, server.opened]).toEqual(["server-settings", 0]);
  const local = await lookAt("local", [], { env });
  expect([wordOf(local, "server-settings"), local.found["program-session"]!.blockedBy]).toEqual([
    "missing_reference",
    "server-settings",
  ]);
  const whole = await lookAt("whole", [], { env });
  expect(whole.found["server-settings"]!.text).toBe("1 header is given, 1 by reference, which is to be had");
  expect(wordOf(whole, "server-session")).toBe("ok");
});

test("a file with certificates that an entry names and is not there is told, and takes no other server away", async () => {
  using home = new Home();
  using server = served(good);
  const mcpServers = {
    trusted: { url: server.url, tls: { ca: authority.cert } },
    gone: { url: server.url, tls: { ca: join(home.folder, "gone.pem") } },
    unknown: { url: server.url },
  };
  const env = { MCP_BRIDGE_HOME: join(home.folder, "state") };
  await Bun.write(join(home.folder, "state", "servers.json"), JSON.stringify({ mcpServers }));
  const gone = await lookAt("gone", [], { env });
  expect(gone.found["server-settings"]).toMatchObject({
    fault: "unreadable_file",
    cure: 'give "tls.ca" of "gone" a PEM file',
  });
  expect(gone.found["server-session"]!.blockedBy).toBe("server-settings");
  const unknown = await lookAt("unknown", [], { env });
  expect(unknown.found["server-tls"]!.cure).toContain('"tls": { "ca": "FILE" } into the entry of "unknown"');
  const { stdout } = await outcomeOf({ env }, "doctor", "--json");
  const { servers } = JSON.parse(stdout) as { servers: { name: string; result: string }[] };
  expect(servers.map(({ name, result }) => [name, result])).toEqual([
    ["trusted", "ok"],
    ["gone", "fail"],
    ["unknown", "fail"],
  ]);
});

test("the registered servers are looked at side by side, and programs among them are not started", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const marker = join(home.folder, "started");
  const mcpServers = {
    well: { url: server.url },
    ill: { url: "http://127.0.0.1:1/mcp" },
    program: { command: "touch", args: [marker] },
  };
  const env = { MCP_BRIDGE_HOME: join(home.folder, "state") };
  await Bun.write(join(home.folder, "state", "servers.json"), JSON.stringify({ mcpServers }));
  const { stdout, exitCode } = await outcomeOf({ env }, "doctor", "--json");
  const { servers } = JSON.parse(stdout) as { servers: { name: string; result: string; code?: string }[] };
  const verdicts = servers.map(({ name, result, code }) => [name, result, code]);
  expect(verdicts).toContainEqual(["ill", "fail", "server-tcp"]);
  expect(verdicts.find(([name]) => name === "well")?.[1]).not.toBe("fail");
  expect([exitCode, await Bun.file(marker).exists()]).toEqual([1, false]);
});

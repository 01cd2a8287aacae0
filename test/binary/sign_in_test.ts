/** Signing in, by the executable as a client starts it, with a server, an authorization server and a browser. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Barrier, refuses, returns } from "../harness/as_faults.ts";
import { runs } from "../harness/counts.ts";
import { Executable, type Outcome, outcomeOf } from "../harness/executable.ts";
import type { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { handOver } from "../harness/hand_over.ts";
import type { Home } from "../harness/home.ts";
import { type Bearing, type ProtectedMcp } from "../harness/protected_mcp.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

let scene: SignInScene;
let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  scene = new SignInScene();
  ({ home, as, server, browser } = scene);
});
afterEach(() => {
  scene[Symbol.dispose]();
});

/** What all processes of one person share. */
function surroundings(): { env: Record<string, string> } {
  return { env: { ...browser.env, MCP_BRIDGE_HOME: join(home.folder, "state") } };
}

function start(...flags: string[]): Executable {
  return new Executable(surroundings(), server.url, ...flags);
}

/** Runs a command to its end. */
function run(...words: string[]): Promise<Outcome> {
  return outcomeOf(surroundings(), ...words);
}

describe("an unmodified client at a server that demands OAuth", () => {
  test("is served: the browser opens once, and the client gets the server's own answer", async () => {
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect((await bridge.request({ id: 1, method: "tools/list" })).error).toBeUndefined();
    expect(browser.count).toBe(1);
    expect(as.asked("register")).toHaveLength(1);
    expect(server.judged("good")).toBeGreaterThanOrEqual(3);
    const page = (await browser.visits.find(() => true)).page!;
    expect([page.status, page.text]).toEqual([200, expect.stringContaining("You are signed in")]);
  });

  test("is not asked again by the next start, which fetches no metadata", async () => {
    {
      await using bridge = start();
      await bridge.initialize();
    }
    const before = [as.seen.items.length, server.seen.items.length];
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(1);
    expect(as.seen.items.length).toBe(before[0]!);
    const asked = server.seen.items.slice(before[1]);
    expect(asked[0]!.message!.method).toBe("initialize");
  });
});

describe("a token that has ended", () => {
  /** Signs in and comes back with the tokens in the vault. */
  async function signedIn(): Promise<void> {
    await using bridge = start();
    await bridge.initialize();
  }

  test("is renewed by the next start, once, without a person", async () => {
    await signedIn();
    as.tokens.expireAccess();
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect([browser.count, as.tokens.redemptions]).toEqual([1, 1]);
    const [request] = as.asked("token").slice(-1);
    expect(request!.parameters.get("resource")).toBe(server.audience!);
  });

  test("in mid-session is renewed once for 100 calls, each of which is sent again and answered once (C5)", async () => {
    await using bridge = start();
    await bridge.initialize();
    server.on("tools/call", ({ message }) => Response.json({ jsonrpc: "2.0", id: message.id, result: { ok: true } }));
    // Else that notification is what meets the token's end, before any call is sent.
    await server.seen.find(({ message }) => message?.method === "notifications/initialized");
    as.tokens.expireAccess();
    const calls = Array.from(
      { length: 100 },
      (_, id) => bridge.request({ id, method: "tools/call", params: { name: "x" } }),
    );
    for (const { result } of await Promise.all(calls)) expect(result).toEqual({ ok: true });
    expect(server.judged("expired")).toBeGreaterThan(50);
    expect([browser.count, as.tokens.redemptions]).toEqual([1, 1]);
  });

  test("whose renewal is refused leads to a sign-in, in mid-session, and the call goes on", async () => {
    await using bridge = start();
    await bridge.initialize();
    as.tokens.expireAccess();
    as.once("token", refuses("invalid_grant"));
    const { result } = await bridge.request({ id: 1, method: "tools/list" });
    expect(result).toBeDefined();
    expect(browser.count).toBe(2);
    expect(as.asked("register")).toHaveLength(1);
  });

  test("whose client the authorization server has forgotten leads to a new registration, by itself", async () => {
    await using bridge = start();
    await bridge.initialize();
    as.tokens.expireAccess();
    as.once("token", refuses("invalid_client", 401));
    expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
    expect(as.asked("register")).toHaveLength(2);
  });

  test("after a life of seconds had been used all the same, and costs no further sign-in", async () => {
    as.tokens.lifetimes.access = 2;
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    as.tokens.expireAccess();
    expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
    expect(browser.count).toBe(1);
  });

  test("and is an id token is renewed by its own end, which the server gets to see (--use-id-token)", async () => {
    server.scope = "openid";
    as.tokens.lifetimes.id = 2;
    const shown = (): string => server.bearings.items.at(-1)!.token!;
    const endOf = (token: string): number => JSON.parse(atob(token.split(".")[1]!)).exp * 1_000;
    await using bridge = start("--use-id-token");
    await bridge.initialize();
    await bridge.request({ id: 1, method: "tools/list" });
    const first = shown();
    expect(endOf(first)).toBeLessThanOrEqual(Date.now() + 2_000);
    while (Date.now() < endOf(first)) await Bun.sleep(20);
    expect((await bridge.request({ id: 2, method: "tools/list" })).result).toBeDefined();
    expect(endOf(shown())).toBeGreaterThan(endOf(first));
    expect(as.tokens.redemptions).toBeGreaterThanOrEqual(1);
    expect(server.judged("expired")).toBe(0);
    expect(browser.count).toBe(1);
  });

  test("and cannot be renewed leads the next start to a sign-in", async () => {
    as.offersRefresh = false;
    as.tokens.lifetimes.access = 1;
    await signedIn();
    const ended = (): boolean =>
      server.bearings.items.every(({ token }) => {
        return token === undefined || as.tokens.worth(token).kind === "expired";
      });
    while (!ended()) await Bun.sleep(20);
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(2);
  });

  test.each([
    [12, runs(3, 20)],
    [24, runs(1, 20)],
  ])(
    "is redeemed once by %i processes that start, once by the same in mid-session, and never twice, %i times over (C4)",
    async (processes, rounds) => {
      await signedIn();
      for (let round = 1; round <= rounds; round++) {
        const redeemed = as.tokens.redemptions;
        const opened = server.streams.items.length;
        as.tokens.expireAccess();
        await using started = new AsyncDisposableStack();
        const bridges = Array.from({ length: processes }, () => started.use(start()));
        const answers = await Promise.all(bridges.map((bridge) => bridge.initialize()));
        expect(answers.map(({ result }) => result?.serverInfo.name)).toEqual(bridges.map(() => "fake"));
        expect(as.tokens.redemptions).toBe(redeemed + 1);

        // Each has said all that it says by itself.
        await server.streams.find(() => true, opened + processes - 1);
        // Nothing is renewed before each of them has come with the token that has ended.
        const barrier = new Barrier();
        as.on("token", barrier.before);
        as.tokens.expireAccess();
        const place = server.bearings.items.length;
        const lists = bridges.map((bridge) => bridge.request({ id: 1, method: "tools/list" }));
        let met = 0;
        const isLast = ({ verdict, request }: Bearing): boolean =>
          verdict === "expired" && request.message?.method === "tools/list" && ++met === processes;
        await server.bearings.find(isLast, place);
        barrier.open();
        as.on("token");
        for (const { result } of await Promise.all(lists)) expect(result).toBeDefined();
        expect(as.tokens.redemptions).toBe(redeemed + 2);
      }
      expect(as.tokens.takeAlarms()).toEqual([]);
      expect(browser.count).toBe(1);
    },
    runs(300_000, 1_800_000),
  );
});

describe("a person", () => {
  test("gets one page for 12 processes that start at once, whose address each of them shows (C28)", async () => {
    const release = browser.hold();
    const bridges = Array.from({ length: 12 }, () => start());
    const answers = bridges.map((bridge) => bridge.initialize());
    await browser.openings.find(() => true);
    const lines = await Promise.all(bridges.map(({ stderr }) => stderr.find((line) => line.includes("sign in to"))));
    const addresses = new Set(lines.map((line) => /http\S+authorize\S+/.exec(line)?.[0]));
    expect([...addresses]).toEqual([expect.any(String)]);
    release();
    for (const { result } of await Promise.all(answers)) expect(result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(1);
    await Promise.all(bridges.map((bridge) => bridge[Symbol.asyncDispose]()));
  }, 60_000);

  test("may take long: the host is answered provisionally, and the lists follow", async () => {
    const release = browser.hold();
    await using bridge = start("--sign-in-grace", "1");
    expect((await bridge.initialize()).result.capabilities.tools).toEqual({ listChanged: true });
    const list = bridge.request({ id: 1, method: "tools/list" });
    await browser.openings.find(() => true);
    release();
    expect((await list).result).toBeDefined();
    await bridge.output.find((line) => line.includes("notifications/tools/list_changed"));
  });

  test("may take long: a host that was here before gets what the server said then", async () => {
    as.offersRefresh = false;
    {
      await using bridge = start();
      await bridge.initialize();
      bridge.endInput();
      expect(await bridge.exit(5_000)).toBe(0);
    }
    as.tokens.expireAccess();
    const release = browser.hold();
    await using bridge = start("--sign-in-grace", "1");
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(browser.visits.items).toHaveLength(1);
    release();
    expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
  });

  test("may say no: the request is told so, and nobody is asked again by itself", async () => {
    browser.deny();
    await using bridge = start();
    const { error } = await bridge.initialize();
    expect(error.data.code).toBe("sign_in_refused");
    expect(error.message).toContain("access_denied");
    expect(browser.count).toBe(1);
    const { page } = await browser.visits.find(() => true);
    expect([page!.status, page!.text]).toEqual([400, expect.stringContaining("The sign-in has failed")]);
  });

  test("is asked for more where a tool needs more, with all that was granted, and the call goes on (step-up)", async () => {
    server.scope = "mcp:read";
    server.toolScopes.set("write", "mcp:write");
    as.metadata["scopes_supported"] = ["mcp:read", "mcp:write"];
    await using bridge = start();
    await bridge.initialize();
    server.on("tools/call", ({ message }) => Response.json({ jsonrpc: "2.0", id: message.id, result: { ok: true } }));
    expect((await bridge.request({ id: 1, method: "tools/call", params: { name: "write" } })).result).toEqual({
      ok: true,
    });
    const asked = as.asked("authorize").map(({ parameters }) => parameters.get("scope")!.split(" ").sort());
    expect(asked).toEqual([["mcp:read"], ["mcp:read", "mcp:write"]]);
  });

  test("finishes in the same page though the process that opened it is killed: another one goes on at its place", async () => {
    await using first = start();
    await using second = start();
    expect((await handOver(browser, first, second)).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(1);
  });

  test.each<[said: string, flags: string[], resource: () => string | null]>([
    ["as discovered", [], () => server.url],
    ["named by the person", ["--resource", "https://else.example/mcp"], () => "https://else.example/mcp"],
    ["left out by the person", ["--disable-resource-parameter"], () => null],
  ])(
    "is finished by another process for the resource that the page was opened for, %s (C28)",
    async (_said, flags, resource) => {
      const asked = resource();
      server.audience = asked ?? undefined;
      await using first = start(...flags);
      await using second = start(...flags);
      expect((await handOver(browser, first, second)).result.serverInfo.name).toBe("fake");
      const named = (["authorize", "token"] as const).map((endpoint) =>
        as.asked(endpoint)[0]!.parameters.get("resource")
      );
      expect(named).toEqual([asked, asked]);
    },
  );

  test("has one page where the host starts us to ask what the server is, ends us, and starts us anew", async () => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const question = { method: "server/discover", params: { _meta: meta } };
    const result = { supportedVersions: ["2026-07-28"], capabilities: {}, resultType: "complete" };
    server.on("server/discover", ({ message }) => Response.json({ jsonrpc: "2.0", id: message.id, result }));
    const release = browser.hold();
    const probe = start();
    void probe.request({ id: 1, ...question }).catch(() => {});
    await browser.openings.find(() => true);
    probe.kill("SIGKILL");
    await probe[Symbol.asyncDispose]();
    {
      await using bridge = start();
      const answer = bridge.request({ id: 1, ...question });
      await bridge.stderr.find((line) => line.includes("in the browser window"));
      release();
      expect((await answer).result).toEqual(result);
      bridge.endInput();
      expect(await bridge.exit(5_000)).toBe(0);
    }
    const asked = server.seen.items.length;
    await using bridge = start();
    expect((await bridge.request({ id: 2, ...question })).result).toEqual(result);
    expect([server.seen.items.length, browser.count]).toEqual([asked, 1]);
  });

  test("without a browser signs in with the address that the browser ends at, typed in elsewhere (C27)", async () => {
    // With a place for codes, that is what the log would name.
    delete as.metadata["device_authorization_endpoint"];
    const env = { MCP_BRIDGE_HOME: surroundings().env["MCP_BRIDGE_HOME"]!, SSH_CONNECTION: "1" };
    delete as.metadata["device_authorization_endpoint"];
    await using bridge = new Executable({ env }, server.url);
    const answer = bridge.initialize();
    const line = await bridge.stderr.find((text) => text.includes("visit http"));
    expect(line).toContain(`mcp-bridge login ${server.url}`);
    as.on("authorize", returns((parameters) => parameters.set("kept", "from the callback")));
    const [page] = /https?:\/\/\S+authorize\S+/.exec(line)!;
    const response = await fetch(page!, { redirect: "manual" });
    await using login = new Executable({ env }, "login", server.url);
    login.write(`${response.headers.get("location")}\n`);
    expect((await answer).result.serverInfo.name).toBe("fake");
    expect(await login.exit(10_000)).toBe(0);
    await login.stderr.find((text) => text.includes("you are signed in"));
  });

  test("who gives a credential in a header is not asked for another", async () => {
    const { access } = as.issue({ resources: [server.audience!] });
    using nobody = FakeBrowser.forbidden();
    await using bridge = new Executable(
      { env: { ...nobody.env, TOKEN: access } },
      server.url,
      "--header",
      "Authorization: Bearer ${TOKEN}",
    );
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    as.tokens.expireAccess();
    expect((await bridge.request({ id: 1, method: "tools/list" })).error.data.code).toBe("sign_in_required");
  });

  test("keeps two accounts at one server apart", async () => {
    for (const account of ["default", "work"]) {
      await using bridge = start("--account", account);
      await bridge.initialize();
    }
    expect(browser.count).toBe(2);
    const { accounts } = JSON.parse((await run("status", "--json")).stdout);
    expect(accounts.map(({ account }: { account: string }) => account).sort()).toEqual(["default", "work"]);
  });
});

describe("leaving and keeping", () => {
  test("the end of input in a sign-in ends the process within 2 s (C19)", async () => {
    browser.hold();
    await using bridge = start();
    bridge.send({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
    await browser.openings.find(() => true);
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
  });

  test("no secret leaves the vault: not by output, file, argument or environment (B9, B10, B11)", async () => {
    await using bridge = start("--debug");
    await bridge.initialize();
    as.tokens.expireAccess();
    await bridge.request({ id: 1, method: "tools/list" });
    const secrets = as.tokens.secrets.map((secret) => secret);
    expect(secrets.length).toBeGreaterThan(3);
    const outputs = { stdout: bridge.output, stderr: bridge.stderr, env: JSON.stringify(browser.openings.items) };
    expect(sweep([as.tokens.marker], { folders: [home.folder], outputs, pids: [bridge.pid] })).toEqual([]);
  });
});

describe("the commands", () => {
  test("login, status, logout", async () => {
    const login = await run("login", server.url);
    expect(login.stderr).toContain("you are signed in");
    expect(login.exitCode).toBe(0);
    const status = JSON.parse((await run("status", "--json")).stdout);
    expect(status.accounts).toMatchObject([{
      server: server.url,
      account: "default",
      issuer: as.issuer,
      renews: true,
    }]);
    expect((await run("login", server.url)).stderr).toContain("signed in already");
    const logout = await run("logout", server.url);
    expect(logout.stderr).toContain("the tokens are gone");
    expect(as.asked("revoke").length).toBeGreaterThan(0);
    expect(JSON.parse((await run("status", "--json")).stdout).accounts).toEqual([]);
  });
});

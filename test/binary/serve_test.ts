/** `mcp-bridge serve` as a person runs it: its file, its token, its accounts, its end. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { Executable, outcomeOf } from "../harness/executable.ts";
import { FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
import { freePort } from "../harness/free_port.ts";
import { Home } from "../harness/home.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

const CALL = { method: "tools/call", params: { name: "x", arguments: {} } };
/** A look at the file each second, and once more at what may be half written. */
const SEEN_WITHIN_MS = 10_000;

/** A server that answers calls when the test lets it. */
function gatedServer(): { server: FakeMcp; open: () => void } {
  const server = new FakeMcp();
  const gate = Promise.withResolvers<void>();
  server.on("tools/call", async ({ message }) => {
    await gate.promise;
    return result(message, { from: server.port });
  });
  return { server, open: gate.resolve };
}

/** Asks by hand, with any host. */
function askAs(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => text += chunk);
      response.on("end", () => resolve({ status: response.statusCode!, text }));
    });
    request.on("error", reject);
    request.end('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  });
}

describe("servers.json, while calls run", () => {
  test("may change: nothing is dropped at servers that stay, and what has changed is met anew", async () => {
    const { server: kept, open } = gatedServer();
    using _kept = kept;
    using before = new FakeMcp();
    using after = new FakeMcp();
    await using serve = await ServeExecutable.start({ kept: { url: kept.url }, moved: { url: before.url } });
    const [stays, moves] = [await serve.open("/mcp/kept"), await serve.open("/mcp/moved")];
    const stream = await serve.ask("/mcp/kept", { headers: stays });
    const goes = await serve.ask("/mcp/moved", { headers: moves });
    const calls = [1, 2, 3].map((id) => serve.post("/mcp/kept", { id, ...CALL }, stays));
    await kept.seen.find(() => kept.posted("tools/call").length === 3);
    serve.edit({ kept: { url: kept.url }, moved: { url: after.url }, more: { url: after.url } });
    // Its stream ends when its server has gone.
    await goes.text();
    expect(before.deleted).toBe(1);
    const lost = await serve.post("/mcp/moved", { id: 4, ...CALL }, moves);
    expect([lost.status, await lost.json()]).toMatchObject([404, { id: 4, error: { data: { code: "session_lost" } } }]);
    const again = await serve.open("/mcp/moved");
    expect(await (await serve.post("/mcp/moved", { id: 1, ...CALL }, again)).json()).toMatchObject({ result: {} });
    expect(after.posted("tools/call")).toHaveLength(1);
    await serve.open("/mcp/more");
    await serve.stderr.find((each) => each.includes("serving 3 servers now"), 0, SEEN_WITHIN_MS);
    expect(serve.stderr.items.filter((each) => each.includes(" servers now")))
      .toEqual(['mcp-bridge: serving 3 servers now (new: "more"; set up anew: "moved")']);
    open();
    for (const call of calls) expect(await (await call).json()).toMatchObject({ result: { from: kept.port } });
    expect([kept.opened, kept.deleted]).toEqual([1, 0]);
    kept.streams.items[0]!.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of stream.body!) {
      text += decoder.decode(chunk);
      if (text.includes("list_changed")) break;
    }
    expect(text).toContain("notifications/tools/list_changed");
  });

  test("may be broken: the old state stays, and the place of the fault is told once", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp/a");
    serve.edit('{\n  "mcpServers": {\n    "a": { "url": }\n  }\n}');
    const line = await serve.stderr.find(
      (each) => each.includes("warning") && each.includes("line 3"),
      0,
      SEEN_WITHIN_MS,
    );
    expect(line).toMatch(/servers\.json", line 3, column \d+: .*; the servers stay as they were$/);
    expect(await (await serve.post("/mcp/a", { id: 1, ...CALL }, session)).json()).toMatchObject({ result: {} });
    await serve.open("/mcp/a");
    serve.edit({ a: { url: server.url }, bad: { url: "nothing" } });
    const faulty = await serve.stderr.find((each) => each.includes('"bad"'), 0, SEEN_WITHIN_MS);
    expect(faulty).toMatch(/line \d+, column \d+: .*; give the whole URL/);
    expect(await (await serve.post("/mcp/a", { id: 2, ...CALL }, session)).json()).toMatchObject({ result: {} });
    expect(serve.stderr.items.filter((each) => each.includes("stay as they were"))).toHaveLength(1);
    expect(serve.stderr.items.filter((each) => each.includes('"bad"'))).toHaveLength(1);
    expect(server.opened).toBe(2);
    await serve.stderr.find((each) => each.endsWith("serving 1 server now (as before)"), 0, SEEN_WITHIN_MS);
  });

  test("that is broken at the start is told with its place, and nothing is served", async () => {
    using home = new Home();
    mkdirSync(home.env["MCP_BRIDGE_HOME"]!, { recursive: true, mode: 0o700 });
    writeFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "servers.json"), '{"mcpServers":');
    const { stderr, stdout, exitCode } = await outcomeOf({ env: home.env }, "serve", "--port", "0");
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toMatch(/error: .*servers\.json", line 1, column 15/);
  });
});

describe("who may ask", () => {
  test("is told without a hint of what exists, whatever was wrong, and the log says it", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const ours = {
      host: `127.0.0.1:${serve.port}`,
      authorization: `Bearer ${serve.token}`,
      "content-type": "application/json",
    };
    const wrong: [what: string, headers: Record<string, string>, status: number, line: string][] = [
      ["token", { ...ours, authorization: "Bearer mcpb_wrong" }, 401, "with a wrong token"],
      ["host", { ...ours, host: `evil.example:${serve.port}` }, 403, "meant for another host"],
      ["origin", { ...ours, origin: "https://evil.example" }, 403, "made by another site"],
    ];
    for (const [_what, headers, status, line] of wrong) {
      const answers = await Promise.all(
        ["/mcp/a", "/mcp/nobody", "/sse/a", "/", "/metrics"].map((path) => askAs(`${serve.url}${path}`, headers)),
      );
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([status]));
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
      await serve.stderr.find((each) => each.includes(line));
    }
    expect((await askAs(`${serve.url}/mcp/nobody`, ours)).status).toBe(404);
    expect(String(serve.stderr)).not.toMatch(/mcpb_|evil/);
    expect(server.seen.items).toEqual([]);
  });

  test("is asked under its other names where a person allows them, and at any address where it listens on all", async () => {
    const flags = ["--allow-host", "Bridge.lan", "--host", "0.0.0.0"];
    await using serve = await ServeExecutable.start({}, { flags });
    const authorization = `Bearer ${serve.token}`;
    const statusAs = async (host: string): Promise<number> =>
      (await askAs(`http://127.0.0.1:${serve.port}/mcp/nobody`, { host, authorization })).status;
    expect(await statusAs("bridge.lan")).toBe(404);
    expect(await statusAs(`192.0.2.7:${serve.port}`)).toBe(404);
    expect(await statusAs("evil.example")).toBe(403);
    await serve.stderr.find((line) =>
      line.startsWith("mcp-bridge: warning: other machines can reach this, unencrypted")
    );
  });

  test("warns of nothing where this machine alone can reach it", async () => {
    await using serve = await ServeExecutable.start({}, { flags: ["--host", "localhost"] });
    await serve.stderr.find((line) => line.includes("lists none yet"));
    expect(serve.stderr.items.filter((line) => line.includes("warning"))).toEqual([]);
  });

  test("is the same after a new start: the token stays, and no other user can read it", async () => {
    using home = new Home();
    const tokens: string[] = [];
    for (let n = 0; n < 2; n++) {
      await using serve = await ServeExecutable.start({}, { home });
      expect((await serve.ask("/mcp/a", { method: "POST" })).status).toBe(404);
      tokens.push(serve.token);
    }
    expect(tokens[0]).toMatch(/^mcpb_[\w-]{43}$/);
    expect(tokens[1]).toBe(tokens[0]!);
  });
});

test("nobody is let in before the servers are there, however long their files take to read", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const pipe = join(home.folder, "authority.pem");
  Bun.spawnSync(["mkfifo", pipe]);
  const port = await freePort();
  const folder = home.env["MCP_BRIDGE_HOME"]!;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const entry = { url: server.url, tls: { ca: pipe } };
  writeFileSync(join(folder, "servers.json"), JSON.stringify({ mcpServers: { one: entry } }), { mode: 0o600 });
  const env = { ...home.env, MCP_BRIDGE_VAULT_KEY: "file" };
  await using serve = new Executable({ env }, "serve", "--port", String(port));
  // This waits for who reads.
  const writer = await openFile(pipe, "w");
  const healthz = `http://127.0.0.1:${port}/healthz`;
  await expect(fetch(healthz)).rejects.toThrow();
  await writer.write("-----BEGIN CERTIFICATE-----\n");
  await writer.close();
  await serve.stderr.find((line) => line.includes("serving 1 server"));
  expect(await (await fetch(healthz)).text()).toBe("ok\n");
});

test("a port in use is told with who holds it and the flag that changes it", async () => {
  await using serve = await ServeExecutable.start({});
  using home = new Home();
  const { stderr, exitCode } = await outcomeOf({ env: home.env }, "serve", "--port", String(serve.port));
  expect(exitCode).toBe(1);
  const holder = process.platform === "linux" ? `"mcp-bridge", process ${serve.pid}` : "another program";
  expect(stderr).toContain(`mcp-bridge: error: port ${serve.port} is in use by ${holder}\n`);
  expect(stderr).toContain('mcp-bridge: hint: end that, or name another port with "--port NUMBER"');
});

describe("the end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "by %s comes within 2 s, ends all sessions on both sides, and answers what waits",
    async (signal) => {
      using server = new FakeMcp();
      server.on("tools/call", () => new Promise(() => {}));
      await using serve = await ServeExecutable.start({ a: { url: server.url } });
      const sessions = [await serve.open("/mcp/a"), await serve.open("/mcp/a"), await serve.open("/mcp/a@other")];
      const stream = await serve.ask("/mcp/a", { headers: sessions[0]! });
      const call = serve.post("/mcp/a", { id: 1, ...CALL }, sessions[1]!);
      await server.seen.find(({ message }) => message?.method === "tools/call");
      serve.kill(signal);
      const start = performance.now();
      expect(await (await call).json()).toMatchObject({ id: 1, error: { data: { code: "closing" } } });
      await stream.text();
      expect(await serve.exit(2_500)).toBe(signal === "SIGTERM" ? 143 : 130);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(server.deleted).toBe(3);
    },
  );

  test("answers what waits without a session too", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => new Promise(() => {}));
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { name: "x", arguments: { text: "x".repeat(1_000_000) }, _meta };
    const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "x" };
    const calls = Array.from(
      { length: 20 },
      (_, id) => serve.post("/mcp/a", { id, method: "tools/call", params }, headers),
    );
    await server.seen.find(() => server.posted("tools/call").length === calls.length);
    serve.kill("SIGTERM");
    for (const [id, call] of calls.entries()) {
      expect(await (await call).json()).toMatchObject({ id, error: { data: { code: "closing" } } });
    }
    expect(await serve.exit(2_500)).toBe(143);
  });

  test("comes within 2 s though servers do not answer and clients do not read", async () => {
    using server = new FakeMcp();
    server.on("DELETE", () => new Promise(() => {}));
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp/a");
    await serve.ask("/mcp/a", { headers: session });
    serve.kill("SIGTERM");
    const start = performance.now();
    await serve.exit(2_500);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("of a session is handed on by DELETE", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp/a");
    expect((await serve.ask("/mcp/a", { method: "DELETE", headers: session })).status).toBe(204);
    expect(server.deleted).toBe(1);
  });
});

describe("one server for many", () => {
  test('has one session for all where the entry says share: "always", and each hears its own', async () => {
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => result(message, { echo: message.params.arguments.text }));
    await using serve = await ServeExecutable.start({ a: { url: server.url, share: "always" } });
    const sessions = await Promise.all(Array.from({ length: 5 }, () => serve.open("/mcp/a")));
    const answers = await Promise.all(sessions.map(async (session, index) => {
      const params = { name: "x", arguments: { text: `of ${index}` } };
      return await (await serve.post("/mcp/a", { id: 1, method: "tools/call", params }, session)).json() as Json;
    }));
    expect(answers).toEqual(sessions.map((_, index) => ({ jsonrpc: "2.0", id: 1, result: { echo: `of ${index}` } })));
    expect(server.opened).toBe(1);
    for (const session of sessions.slice(1)) await serve.ask("/mcp/a", { method: "DELETE", headers: session });
    expect(server.deleted).toBe(0);
    expect(await (await serve.post("/mcp/a", { id: 2, method: "tools/list" }, sessions[0]!)).json()).toMatchObject({
      id: 2,
    });
  });
});

describe("accounts at oidc-provider", () => {
  const READ = { method: "tools/call", params: { name: "read", arguments: {} } };

  async function open(scene: OidcScene): Promise<ServeExecutable> {
    const servers = { guarded: { url: scene.server.mcp.url } };
    return await ServeExecutable.start(servers, { home: scene.home, env: scene.browser.env });
  }

  async function read(serve: ServeExecutable, path: string, session: Record<string, string>): Promise<unknown> {
    const [answer] = await serve.answers(path, { id: 1, ...READ }, session);
    return answer!.result?.content?.[0]?.text ?? answer;
  }

  test("a person signs in once for all sessions, and a token that is renewed serves all of them", async () => {
    await using scene = await OidcScene.open({ accessTtl: 2 });
    const { server, browser } = scene;
    await using serve = await open(scene);
    const sessions = await Promise.all([1, 2, 3].map(() => serve.open("/mcp/guarded")));
    expect(browser.count).toBe(1);
    const start = performance.now();
    while (server.granted("refresh_token") < 3) {
      const answers = await Promise.all(sessions.map((session) => read(serve, "/mcp/guarded", session)));
      expect(answers).toEqual(Array(3).fill("read is done"));
    }
    const lives = Math.ceil((performance.now() - start) / 1_000);
    expect(server.granted("refresh_token")).toBeLessThanOrEqual(lives);
    expect(server.events.items.filter(({ name }) => name !== "grant.success")).toEqual([]);
    expect(browser.count).toBe(1);
    expect(serve.leaks(server.secrets)).toEqual([]);
  }, 60_000);

  test("of two names sign in by themselves, and each has its own token", async () => {
    await using scene = await OidcScene.open();
    const { server, browser } = scene;
    await using serve = await open(scene);
    for (const path of ["/mcp/guarded", "/mcp/guarded@work"]) {
      const before = server.mcp.seen.items.length;
      expect(await read(serve, path, await serve.open(path))).toBe("read is done");
      expect(server.mcp.seen.items.slice(before).some(({ status }) => status === 200)).toBe(true);
    }
    expect(browser.count).toBe(2);
    const used = server.mcp.seen.items.filter(({ status }) => status === 200);
    expect(new Set(used.map(({ headers }) => headers.get("authorization"))).size).toBe(2);
    expect(used.map(({ headers }) => headers.get("authorization"))).not.toContain(`Bearer ${serve.token}`);
    const { accounts } = JSON.parse((await outcomeOf(scene.surroundings, "status", "--json")).stdout);
    expect(accounts).toHaveLength(2);
    expect(serve.leaks(server.secrets)).toEqual([]);
  }, 60_000);
});

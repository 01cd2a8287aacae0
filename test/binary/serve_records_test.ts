/** What `serve` tells programs: metrics, readiness, the audit, structured logs, and the trace that it hands on. */
import { describe, expect, test } from "bun:test";
import { linkSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable, outcomeOf } from "../harness/executable.ts";
import { readExposition } from "../harness/exposition.ts";
import { BrowserProgram } from "../harness/browser_program.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { META } from "../harness/era_mcp.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

const SECRET = "hunter2hunter2";
const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

describe("metrics", () => {
  test("count what has passed, and are what Prometheus reads", async () => {
    using server = new FakeMcp();
    await using serving = await ServeExecutable.start({ one: { url: server.url }, two: { url: server.url } });
    const call = await serving.session("one");
    for (let turn = 0; turn < 3; turn++) await call("tools/list");
    await call("made/up");
    const families = readExposition(await (await serving.ask("/metrics")).text());
    const values = (name: string, ...wanted: string[]): unknown[] =>
      families.get(name)!.samples.filter(({ value }) => value > 0)
        .map(({ labels, value }) => [...wanted.map((label) => labels[label]), value]);
    expect(values("mcp_bridge_calls_total", "server", "method", "outcome")).toEqual([
      ["one", "initialize", "result", 1],
      ["one", "tools/list", "result", 3],
      ["one", "other", "result", 1],
    ]);
    expect(values("mcp_bridge_upstreams", "server", "state")).toEqual([["one", "up", 1]]);
    expect(values("mcp_bridge_sessions")).toEqual([[1]]);
    const { samples } = families.get("mcp_bridge_call_duration_seconds")!;
    expect(samples.find(({ name }) => name.endsWith("_count"))).toMatchObject({ labels: { server: "one" }, value: 5 });
  }, 30_000);

  test("and readiness is told to who has the token", async () => {
    await using serving = await ServeExecutable.start({});
    const ready = await serving.ask("/readyz");
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  }, 30_000);
});

describe("the audit", () => {
  test("has a line for each call, for this user alone, with nothing of what was in it", async () => {
    using server = new FakeMcp();
    using place = new Home();
    const file = join(place.folder, "audit.jsonl");
    writeFileSync(file, "{}\n", { mode: 0o644 });
    await using serving = await ServeExecutable.start({ one: { url: server.url, account: "work" } }, {
      flags: ["--audit", file],
    });
    const call = await serving.session("one", "my-client");
    await call("tools/call", { name: "echo", arguments: { text: SECRET } });
    server.stop();
    await call("tools/call", { name: "echo" });
    serving.kill("SIGTERM");
    await serving.exit(10_000);
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(serving.token);
    const [kept, ...lines] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    expect(kept).toEqual({});
    const who = { client: "my-client 1.0.0", server: "one", account: "work" };
    expect(lines).toEqual([
      expect.objectContaining({ ...who, method: "initialize", outcome: "result" }),
      expect.objectContaining({ ...who, method: "tools/call", name: "echo", outcome: "result" }),
      expect.objectContaining({ ...who, method: "tools/call", name: "echo", outcome: "error" }),
    ]);
    expect(lines[2].code).toBeWithin(1001, 1100);
    expect(Object.keys(lines[2])).toEqual([
      "time",
      "request",
      "client",
      "session",
      "server",
      "account",
      "method",
      "name",
      "ms",
      "outcome",
      "code",
      "failure",
    ]);
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
  }, 60_000);

  test.skipIf(process.platform === "win32")("is written into no link, no second name and no pipe", async () => {
    using place = new Home();
    const file = join(place.folder, "file");
    writeFileSync(file, "", { mode: 0o600 });
    const [link, second, pipe] = ["link", "second", "pipe"].map((name) => join(place.folder, name)) as [
      string,
      string,
      string,
    ];
    symlinkSync(file, link);
    linkSync(file, second);
    Bun.spawnSync(["mkfifo", pipe]);
    for (const path of [link, second, pipe, place.folder]) {
      const { stderr, exitCode } = await outcomeOf({ env: { MCP_BRIDGE_VAULT_KEY: "file" } }, "serve", "--audit", path);
      expect([path, exitCode]).toEqual([path, 1]);
      expect(stderr).toContain("mcp-bridge: error: ");
    }
    expect(readFileSync(file, "utf8")).toBe("");
  }, 60_000);
});

describe("structured logs", () => {
  test("are JSON with the request's id, without credentials, also for the error at the end", async () => {
    using server = new FakeMcp();
    await using serving = await ServeExecutable.start({ one: { url: server.url } }, {
      flags: ["--log-format", "json", "--debug"],
    });
    const { stderr } = serving;
    await fetch(`${serving.url}/mcp/one`, {
      headers: { "x-request-id": "refused-1", authorization: `Bearer ${SECRET}` },
    });
    expect(JSON.parse(await stderr.find((line) => line.includes("refused-1")))).toEqual({
      time: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: "warn",
      text: "refused a request with a wrong token",
      request: "refused-1",
    });
    const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: `Bearer ${SECRET}`, _meta: META } };
    await serving.ask("/mcp/one", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-request-id": "call-1",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": `Bearer ${SECRET}`,
      },
      body: JSON.stringify(message),
    });
    expect(JSON.parse(await stderr.find((line) => line.includes("call-1")))).toMatchObject({
      level: "debug",
      text: expect.stringContaining('"tools/call" of "Bearer ***" at "one"'),
    });
    for (const line of String(stderr).trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
    const port = new URL(serving.url).port;
    const taken = await outcomeOf(
      { env: { MCP_BRIDGE_VAULT_KEY: "file" } },
      "serve",
      "--log-format",
      "json",
      "--port",
      port,
    );
    expect(JSON.parse(taken.stderr.trimEnd().split("\n").at(-1)!)).toMatchObject({
      level: "error",
      code: "port_taken",
      hint: expect.stringContaining('name another port with "--port NUMBER"'),
    });
  }, 60_000);
});

test("the trace of a request goes on to the server, in a session and without one, where it is one", async () => {
  using server = new FakeMcp();
  await using serving = await ServeExecutable.start({ one: { url: server.url } });
  const post = async (message: object, headers: Record<string, string>): Promise<Response> =>
    await serving.ask("/mcp/one", {
      method: "POST",
      headers: { "content-type": "application/json", "accept": "application/json, text/event-stream", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
  const clientInfo = { name: "c", version: "1" };
  const begun = await post({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
  }, { traceparent: TRACEPARENT });
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id")! };
  await post({ method: "notifications/initialized" }, session);
  await post({ id: 2, method: "tools/list" }, { ...session, traceparent: TRACEPARENT, tracestate: "a=b" });
  await post({ id: 3, method: "prompts/list" }, { ...session, traceparent: "00-x", tracestate: "a=b" });
  const seen = (method: string): (string | null)[] => {
    const { headers } = server.seen.items.find(({ message }) => message?.method === method)!;
    return [headers.get("traceparent"), headers.get("tracestate")];
  };
  expect(seen("initialize")).toEqual([TRACEPARENT, null]);
  expect(seen("tools/list")).toEqual([TRACEPARENT, "a=b"]);
  expect(seen("prompts/list")).toEqual([null, null]);
  await post({ id: 4, method: "resources/list", params: { _meta: META } }, {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "resources/list",
    traceparent: TRACEPARENT,
  });
  expect(seen("resources/list")).toEqual([TRACEPARENT, null]);
}, 30_000);

describe("serve --open", () => {
  test("opens the page of the endpoint that runs, and does not tell the token to whoever listens there", async () => {
    const visits: string[] = [];
    using program = new BrowserProgram(({ args }) => {
      visits.push(args.at(-1)!);
      return Promise.resolve(0);
    });
    await using serving = await ServeExecutable.start({});
    const { port } = new URL(serving.url);
    const env = { MCP_BRIDGE_HOME: serving.folder, MCP_BRIDGE_VAULT_KEY: "file" };
    const opened = await outcomeOf({ env: { ...env, ...program.env } }, "serve", "--open", "--port", port);
    expect(opened).toEqual({ stdout: "", stderr: "mcp-bridge: the status page opens in your browser", exitCode: 0 });
    expect(visits).toHaveLength(1);
    expect((await fetch(visits[0]!, { redirect: "manual" })).status).toBe(303);
    const { stdout } = await outcomeOf({ env }, "serve", "--open", "--port", port);
    expect((await fetch(stdout.trim(), { redirect: "manual" })).status).toBe(303);
    const heard: string[] = [];
    using stranger = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request): Promise<Response> {
        heard.push(`${request.url} ${JSON.stringify([...request.headers])} ${await request.text()}`);
        return new Response("ok\n");
      },
    });
    const elsewhere = await outcomeOf({ env }, "serve", "--open", "--port", String(stranger.port));
    expect(heard).toHaveLength(1);
    expect(heard[0]! + elsewhere.stdout).not.toContain(serving.token);
    const code = new URL(elsewhere.stdout.trim()).search;
    expect((await fetch(`${serving.url}/open${code}`, { redirect: "manual" })).status).toBe(403);
  }, 60_000);

  test("asks the endpoint itself, whatever proxy the environment names", async () => {
    let asked = 0;
    using proxy = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(): Response {
        asked++;
        return new Response("no", { status: 502 });
      },
    });
    await using serving = await ServeExecutable.start({});
    const { port } = new URL(serving.url);
    const state = { MCP_BRIDGE_HOME: serving.folder, MCP_BRIDGE_VAULT_KEY: "file" };
    const env = { ...state, HTTP_PROXY: proxy.url.href, "http_proxy": proxy.url.href };
    const { stdout, exitCode } = await outcomeOf({ env }, "serve", "--open", "--port", port);
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: 0 });
    expect((await fetch(stdout.trim(), { redirect: "manual" })).status).toBe(303);
  }, 30_000);

  test("serves where nobody does, and gives the link as soon as it listens", async () => {
    using home = new Home();
    const env = { MCP_BRIDGE_HOME: home.env.MCP_BRIDGE_HOME!, MCP_BRIDGE_VAULT_KEY: "file" };
    await using serving = new Executable({ env }, "serve", "--open", "--port", "0");
    const link = await serving.output.find((line) => line.startsWith("http://127.0.0.1:"));
    expect((await fetch(link, { redirect: "manual" })).status).toBe(303);
    expect(String(serving.stderr)).not.toContain("code=");
  }, 30_000);
});

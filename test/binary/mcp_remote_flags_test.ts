/**
 * mcp-remote's own arguments, each of them: an entry that starts mcp-remote starts us instead, and means the same. What
 * mcp-remote itself does stands beside it where that can be seen from outside.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { connectCommand } from "../../src/cli/connect.ts";
import { deafPort } from "../harness/deaf_port.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { eventStream, FakeMcp, result, type SeenRequest } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";

const MCP_REMOTE = join(import.meta.dir, "../../node_modules/mcp-remote");
const URL_WORD = "https://mcp.example.com/mcp";
const SECRET = "hunter2";

const home = new Home();
afterAll(() => home[Symbol.dispose]());

/** Every flag that its source reads and its manual names. */
function flagsOfMcpRemote(): string[] {
  const sources = readdirSync(join(MCP_REMOTE, "dist")).filter((name) => /^(?:chunk|proxy).*\.js$/.test(name));
  const source = sources.map((name) => readFileSync(join(MCP_REMOTE, "dist", name), "utf8")).join("\n");
  const manual = readFileSync(join(MCP_REMOTE, "README.md"), "utf8");
  const read = source.matchAll(/"(--[a-z][a-z0-9-]+)"/g);
  const named = manual.matchAll(/`(--[a-z][a-z0-9-]+)/g);
  return [...new Set([...read, ...named].map(([, flag]) => flag!))].sort();
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
}

/** Starts the executable with input that has ended before it began. */
function say(...words: string[]): { stderr: string; exitCode: number } {
  const { stderr, exitCode } = Bun.spawnSync([EXECUTABLE, ...words], {
    cwd: home.folder,
    env: { ...home.env, MY_SECRET: SECRET },
    stdin: "ignore",
  });
  return { stderr: stderr.toString(), exitCode };
}

function isTaken(...words: string[]): void {
  expect(say(URL_WORD, ...words)).toEqual({ stderr: "", exitCode: 0 });
}

function isRefused(words: string[], error: string): void {
  const { stderr, exitCode } = say(URL_WORD, ...words);
  expect(stderr.split("\n")[0]).toBe(`mcp-bridge: error: ${error}`);
  expect(stderr).not.toContain(SECRET);
  expect(exitCode).toBe(2);
}

/** A conversation over one program's stdio, and what the server saw of it. */
interface Told {
  readonly answers: Message[];
  readonly posts: SeenRequest[];
}

const HANDSHAKE: Message[] = [
  {
    id: 0,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "by-hand", version: "1" } },
  },
  { method: "notifications/initialized" },
];

/** Has one conversation through mcp-remote, and the same through us, both started with the same words. */
async function tellBoth(
  words: string[],
  requests: Message[],
  prepare: (server: FakeMcp) => void = () => {},
): Promise<{ ours: Told; theirs: Told }> {
  const [ours, theirs] = await Promise.all([
    tell([EXECUTABLE], words, requests, prepare),
    tell(["node", join(MCP_REMOTE, "dist/proxy.js")], words, requests, prepare),
  ]);
  return { ours, theirs };
}

async function tell(
  program: string[],
  words: string[],
  requests: Message[],
  prepare: (server: FakeMcp) => void,
): Promise<Told> {
  using server = new FakeMcp();
  server.offersStream = false;
  prepare(server);
  using own = new Home();
  const child = Bun.spawn([...program, server.url, ...words], {
    cwd: home.folder,
    env: { ...own.env, MY_SECRET: SECRET, "odd-name": "odd" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  const answers: Message[] = [];
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let rest = "";
  const reader = lines.getReader();
  async function next(id: unknown): Promise<void> {
    while (!answers.some((answer) => answer.id === id)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`It ended before it answered ${id}`);
      const parts = (rest + value).split("\n");
      rest = parts.pop()!;
      answers.push(...parts.map((part) => JSON.parse(part)));
    }
  }
  for (const message of [...HANDSHAKE, ...requests]) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
    child.stdin.flush();
    if (message.id !== undefined) await next(message.id);
  }
  child.kill("SIGKILL");
  await child.exited;
  const posts = server.seen.items.filter(({ method, message }) => method === "POST" && message?.id !== undefined);
  return { answers: answers.filter(({ id }) => id !== 0), posts };
}

test("each flag of mcp-remote is one of ours, or the network's", () => {
  const theirs = flagsOfMcpRemote();
  expect(theirs.length).toBeGreaterThan(30);
  const ours = new Set(["--help", "--version", ...Object.keys(connectCommand.flags).map((name) => `--${name}`)]);
  expect(theirs.filter((flag) => !ours.has(flag))).toEqual([]);
});

test("each flag of mcp-remote has a test of its own here", () => {
  const text = readFileSync(import.meta.path, "utf8");
  const tested = new Set([...text.matchAll(/^ {2}test(?:\.skipIf\(.*\))?\("(--[a-z0-9-]+)/gm)].map(([, flag]) => flag));
  const without = new Set(["--help", "--version"]);
  expect(flagsOfMcpRemote().filter((flag) => !tested.has(flag) && !without.has(flag))).toEqual([]);
});

test("the order of the words is mcp-remote's, and any other: flags may stand before the URL and before the port", () => {
  for (
    const words of [
      [URL_WORD, "3334", "--host", "127.0.0.1", "--debug"],
      ["--header", "X-One: 1", URL_WORD, "3334", "--transport", "http-only"],
      ["--host", "127.0.0.1", URL_WORD, "--enable-proxy", "3334"],
    ]
  ) expect(say(...words)).toEqual({ stderr: "", exitCode: 0 });
});

test("the callback port is taken behind the URL, and no number that is none", () => {
  isTaken("3334");
  isRefused(["70000"], 'the callback port is no port: "70000"');
});

describe("what is sent", () => {
  function headersOf({ posts }: Told): Record<string, string | null>[] {
    const names = ["x-one", "x-two", "x-three", "x-odd", "authorization", "accept", "content-type"];
    return posts.map(({ headers }) => Object.fromEntries(names.map((name) => [name, headers.get(name)])));
  }

  test("--header goes with every request, with variables of the environment, as mcp-remote sends it", async () => {
    const words = [
      ...["--header", "X-One:1", "--header", "X-Two:  a b ", "--header", "X-One: 2", "--header", "X-Three:"],
      ...["--header", "Authorization: Bearer ${MY_SECRET}", "--header", "X-Odd: ${odd-name}${}"],
      ...["--header", "Accept: application/json, text/event-stream", "--header", "Content-Type: text/plain"],
    ];
    const { ours, theirs } = await tellBoth(words, [{ id: 1, method: "tools/list" }]);
    const expected = {
      "x-one": "2",
      "x-two": "a b",
      "x-three": "",
      "x-odd": "odd${}",
      authorization: `Bearer ${SECRET}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    };
    expect(headersOf(ours)).toEqual([expected, expected]);
    expect(headersOf(theirs).at(-1)).toEqual(expected);
  }, 30_000);

  test("--header-file is read like mcp-remote's, and one that is not there is an error", async () => {
    const file = join(home.folder, "headers.txt");
    writeFileSync(file, "# mine\n\nX-One: 1\r\n  X-Two:a:b\nX-Three: 3\nAuthorization: Bearer ${MY_SECRET}\n");
    // The later word wins, be it a line or a file.
    const words = ["--header", "X-One: 0", "--header-file", file, "--header", "X-Three: 4"];
    const { ours, theirs } = await tellBoth(words, [{ id: 1, method: "tools/list" }]);
    const expected = { "x-one": "1", "x-two": "a:b", "x-three": "4", authorization: `Bearer ${SECRET}` };
    expect(headersOf(ours)[1]).toMatchObject(expected);
    expect(headersOf(theirs).at(-1)).toMatchObject(expected);
    isRefused(["--header-file", "no.txt"], 'cannot read the header file "no.txt" (ENOENT)');
  }, 30_000);

  test("--transport names the order, and what is tried first", async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url, "--transport", "sse-only");
    bridge.send({ jsonrpc: "2.0", ...HANDSHAKE[0]! });
    expect((await server.seen.find(() => true)).method).toBe("GET");
    isRefused(["--transport", "ws"], '"--transport" does not know "ws"');
  });

  test("--protocol is legacy, auto or modern", () => {
    for (const protocol of ["legacy", "auto", "modern"]) isTaken("--protocol", protocol);
    isRefused(["--protocol", "old"], '"--protocol" does not know "old"');
  });

  test("--allow-http lets plain http go beyond this machine", () => {
    expect(say("http://internal.example/mcp", "--allow-http")).toEqual({ stderr: "", exitCode: 0 });
    expect(say("http://internal.example/mcp").exitCode).toBe(2);
  });

  test("--enable-proxy changes nothing: the environment's proxy is asked without it too", async () => {
    const asked = Promise.withResolvers<string>();
    const proxy = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", (chunk) => {
        asked.resolve(chunk.toString("latin1").split("\r\n")[0]!);
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as { port: number };
    const env = { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "" };
    await using bridge = new Executable({ env }, URL_WORD, "--enable-proxy");
    bridge.send({ jsonrpc: "2.0", ...HANDSHAKE[0]! });
    expect(await asked.promise).toBe("CONNECT mcp.example.com:443 HTTP/1.1");
    proxy.close();
  });
});

describe("what is waited for", () => {
  /** The name of the error that a request gets. */
  async function errorOf(url: string, ...words: string[]): Promise<string> {
    await using bridge = new Executable(url, ...words);
    return (await bridge.request({ id: 1, method: "tools/call", params: { name: "a" } })).error.data.code;
  }

  test("--connect-timeout bounds how long a connection may take", async () => {
    isTaken("--connect-timeout", "30");
    if (process.platform !== "linux") return;
    await using deaf = await deafPort();
    const url = `http://127.0.0.1:${deaf.port}/`;
    await using bridge = new Executable(url, "--connect-timeout", "0.4");
    bridge.send({ jsonrpc: "2.0", ...HANDSHAKE[0]! });
    expect(await bridge.stderr.find(() => true)).toBe(
      `mcp-bridge: 127.0.0.1:${deaf.port} accepted no connection within 0.4 s; trying again`,
    );
  });

  test("--headers-timeout bounds how long an answer may take to begin", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => new Promise(() => {}));
    expect(await errorOf(server.url, "--headers-timeout", "0.2")).toBe("timed_out");
  });

  test("--body-timeout bounds how long an answer that has begun may be silent", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => eventStream().response);
    expect(await errorOf(server.url, "--body-timeout", "0.5")).toBe("timed_out");
  });

  test("--disable-cookies keeps the server's cookies from going back to it", async () => {
    for (const disabled of [false, true]) {
      using server = new FakeMcp();
      server.on("tools/list", ({ message }) => result(message, { tools: [] }, { "set-cookie": "route=a; Path=/" }));
      await using bridge = new Executable(server.url, ...(disabled ? ["--disable-cookies"] : []));
      await bridge.initialize();
      for (const id of [1, 2]) await bridge.request({ id, method: "tools/list" });
      const cookies = server.seen.items.map(({ headers }) => headers.get("cookie"));
      expect(cookies.includes("route=a")).toBe(!disabled);
    }
  });

  test.skipIf(!hasIpv6())("--ipv4 leaves an IPv6 address of the server's name alone", async () => {
    using server = Bun.serve({ hostname: "::1", port: 0, fetch: () => Response.json({ oops: true }) });
    const url = `http://localhost:${server.port}/mcp`;
    await using both = new Executable(url);
    expect((await both.initialize()).error.data.code).toBe("bad_answer");
    await using bridge = new Executable(url, "--ipv4", "--debug", "--sign-in-grace", "0");
    void bridge.initialize();
    await bridge.stderr.find((line) => line.includes("does not accept connections (ECONNREFUSED)"));
  });

  test("--keep-alive is taken", () => isTaken("--keep-alive"));

  test("--ping-interval pings a server that says nothing, in its period, and the client sees nothing of it", async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url, "--ping-interval", "0.1");
    await bridge.initialize();
    const isPing = ({ message }: SeenRequest): boolean => message?.method === "ping";
    while (server.seen.items.filter(isPing).length < 3) await server.seen.find(isPing, server.seen.items.length);
    expect(server.seen.items.filter(isPing).every(({ message }) => message!.id.startsWith("mcp-bridge:"))).toBe(true);
    expect(bridge.output.items).toHaveLength(1);
  });

  test("--ping-interval is taken with a number above 0, beside --keep-alive and alone", () => {
    isTaken("--ping-interval", "60");
    isTaken("--keep-alive", "--ping-interval", "0.5");
    isRefused(["--ping-interval", "0"], '"--ping-interval" wants more than 0 seconds: "0"');
  });
});

describe("what the client sees", () => {
  const tools = ["deleteTask", "DELETE", "undelete", "getAccount", "exact", "exactly"].map((name) => ({
    name,
    inputSchema: { type: "object" },
  }));

  test("--ignore-tool takes the tools away that mcp-remote takes away, and answers their calls", async () => {
    const words = ["--ignore-tool", "delete*", "--ignore-tool", "*account", "--ignore-tool", "Exact"];
    const requests = [
      { id: 1, method: "tools/list" },
      { id: 2, method: "tools/call", params: { name: "deleteAll", arguments: {} } },
      { id: 3, method: "tools/call", params: { name: "exactly", arguments: {} } },
    ];
    const { ours, theirs } = await tellBoth(words, requests, (server) => {
      server.on("tools/list", ({ message }) => result(message, { tools }));
      server.on("tools/call", ({ message }) => result(message, { content: [] }));
    });
    for (const { answers, posts } of [ours, theirs]) {
      expect(answers[0]!.result.tools.map(({ name }: { name: string }) => name)).toEqual(["undelete", "exactly"]);
      expect(answers[1]!.error.message).toContain('ool "deleteAll" is not available');
      expect(answers[2]!.result).toEqual({ content: [] });
      expect(posts.flatMap(({ message }) => message?.method === "tools/call" ? [message.params.name] : [])).toEqual([
        "exactly",
      ]);
    }
    expect(ours.answers[0]).toEqual(theirs.answers[0]!);
  }, 30_000);

  test("--debug says what happens, on standard error alone", async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url, "--debug", "--cures", "line-separators");
    await bridge.initialize();
    expect(await bridge.stderr.find(() => true)).toBe("mcp-bridge: the client gets the cures line-separators");
  });

  test("--silent says nothing, not even what would be safer", () => {
    expect(say(URL_WORD, "--header", `Authorization: ${SECRET}`, "--silent")).toEqual({ stderr: "", exitCode: 0 });
  });
});

describe("how to sign in", () => {
  test("--host is taken", () => {
    isTaken("--host", "127.0.0.1");
    isRefused(["--host", "a b"], '"--host" wants the name of a host: "a b"');
  });

  test("--callback-path is taken where it begins with a slash and is nobody's", () => {
    isTaken("--callback-path", "/custom/callback");
    isRefused(["--callback-path", "x"], '"--callback-path" wants a path that begins with a slash: "x"');
    isRefused(["--callback-path", "/wait-for-auth"], 'the callback path "/wait-for-auth" is taken');
  });

  test("--auth-success-url is taken where it is encrypted or of this machine, and plain", () => {
    isTaken("--auth-success-url", "https://app.example.com/cli-connected");
    isRefused(["--auth-success-url", "http://a.example/"], 'the address of "--auth-success-url" is not encrypted');
  });

  test("--resource is taken as a URI, and as nothing", () => {
    isTaken("--resource", "https://tenant1.example.net/");
    isTaken("--resource", "");
    isRefused(["--resource", "tenant1"], '"--resource" wants an absolute URI without a fragment: "tenant1"');
  });

  test("--disable-resource-parameter is taken, also beside --resource", () => {
    isTaken("--disable-resource-parameter", "--resource", "https://a.example/");
  });

  test("--authorize-param is taken, more than once, but not for what each sign-in makes up", () => {
    isTaken("--authorize-param", "access_type=offline", "--authorize-param", "prompt=consent");
    isRefused(
      ["--authorize-param", `state=${SECRET}`],
      '"--authorize-param" cannot set "state": each sign-in has its own',
    );
  });

  test("--auth-timeout is taken", () => {
    isTaken("--auth-timeout", "60");
    isRefused(["--auth-timeout", "0"], '"--auth-timeout" wants more than 0 seconds: "0"');
  });

  test("--static-oauth-client-metadata is taken as JSON, and from a file", () => {
    isTaken("--static-oauth-client-metadata", '{ "scope": "space separated scopes" }');
    writeFileSync(join(home.folder, "metadata.json"), '{"scope":"a"}');
    isTaken("--static-oauth-client-metadata", "@metadata.json");
    isRefused(["--static-oauth-client-metadata", SECRET], '"--static-oauth-client-metadata" wants an object of JSON');
  });

  test("--static-oauth-client-info is taken as JSON with variables, and from a file", () => {
    const info = '{"client_id":"my-client","client_secret":"${MY_SECRET}"}';
    isTaken("--static-oauth-client-info", info);
    writeFileSync(join(home.folder, "info.json"), info);
    isTaken("--static-oauth-client-info", "@info.json");
    isRefused(["--static-oauth-client-info", `{${SECRET}`], '"--static-oauth-client-info" wants an object of JSON');
  });

  test("--client-metadata-url is taken where it has a path", () => {
    isTaken("--client-metadata-url", "https://client.example.com/.well-known/oauth-client-metadata");
    isRefused(
      ["--client-metadata-url", "https://client.example.com"],
      'the address of "--client-metadata-url" is not https with a path and without a fragment',
    );
  });

  test("--client-credentials is taken with a client", () => {
    isTaken("--client-credentials", "--static-oauth-client-info", '{"client_id":"a","client_secret":"${MY_SECRET}"}');
    isRefused(["--client-credentials"], '"--client-credentials" wants the client that signs in');
  });

  test("--token-endpoint is taken with --client-credentials alone, and encrypted", () => {
    const client = ["--client-credentials", "--static-oauth-client-info", '{"client_id":"a"}'];
    isTaken(...client, "--token-endpoint", "https://auth.example.com/oauth/token");
    isRefused(
      ["--token-endpoint", "https://a.example/"],
      '"--token-endpoint" is for "--client-credentials" alone',
    );
    isRefused(
      [...client, "--token-endpoint", "http://a.example/"],
      'the address of "--token-endpoint" is not encrypted',
    );
  });

  test("--device-code is taken", () => isTaken("--device-code"));

  test("--use-id-token is taken", () => isTaken("--use-id-token"));
});

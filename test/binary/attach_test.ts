/** Processes `mcp-bridge NAME` that go through a `serve` of the same user, and what becomes of them without it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as dial, createServer } from "node:net";
import { join } from "node:path";
import { runs } from "../harness/counts.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { FakeMcp, result } from "../harness/fake_mcp.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";
import { Home } from "../harness/home.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

// The named pipes of Windows are tested with an injected machine.
const onUnix = describe.skipIf(process.platform === "win32");
const THROUGH = 'going through the "mcp-bridge serve" that runs';
const ALONE = '"mcp-bridge serve" has left us; going on without it';

let home: Home;
let folder: string;
let server: FakeMcp;

beforeEach(() => {
  home = new Home();
  folder = home.env["MCP_BRIDGE_HOME"]!;
  mkdirSync(folder, { mode: 0o700 });
  server = new FakeMcp();
  server.on("tools/call", ({ message }) => result(message, { content: [], said: message.params.arguments.word }));
  register({ notes: { url: server.url } });
});
afterEach(() => {
  server[Symbol.dispose]();
  home[Symbol.dispose]();
});

function register(servers: object): void {
  const file = join(folder, "servers.json");
  writeFileSync(`${file}.new`, JSON.stringify({ mcpServers: servers }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function surroundings(): { env: Record<string, string> } {
  return { env: { MCP_BRIDGE_HOME: folder, MCP_BRIDGE_VAULT_KEY: "file" } };
}

function serve(...flags: string[]): Promise<ServeExecutable> {
  return ServeExecutable.start(undefined, { home, flags });
}

function bridge(...flags: string[]): Executable {
  return new Executable(surroundings(), "notes", "--debug", ...flags);
}

const call = (id: number, word = "hello"): Message => ({
  id,
  method: "tools/call",
  params: { name: "say", arguments: { word } },
});

/** Whether a process says that it goes through `serve`, once it has been answered. */
async function isAttached(process: Executable): Promise<boolean> {
  expect((await process.initialize()).result.serverInfo.name).toBe("fake");
  return String(process.stderr).includes(THROUGH);
}

/** The answers to requests with numbers below 1000, once there are as many as wanted. */
async function answersOf({ output }: Executable, count: number): Promise<Message[]> {
  for (;;) {
    const all = output.items.map((line): Message => JSON.parse(line));
    const mine = all.filter(({ id, method }) => typeof id === "number" && id < 1_000 && method === undefined);
    if (mine.length >= count) return mine;
    await output.find(() => true, output.items.length);
  }
}

onUnix("a process that is started while serve runs", () => {
  test("goes through it, and its client has the server's own answers", async () => {
    await using _ = await serve();
    await using one = bridge();
    await using other = bridge();
    expect([await isAttached(one), await isAttached(other)]).toEqual([true, true]);
    const answers = await Promise.all([one.request(call(1, "one")), other.request(call(1, "other"))]);
    expect(answers.map(({ result }) => result.said)).toEqual(["one", "other"]);
    expect(server.opened).toBe(2);
    one.endInput();
    expect(await one.exit(2_000)).toBe(0);
    await server.seen.find(({ method }) => method === "DELETE");
    expect(server.sessions.size).toBe(1);
  });

  test("hands messages of 8 MiB on, both ways", async () => {
    await using _ = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    const word = "x".repeat(8 * 1_048_576);
    expect((await process.request(call(1, word), 30_000)).result.said).toBe(word);
  }, 60_000);

  test(
    "holds up no other at a server with one stream where its host is stopped, and has its answer whole then",
    async () => {
      using shared = new FakeWebSocket();
      register({ notes: { url: shared.url, share: "always" } });
      await using _ = await serve();
      await using stopped = bridge();
      await using other = bridge();
      for (const each of [stopped, other]) {
        await each.initialize();
        expect(String(each.stderr)).toContain(THROUGH);
      }
      const word = "x".repeat(4 * 1_048_576);
      const asked = Promise.withResolvers<void>();
      const ordinary = shared.answer;
      shared.answer = (message, peer): void => {
        if (message.params?.arguments?.word !== "large") return ordinary(message, peer);
        process.kill(stopped.pid, "SIGSTOP");
        peer.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: { said: word } }));
        asked.resolve();
      };
      const large = stopped.request(call(1, "large"), 30_000);
      await asked.promise;
      for (const id of [1, 2, 3]) expect((await other.request(call(id), 5_000)).result).toEqual({ ok: true });
      process.kill(stopped.pid, "SIGCONT");
      expect((await large).result.said).toBe(word);
    },
    60_000,
  );

  test("hears what the server says by itself, and gives calls up where its client does", async () => {
    await using _ = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    const stream = await server.streams.find(() => true);
    stream.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    await process.output.find((line) => line.includes("list_changed"));
    server.on("tools/call", () => new Promise(() => {}));
    process.send({ jsonrpc: "2.0", ...call(7) });
    await server.seen.find(({ message }) => message?.method === "tools/call");
    process.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } });
    const told = await server.seen.find(({ message }) => message?.method === "notifications/cancelled");
    expect(told.message!.params.requestId).toBe(7);
  });

  test("sees the tools that the entry leaves, before and after serve has gone", async () => {
    const tools = ["read", "delete"].map((name) => ({ name, inputSchema: { type: "object" } }));
    server.on("tools/list", ({ message }) => result(message, { tools }));
    register({ notes: { url: server.url, tools: { deny: ["delete*"] } } });
    const through = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    const names = async (id: number): Promise<string[]> =>
      (await process.request({ id, method: "tools/list" })).result.tools.map(({ name }: Message) => name);
    expect(await names(1)).toEqual(["read"]);
    await through[Symbol.asyncDispose]();
    expect(await names(2)).toEqual(["read"]);
    expect((await process.request({ ...call(3), params: { name: "delete", arguments: {} } })).error.data.code)
      .toBe("ignored_tool");
  });

  test("counts among the sessions that serve allows", async () => {
    await using _ = await serve("--max-sessions", "1");
    await using one = bridge();
    expect(await isAttached(one)).toBe(true);
    await using other = bridge();
    expect(await isAttached(other)).toBe(false);
    expect(String(other.stderr)).toContain("too many sessions");
  });

  test.each<[string, string[], string]>([
    ["it is told not to", ["--no-attach"], ""],
    ["a flag says how to speak to the server", ["--timeout", "30"], "--timeout is for this process alone"],
    ["a header is given", ["--header", "x-one: 1"], "--header is for this process alone"],
  ])("goes by itself where %s", async (_why, flags, said) => {
    await using _ = await serve();
    await using process = bridge(...flags);
    expect(await isAttached(process)).toBe(false);
    expect(String(process.stderr)).toContain(said);
    expect((await process.request(call(1))).result.said).toBe("hello");
  });

  test("goes by itself where its environment means another header", async () => {
    register({ notes: { url: server.url, headers: { "x-key": "${NOTES_KEY}" } } });
    const env = surroundings().env;
    await using _ = await ServeExecutable.start(undefined, { home, env: { ...env, NOTES_KEY: "one" } });
    await using same = new Executable({ env: { ...env, NOTES_KEY: "one" } }, "notes", "--debug");
    await using other = new Executable({ env: { ...env, NOTES_KEY: "other" } }, "notes", "--debug");
    expect([await isAttached(same), await isAttached(other)]).toEqual([true, false]);
    expect(String(other.stderr)).toContain("other settings");
    expect(server.seen.items.map(({ headers }) => headers.get("x-key"))).toContain("other");
  });

  test("goes by itself where its environment names another way to servers, and says which, and no password", async () => {
    const env = surroundings().env;
    const proxy = { HTTPS_PROXY: "http://me:geheim@127.0.0.1:9", NO_PROXY: "localhost" };
    await using through = await ServeExecutable.start(undefined, { home, env: { ...env, ...proxy } });
    const ways: [boolean, string, object][] = [
      [true, THROUGH, {}],
      [true, THROUGH, proxy],
      [false, "another proxy", { ...proxy, HTTPS_PROXY: "http://me:geheim@127.0.0.1:10" }],
      [false, "another proxy", { HTTPS_PROXY: "" }],
      [false, "trusts other authorities", { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem") }],
    ];
    for (const [isCarried, said, way] of ways) {
      await using process = new Executable({ env: { ...env, ...way } }, "notes", "--debug");
      expect(await isAttached(process)).toBe(isCarried);
      expect(String(process.stderr)).toContain(said);
      expect(String(process.stderr) + String(through.stderr)).not.toContain("geheim");
      expect((await process.request(call(1))).result.said).toBe("hello");
    }
  });

  test("takes the account along that it is told", async () => {
    await using _ = await serve();
    await using process = bridge("--account", "work");
    expect(await isAttached(process)).toBe(true);
  });

  test("is not held up by a serve that is stuck", async () => {
    await using stuck = await serve();
    stuck.kill("SIGSTOP");
    await using process = bridge();
    expect(await isAttached(process)).toBe(false);
    stuck.kill("SIGCONT");
  });
});

onUnix("a process whose serve goes away", () => {
  test.each<[string, NodeJS.Signals]>([["is killed", "SIGKILL"], ["is ended", "SIGTERM"]])(
    "carries on by itself where it %s, and the next call works",
    async (_how, signal) => {
      await using through = await serve();
      await using process = bridge();
      expect(await isAttached(process)).toBe(true);
      await process.request(call(1));
      through.kill(signal);
      await through.exit(5_000);
      await process.stderr.find((line) => line.includes(ALONE));
      expect((await process.request(call(2))).result.said).toBe("hello");
    },
  );

  test("has every call carried out once where serve is ended under load", async () => {
    await using through = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    const ids = Array.from({ length: 300 }, (_, place) => place + 1);
    for (const id of ids) {
      process.send({ jsonrpc: "2.0", ...call(id) });
      if (id === 100) through.kill("SIGTERM");
      if (id % 20 === 0) await Bun.sleep(1);
    }
    const answers = await answersOf(process, ids.length);
    expect(answers.filter(({ result }) => result?.said !== "hello")).toEqual([]);
    const calls = server.seen.items.filter(({ message }) => message?.method === "tools/call");
    expect([answers.length, calls.length]).toEqual([ids.length, ids.length]);
    // Serve may have answered every call before it goes.
    await process.stderr.find((line) => line.includes(ALONE));
  });

  test("answers each request of each client exactly once, killed under load", async () => {
    for (let run = 0; run < runs(3, 20); run++) {
      await using through = await serve();
      const processes = Array.from({ length: 5 }, () => bridge());
      try {
        for (const process of processes) expect(await isAttached(process)).toBe(true);
        const ids = Array.from({ length: 200 }, (_, place) => place + 1);
        for (const process of processes) {
          for (const id of ids) {
            const word = `${run} ${process.pid} ${id}`;
            process.send({ jsonrpc: "2.0", ...(id % 4 === 0 ? { id, method: "tools/list" } : call(id, word)) });
          }
        }
        await Bun.sleep(Math.random() * 60);
        through.kill("SIGKILL");
        await through.exit(5_000);
        for (const process of processes) {
          const mine = await answersOf(process, ids.length);
          expect(mine.map(({ id }) => id).sort((one, other) => one - other)).toEqual(ids);
          for (const { id, error } of mine) {
            if (error === undefined) continue;
            expect(id % 4).not.toBe(0);
            expect(error.data.code).toBe("outcome_unknown");
          }
        }
        const next = await Promise.all(processes.map((process) => process.request(call(1_000))));
        expect(next.every(({ result }) => result?.said === "hello")).toBe(true);
        const words = server.seen.items.map(({ message }) => message?.params?.arguments?.word);
        const carriedOut = words.filter((word) => word?.startsWith(`${run} `));
        expect(new Set(carriedOut).size).toBe(carriedOut.length);
      } finally {
        for (const process of processes) await process[Symbol.asyncDispose]();
      }
    }
  }, runs(120_000, 600_000));

  test("stays by itself when another serve comes", async () => {
    const first = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    await first[Symbol.asyncDispose]();
    await process.stderr.find((line) => line.includes(ALONE));
    await process.request(call(1));
    await using _ = await serve();
    await using later = bridge();
    expect(await isAttached(later)).toBe(true);
    expect((await process.request(call(2))).result.said).toBe("hello");
    expect(String(process.stderr).split(THROUGH)).toHaveLength(2);
  });

  test("goes by itself where serve ends before its client has said a word", async () => {
    const through = await serve();
    await using process = bridge();
    await process.stderr.find((line) => line.includes(THROUGH));
    await through[Symbol.asyncDispose]();
    expect((await process.initialize()).result.serverInfo.name).toBe("fake");
    expect((await process.request(call(1))).result.said).toBe("hello");
  });

  test("that was started before any serve stays by itself", async () => {
    await using process = bridge();
    expect(await isAttached(process)).toBe(false);
    await using _ = await serve();
    expect((await process.request(call(1))).result.said).toBe("hello");
    expect(String(process.stderr)).not.toContain(THROUGH);
  });

  test("goes on as it began where its entry changes; others stay where they are", async () => {
    register({ notes: { url: server.url }, more: { url: server.url } });
    await using _ = await serve();
    await using process = bridge();
    await using untouched = new Executable(surroundings(), "more", "--debug");
    expect([await isAttached(process), await isAttached(untouched)]).toEqual([true, true]);
    register({ notes: { url: server.url, timeouts: { total: 30 } }, more: { url: server.url } });
    await process.stderr.find((line) => line.includes(ALONE));
    expect((await process.request(call(1))).result.said).toBe("hello");
    expect((await untouched.request(call(1))).result.said).toBe("hello");
    expect(String(untouched.stderr)).not.toContain(ALONE);
  });
});

onUnix("ten processes at a server that demands OAuth", () => {
  test("redeem one refresh token once", async () => {
    using scene = new SignInScene();
    const state = join(scene.home.folder, "state");
    mkdirSync(state, { mode: 0o700 });
    const list = { mcpServers: { guarded: { url: scene.server.url } } };
    writeFileSync(join(state, "servers.json"), JSON.stringify(list), { mode: 0o600 });
    const env = { ...scene.browser.env, MCP_BRIDGE_HOME: state, MCP_BRIDGE_VAULT_KEY: "file" };
    await using through = await ServeExecutable.start(undefined, { home, env });
    const processes = Array.from({ length: 10 }, () => new Executable({ env }, "guarded", "--debug"));
    try {
      await Promise.all(processes.map((process) => process.initialize()));
      expect(scene.browser.count).toBe(1);
      scene.as.tokens.expireAccess();
      const answers = await Promise.all(processes.map((process) => process.request({ id: 1, method: "tools/list" })));
      expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
      expect(processes.every(({ stderr }) => String(stderr).includes(THROUGH))).toBe(true);
      expect(scene.as.tokens.redemptions).toBe(1);
      // Without it, they share the vault: one of them redeems, the others take what it got.
      await through[Symbol.asyncDispose]();
      scene.as.tokens.expireAccess();
      await Promise.all(processes.map((process) => process.request({ id: 2, method: "tools/list" })));
      expect(scene.as.tokens.redemptions).toBe(2);
    } finally {
      for (const process of processes) await process[Symbol.asyncDispose]();
    }
  }, 60_000);
});

onUnix("the socket", () => {
  const path = (): string => join(folder, "serve.sock");

  test("is the user's alone, and goes with serve", async () => {
    await using through = await serve();
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(path()).isSocket()).toBe(true);
    through.kill("SIGTERM");
    await through.exit(5_000);
    expect(existsSync(path())).toBe(false);
  });

  test("of a serve that was killed is replaced by the next one", async () => {
    const killed = await serve();
    await killed[Symbol.asyncDispose]();
    expect(existsSync(path())).toBe(true);
    await using alone = bridge();
    expect(await isAttached(alone)).toBe(false);
    await using _ = await serve();
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
  });

  test("is left to the serve that has it; a second one says so", async () => {
    await using first = await serve();
    await using second = await serve();
    expect(String(second.stderr)).toContain('another "mcp-bridge serve" runs');
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    second.kill("SIGTERM");
    await second.exit(5_000);
    await using later = bridge();
    expect(await isAttached(later)).toBe(true);
    expect(String(first.stderr)).not.toContain(ALONE);
  });

  test("of two that start at once is had by one", async () => {
    const both = await Promise.all([serve(), serve()]);
    const without = both.filter(({ stderr }) => String(stderr).includes("another"));
    expect(without).toHaveLength(1);
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
    for (const one of both) await one[Symbol.asyncDispose]();
  });

  /** Listens in the place of the socket and gives each line that comes to `answer`. */
  async function impostor(at: string, answer: string): Promise<AsyncDisposable & { readonly heard: string[] }> {
    const heard: string[] = [];
    const listener = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (data) => {
        heard.push(String(data));
        socket.write(answer);
      });
    });
    await new Promise<void>((resolve) => listener.listen(at, resolve));
    return { heard, [Symbol.asyncDispose]: () => new Promise((resolve) => listener.close(() => resolve())) };
  }

  test.each<[string, (at: string) => void, string]>([
    ["a plain file", (at) => writeFileSync(at, ""), "is no socket"],
    ["a folder", (at) => mkdirSync(at), "is no socket"],
    ["a link to nowhere", (at) => symlinkSync("/nowhere", at), ""],
  ])("is not used where %s stands in its place, and is not replaced", async (_what, put, why) => {
    put(path());
    await using process = bridge();
    expect(await isAttached(process)).toBe(false);
    expect(String(process.stderr)).toContain(why);
    await using refused = await serve();
    expect(String(refused.stderr)).toContain('warning: "mcp-bridge NAME" cannot go through here');
  });

  // Only root can give a file away.
  test.skipIf(process.getuid?.() !== 0)(
    "is not used where it is another user's, in its place or behind a link",
    async () => {
      for (const isLinked of [false, true]) {
        const at = isLinked ? join(home.folder, "theirs.sock") : path();
        await using other = await impostor(at, '{"ok":true}\n');
        chownSync(at, 65_534, 65_534);
        if (isLinked) symlinkSync(at, path());
        await using process = bridge();
        expect(await isAttached(process)).toBe(false);
        expect(other.heard).toEqual([]);
        rmSync(path(), { force: true });
      }
    },
  );

  test.each<[string, string]>([
    ["says no", '{"refused":"another version"}\n'],
    ["says what is no answer", "HTTP/1.1 400 Bad Request\r\n\r\n"],
  ])("is given up where whoever listens %s", async (_what, answer) => {
    await using _ = await impostor(path(), answer);
    await using process = bridge();
    expect(await isAttached(process)).toBe(false);
    expect((await process.request(call(1))).result.said).toBe("hello");
  });

  test.each<[string, (hello: Message) => string, RegExp]>([
    ["another version", (hello) => JSON.stringify({ ...hello, version: "0.0.1" }), /"refused":"it is version/],
    ["other settings", (hello) => JSON.stringify(hello), /"refused":"\\"serve\\" has other settings/],
    ["a name that is none", (hello) => JSON.stringify({ ...hello, name: "none" }), /no server of this name/],
    ["what is no hello", () => '{"version":1}', /^$/],
    ["what is no JSON", () => "GET / HTTP/1.1", /^$/],
    ["a line without an end", () => "x".repeat(10_000), /^$/],
  ])("of serve takes nobody who brings %s", async (_what, line, answer) => {
    await using _ = await serve();
    const { version } = await Bun.file(join(import.meta.dir, "../../package.json")).json();
    const socket = dial(path());
    let heard = "";
    socket.on("data", (data) => heard += data);
    socket.write(`${line({ version, name: "notes", account: "default", settings: "0" })}\n`);
    await new Promise((resolve) => socket.on("close", resolve));
    expect(heard).toMatch(answer);
    await using process = bridge();
    expect(await isAttached(process)).toBe(true);
  });
});

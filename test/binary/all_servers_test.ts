/** All servers of one `mcp-bridge serve` as one, at `/mcp` and `/sse`, and the file edited beneath their clients. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mergedUri } from "../../src/bridge/merge/uris.ts";
import { DualEraServer } from "../conformance/dual_era_server.ts";
import { META, MODERN } from "../harness/era_mcp.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import type { Message } from "../harness/executable.ts";
import { FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
import { freePort } from "../harness/free_port.ts";
import { ManyMcp } from "../harness/many_mcp.ts";
import {
  closeWithoutComplaint,
  outcomeOf,
  type Role,
  roleOf,
  type SdkClient,
  type SdkClientKind,
  textOf,
} from "../harness/sdk_client.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT, V2_PINNED_CLIENT } from "../harness/v2_client.ts";

/** A client waits this long for the slowest of several servers, in ms. */
const PATIENCE_MS = 4_500;
/** Far longer than that: what a slow server takes to answer, in ms. */
const SLOW_MS = 120_000;
const TOOLS_CHANGED = "notifications/tools/list_changed";

/** A client at the endpoint. Disposing it closes it, and throws when its SDK complained. */
async function connect(
  serve: ServeExecutable,
  kind: SdkClientKind,
  path: "/mcp" | "/sse" = "/mcp",
  role: Partial<Role> = {},
): Promise<{ client: SdkClient } & AsyncDisposable> {
  const over = path === "/mcp" ? kind.overHttp : kind.overSse;
  const client = await over(`${serve.url}${path}`, roleOf(role), serve.headers);
  return { client, [Symbol.asyncDispose]: () => closeWithoutComplaint(client) };
}

function namesOf(things: readonly { name: string }[]): string[] {
  return things.map(({ name }) => name);
}

async function toolsOf({ sdk }: SdkClient): Promise<string[]> {
  return namesOf((await sdk.listTools()).tools);
}

/** A server with a tool of its own. */
function serverWith(tool: string, port = 0): FakeMcp {
  const server = new FakeMcp(port);
  const tools = [{ name: tool, inputSchema: { type: "object" } }];
  server.on("tools/list", ({ message }) => result(message, { tools }));
  server.on("tools/call", ({ message }) => {
    return result(message, { content: [{ type: "text", text: `${tool} was called` }] });
  });
  return server;
}

describe("two real servers as one", () => {
  let every: EverythingServer;
  let dual: DualEraServer;
  let modern: DualEraServer;
  /** A server with a handshake beside one of both eras, and that one beside a server without. */
  let mixed: ServeExecutable;
  let handless: ServeExecutable;
  beforeAll(async () => {
    every = await EverythingServer.start();
    dual = new DualEraServer();
    modern = new DualEraServer({ era: "modern" });
    mixed = await ServeExecutable.start({ every: { url: every.url }, dual: { url: dual.url } });
    handless = await ServeExecutable.start({ modern: { url: modern.url }, dual: { url: dual.url } });
  });
  afterAll(async () => {
    for (const part of [mixed, handless, every, dual, modern]) await part[Symbol.asyncDispose]();
  });

  const STORIES = [
    [V1_CLIENT, "/mcp"],
    [V1_CLIENT, "/sse"],
    [V2_LEGACY_CLIENT, "/mcp"],
    // One of the servers wants a handshake, and so that is how it begins.
    [V2_AUTO_CLIENT, "/mcp"],
    [V2_PINNED_CLIENT, "/mcp"],
  ] as const;

  describe.each(STORIES.map(([kind, path]) => [`${kind.name} at ${path}`, kind, path] as const))(
    "%s",
    (_story, kind, path) => {
      const isModern = kind === V2_PINNED_CLIENT;
      let serve: ServeExecutable;
      beforeAll(() => void (serve = isModern ? handless : mixed));

      test("has all that the servers offer under names that say whose it is", async () => {
        await using session = await connect(serve, kind, path);
        await using atDual = await kind.overHttp(dual.url, roleOf());
        await using atOther = await kind.overHttp((isModern ? modern : every).url, roleOf());
        const { sdk } = session.client;
        const servers = [[isModern ? "modern" : "every", atOther.sdk], ["dual", atDual.sdk]] as const;
        const [tools, prompts, resources]: [string[], string[], string[]] = [[], [], []];
        for (const [slug, direct] of servers) {
          tools.push(...namesOf((await direct.listTools()).tools).map((name) => `${slug}__${name}`));
          prompts.push(...namesOf((await direct.listPrompts()).prompts).map((name) => `${slug}__${name}`));
          resources.push(...(await direct.listResources()).resources.map(({ uri }) => mergedUri(slug, uri)));
        }
        expect(await toolsOf(session.client)).toEqual(tools);
        expect(namesOf((await sdk.listPrompts()).prompts)).toEqual(prompts);
        expect((await sdk.listResources()).resources.map(({ uri }) => uri)).toEqual(resources);
      });

      test("calls, reads and asks for prompts at the server that has them", async () => {
        await using session = await connect(serve, kind, path);
        const { client } = session;
        expect(textOf(await client.call("dual__test_simple_text"))).toContain("simple text");
        const uri = mergedUri("dual", "test://static-text");
        expect((await client.sdk.readResource({ uri })).contents).toMatchObject([{ uri }]);
        expect((await client.sdk.getPrompt({ name: "dual__test_simple_prompt" })).messages).not.toBeEmpty();
        if (isModern) return;
        expect(textOf(await client.call("every__echo", { message: "hi" }))).toBe("Echo: hi");
        const doc = mergedUri("every", "demo://resource/static/document/features.md");
        expect((await client.sdk.readResource({ uri: doc })).contents).toMatchObject([{ uri: doc }]);
      });

      test("is asked by the server that it has called", async () => {
        const asked: Message[] = [];
        await using session = await connect(serve, kind, path, {
          sample: ({ messages }) => `answer to ${JSON.stringify(messages)}`,
          elicit: (params) => {
            asked.push(params);
            return { action: "accept", content: { name: "Ada", check: true, username: "ada", email: "a@b.example" } };
          },
        });
        const { client } = session;
        expect(textOf(await client.call("dual__test_elicitation", { message: "Where?" }))).toContain("a@b.example");
        expect(asked).toMatchObject([{ message: "Where?" }]);
        expect(textOf(await client.call("dual__test_sampling", { prompt: "six" }))).toContain("six");
        if (isModern) return;
        expect(textOf(await client.call("every__trigger-elicitation-request"))).toContain("Name: Ada");
        expect(textOf(await client.call("every__trigger-sampling-request", { prompt: "seven" }))).toContain("seven");
      });

      test("hears of the progress of its call", async () => {
        await using session = await connect(serve, kind, path);
        const { client } = session;
        const steps: number[] = [];
        await client.call("dual__test_tool_with_progress", {}, {
          onprogress: ({ progress }) => void steps.push(progress),
        });
        // SDK v1 takes up a result before a notification that came in the same read, and complains of what is left.
        const isLate = (complaint: string): boolean => complaint.includes('"progress":100');
        expect(steps.slice(0, 2)).toEqual([0, 50]);
        client.complaints.splice(0, client.complaints.length, ...client.complaints.filter((text) => !isLate(text)));
      });

      test("cancels a call at the server that has it, and the next one works", async () => {
        await using session = await connect(serve, kind, path);
        const { client } = session;
        const from = dual.waits.items.length;
        const abort = new AbortController();
        const call = outcomeOf(client.call("dual__test_waiting_tool", {}, { signal: abort.signal }));
        await dual.waits.find((wait) => wait === "begun", from);
        abort.abort("changed my mind");
        await dual.waits.find((wait) => wait === "cancelled", from);
        expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
        expect(textOf(await client.call("dual__test_simple_text"))).toContain("simple text");
      });
    },
  );
});

test("a client of 2026-07-28 alone is told who wants a handshake, and reaches the others by their names", async () => {
  using old = serverWith("x");
  await using dual = new DualEraServer();
  await using serve = await ServeExecutable.start({ old: { url: old.url }, dual: { url: dual.url } });
  const method = "server/discover";
  const headers = { "mcp-protocol-version": MODERN, "mcp-method": method };
  const answer = await (await serve.post("/mcp", { id: 1, method, params: { _meta: META } }, headers)).json();
  expect((answer as Json).error.message).toBe(
    'mcp-bridge: old wants the handshake of MCP 2025-11-25 or earlier: use "initialize" here; ' +
      "a client that speaks 2026-07-28 alone reaches the other servers by their names",
  );
  const client = await V2_PINNED_CLIENT.overHttp(`${serve.url}/mcp/dual`, roleOf(), serve.headers);
  expect(textOf(await client.call("test_simple_text"))).toContain("simple text");
  await closeWithoutComplaint(client);
});

describe("servers.json, edited beneath its clients", () => {
  test.each([["/mcp", V1_CLIENT], ["/sse", V1_CLIENT], ["/mcp", V2_LEGACY_CLIENT]] as const)(
    "at %s brings new servers and takes others away, and what stays keeps its session",
    async (path, kind) => {
      using a = serverWith("x");
      using b = serverWith("y");
      using c = serverWith("z");
      await using serve = await ServeExecutable.start({ a: { url: a.url }, b: { url: b.url } });
      await using session = await connect(serve, kind, path);
      const { client } = session;
      expect(await toolsOf(client)).toEqual(["a__x", "b__y"]);
      const { notifications } = client;
      serve.edit({ a: { url: a.url }, b: { url: b.url }, c: { url: c.url } });
      await notifications.find(({ method }) => method === TOOLS_CHANGED);
      expect(await toolsOf(client)).toEqual(["a__x", "b__y", "c__z"]);
      expect(textOf(await client.call("c__z"))).toBe("z was called");
      const asked = b.seen.find(({ message }) => message?.method === "tools/call");
      b.on("tools/call", () => new Promise(() => {}));
      const lost = outcomeOf(client.call("b__y"));
      await asked;
      const before = notifications.items.length;
      serve.edit({ a: { url: a.url }, c: { url: c.url } });
      await notifications.find(({ method }) => method === TOOLS_CHANGED, before);
      expect(await lost).toMatchObject({ error: { code: 1023 } });
      expect(await toolsOf(client)).toEqual(["a__x", "c__z"]);
      expect(await outcomeOf(client.call("b__y"))).toMatchObject({ error: { code: -32602 } });
      expect(textOf(await client.call("a__x"))).toBe("x was called");
      expect([a, b, c].map(({ opened }) => opened)).toEqual([1, 1, 1]);
    },
    30_000,
  );

  test("makes the session of a changed server anew, and of no other", async () => {
    using a = serverWith("x");
    using b = serverWith("y");
    await using serve = await ServeExecutable.start({ a: { url: a.url }, b: { url: b.url } });
    await using session = await connect(serve, V1_CLIENT);
    const { client } = session;
    expect(await toolsOf(client)).toEqual(["a__x", "b__y"]);
    serve.edit({ a: { url: a.url }, b: { url: b.url, headers: { "x-changed": "yes" } } });
    await client.notifications.find(({ method }) => method === TOOLS_CHANGED);
    expect(await toolsOf(client)).toEqual(["a__x", "b__y"]);
    expect([a, b].map(({ opened }) => opened)).toEqual([1, 2]);
  });

  test("brings new servers to a client of 2026-07-28, and what they say to where it listens", async () => {
    await using a = new DualEraServer();
    await using b = new DualEraServer();
    await using serve = await ServeExecutable.start({ a: { url: a.url } });
    await using session = await connect(serve, V2_PINNED_CLIENT);
    const { client } = session;
    await client.listen();
    const isOfB = (name: string): boolean => name.startsWith("b__");
    expect((await toolsOf(client)).filter(isOfB)).toEqual([]);
    const { notifications } = client;
    serve.edit({ a: { url: a.url }, b: { url: b.url } });
    await notifications.find(({ method }) => method === TOOLS_CHANGED);
    expect((await toolsOf(client)).filter(isOfB)).toContain("b__test_simple_text");
    await b.streams.find((stream) => stream === "subscriptions/listen");
    const before = notifications.items.length;
    b.changes.changeTools();
    await notifications.find(({ method }) => method === TOOLS_CHANGED, before);
    serve.edit({ b: { url: b.url } });
    await notifications.find(({ method }) => method === TOOLS_CHANGED, before + 1);
    expect((await toolsOf(client)).every(isOfB)).toBe(true);
  });
});

describe("servers that are not there", () => {
  test("leave the lists of a living one as they are", async () => {
    using a = serverWith("x");
    await using serve = await ServeExecutable.start({
      dead: { url: `http://127.0.0.1:${await freePort()}/mcp` },
      a: { url: a.url },
    });
    for (const path of ["/mcp", "/sse"] as const) {
      await using session = await connect(serve, V1_CLIENT, path);
      expect(await toolsOf(session.client)).toEqual(["a__x"]);
    }
    await serve.stderr.find((line) => line.includes("dead is left out"));
  }, 30_000);

  test("or slow, ten of a hundred, leave the lists of ninety whole, and are waited for once", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
    const [dead, slow] = [names.slice(20, 25), names.slice(60, 65)];
    const closed = await freePort();
    using many = new ManyMcp(slow, SLOW_MS);
    const servers: Json = Object.fromEntries(names.map((name) => {
      return [name, { url: dead.includes(name) ? `http://127.0.0.1:${closed}/mcp` : many.url(name) }];
    }));
    await using serve = await ServeExecutable.start(servers);
    await using session = await connect(serve, V1_CLIENT);
    const tools = await toolsOf(session.client);
    const living = names.filter((name) => !dead.includes(name) && !slow.includes(name));
    expect(tools).toEqual(living.map((name) => `${name}__who`));
    const again = performance.now();
    expect(await toolsOf(session.client)).toEqual(tools);
    expect(performance.now() - again).toBeLessThan(PATIENCE_MS);
  }, 30_000);

  test("a server that nobody runs costs no wait, is named with its cause, and comes when it is there", async () => {
    const port = await freePort();
    using here = serverWith("x");
    await using serve = await ServeExecutable.start({
      here: { url: here.url },
      gone: { url: `http://127.0.0.1:${port}/mcp` },
    });
    await using session = await connect(serve, V1_CLIENT);
    const since = performance.now();
    expect(await toolsOf(session.client)).toEqual(["here__x"]);
    expect(performance.now() - since).toBeLessThan(PATIENCE_MS);
    await serve.stderr.find((line) =>
      line.includes("gone is left out") && line.includes("does not accept connections")
    );
    using _back = serverWith("y", port);
    await session.client.notifications.find(({ method }) => method === TOOLS_CHANGED);
    expect(await toolsOf(session.client)).toEqual(["here__x", "gone__y"]);
  }, 30_000);
});

test("a tool that makes a task is called, and its task asked for, by names that tell the server", async () => {
  await using everything = await EverythingServer.start();
  await using serve = await ServeExecutable.start({ every: { url: everything.url } });
  const session = await serve.open("/mcp");
  const ask = async (id: number, method: string, params: object): Promise<Json> =>
    (await serve.answers("/mcp", { id, method, params }, session))[0]!.result;
  const { task } = await ask(1, "tools/call", {
    name: "every__simulate-research-query",
    arguments: { topic: "bridges" },
    task: { ttl: 60_000 },
  });
  expect(task.taskId).toStartWith("every:");
  expect((await ask(2, "tasks/get", { taskId: task.taskId })).taskId).toBe(task.taskId);
  const given = await ask(3, "tasks/result", { taskId: task.taskId });
  expect(given.content[0].text).toContain("bridges");
  expect(given._meta["io.modelcontextprotocol/related-task"].taskId).toBe(task.taskId);
}, 30_000);

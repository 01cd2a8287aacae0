/** Clients with faults, at the executable: what is done for them, and that nothing is done for others. */
import { afterAll, describe, expect, test } from "bun:test";
import { commandOf, Executable, type Message } from "../harness/executable.ts";
import { body, FakeMcp, result } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { roleOf } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";

const PAGES = 3;
const LISTS = [
  ["tools/list", "tools"],
  ["prompts/list", "prompts"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
] as const;

const home = new Home();
afterAll(() => home[Symbol.dispose]());

/** A server whose lists come in pages of two. */
function pagedServer(): FakeMcp {
  const server = new FakeMcp();
  server.offersStream = false;
  for (const [method, member] of LISTS) {
    server.on(method, ({ message }) => {
      const page = Number(message.params?.cursor ?? 0);
      const names = [`${member}-${page}-a`, `${member}-${page}-delete`];
      const items = names.map((name) => ({ name, inputSchema: { type: "object" } }));
      const next = page + 1 < PAGES ? { nextCursor: `${page + 1}` } : {};
      return result(message, { [member]: items, ...next });
    });
  }
  return server;
}

/** Introduces a client of that name. */
async function introduce(bridge: Executable, name: string): Promise<void> {
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name, version: "1" } };
  await bridge.request({ id: "initialize", method: "initialize", params });
  bridge.send({ jsonrpc: "2.0", method: "notifications/initialized" });
}

function namesIn(answer: Message, member: string = "tools"): string[] {
  return answer.result[member].map(({ name }: { name: string }) => name);
}

describe("lists in pages", () => {
  test.each(LISTS)("%s is answered in one for Claude Desktop", async (method, member) => {
    using server = pagedServer();
    await using bridge = new Executable(server.url);
    await introduce(bridge, "claude-ai");
    const answer = await bridge.request({ id: 1, method });
    expect(namesIn(answer, member)).toEqual([0, 1, 2].flatMap((n) => [`${member}-${n}-a`, `${member}-${n}-delete`]));
    expect(answer.result.nextCursor).toBeUndefined();
    expect(server.posted(method).map(({ id, params }) => [id, params?.cursor])).toEqual([
      [1, undefined],
      ["mcp-bridge:list:1", "1"],
      ["mcp-bridge:list:2", "2"],
    ]);
  });

  test.each([
    ["a client that is not known", "by-hand", []],
    ["Claude Desktop, if nobody wants that", "claude-ai", ["--cures", "none"]],
    ["Claude Desktop, if something else is wanted", "claude-ai", ["--cures", "line-separators"]],
  ])("are left to %s page by page", async (_who, name, words) => {
    using server = pagedServer();
    await using bridge = new Executable(server.url, ...words);
    await introduce(bridge, name);
    expect((await bridge.request({ id: 1, method: "tools/list" })).result.nextCursor).toBe("1");
    expect(server.posted("tools/list")).toHaveLength(1);
  });

  test("are merged for any client by --cures merge-lists", async () => {
    using server = pagedServer();
    await using bridge = new Executable(server.url, "--cures", "auto,merge-lists");
    await introduce(bridge, "by-hand");
    expect(namesIn(await bridge.request({ id: 1, method: "tools/list" }))).toHaveLength(2 * PAGES);
  });

  test("are merged for a client of 2026-07-28, which says in each request who it is", async () => {
    using server = pagedServer();
    await using bridge = new Executable(server.url);
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "claude-code", version: "3" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const answer = await bridge.request({ id: 1, method: "tools/list", params: { _meta } });
    expect(namesIn(answer)).toHaveLength(2 * PAGES);
    for (const { params } of server.posted("tools/list")) expect(params._meta).toEqual(_meta);
  });

  test("that break off are answered as far as they go, and a warning says so", async () => {
    using server = pagedServer();
    server.on(
      "prompts/list",
      ({ message }) =>
        message.params?.cursor === "2"
          ? new Response("out of order", { status: 400 })
          : result(message, { prompts: [{ name: "p" }], nextCursor: message.params?.cursor === "1" ? "2" : "1" }),
    );
    await using bridge = new Executable(server.url);
    await introduce(bridge, "claude-ai");
    const answer = await bridge.request({ id: 1, method: "prompts/list" });
    expect(answer.result).toEqual({ prompts: [{ name: "p" }, { name: "p" }], nextCursor: "2" });
    expect(await bridge.stderr.find(() => true)).toStartWith(
      'mcp-bridge: warning: the answer to prompts/list may not be complete: "mcp-bridge: ',
    );
  });

  test("that the client gives up are given up, with the page that is asked for", async () => {
    using server = pagedServer();
    const asked = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    server.on("tools/list", ({ message, signal }) => {
      if (message.params?.cursor === undefined) return result(message, { tools: [], nextCursor: "1" });
      asked.resolve();
      signal.addEventListener("abort", () => gone.resolve());
      return new Promise(() => {});
    });
    await using bridge = new Executable(server.url);
    await introduce(bridge, "claude-ai");
    bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    await asked.promise;
    bridge.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
    await gone.promise;
    expect(server.posted("notifications/cancelled")[0]!.params).toEqual({ requestId: "mcp-bridge:list:1" });
    expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
    expect(bridge.output.items.filter((line) => JSON.parse(line).id === 1)).toEqual([]);
  });

  test("are read to their end for a client that has said all it has to say", async () => {
    using server = pagedServer();
    await using bridge = new Executable(server.url);
    await introduce(bridge, "claude-ai");
    const answer = bridge.request({ id: 1, method: "tools/list" });
    bridge.endInput();
    expect(namesIn(await answer)).toHaveLength(2 * PAGES);
    expect(await bridge.exit(2_000)).toBe(0);
  });

  test("have the time of one request, all pages together", async () => {
    using server = pagedServer();
    server.on(
      "tools/list",
      ({ message }) =>
        message.params?.cursor === undefined
          ? result(message, { tools: [{ name: "a" }], nextCursor: "1" })
          : new Promise(() => {}),
    );
    await using bridge = new Executable(server.url, "--timeout", "1");
    await introduce(bridge, "claude-ai");
    const answer = await bridge.request({ id: 1, method: "tools/list" });
    expect(answer.result).toEqual({ tools: [{ name: "a" }], nextCursor: "1" });
  });

  test("are all there for an SDK's client that reads the first page, without tools that are taken out", async () => {
    using server = pagedServer();
    const command = commandOf(home, server.url, "--cures", "merge-lists", "--ignore-tool", "*-DELETE");
    await using client = await V1_CLIENT.overStdio(command, roleOf());
    const { tools, nextCursor } = await client.sdk.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["tools-0-a", "tools-1-a", "tools-2-a"]);
    expect(nextCursor).toBeUndefined();
    const refusal = await client.call("tools-1-delete").catch((thrown) => thrown);
    expect(refusal.data.code).toBe("ignored_tool");
    expect(server.posted("tools/call")).toEqual([]);
    expect((await client.call("tools-1-a")) as unknown).toMatchObject({ echo: { name: "tools-1-a" } });
    expect(client.complaints).toEqual([]);
  });
});

test("a list without the tools that are taken out is otherwise the server's, byte for byte", async () => {
  const tool = (name: string): string => `{ "name":"${name}", "x":12345678901234567890,"y":1.0}`;
  const list = (...tools: string[]): string =>
    `{"result":{"z":"\\u00e9","tools":[ ${tools.join(" , ")} ]}, "jsonrpc":"2.0","id":7}`;
  using server = new FakeMcp();
  server.on("tools/list", () => body(list(tool("a"), tool("delete_a"), tool("b"))));
  await using bridge = new Executable(server.url, "--ignore-tool", "delete_*");
  await bridge.initialize();
  await bridge.request({ id: 7, method: "tools/list" });
  expect(bridge.output.items.at(-1)).toBe(list(tool("a"), tool("b")));
});

test("null-arguments: a call without arguments reaches the server as one", async () => {
  using server = new FakeMcp();
  const line = '{"jsonrpc":"2.0","id":1,"method":"tools/call", "params":{"name":"a","arguments":null}}';
  for (const [words, expected] of [[[], line], [["--cures", "null-arguments"], line.replace("null", "{}")]] as const) {
    const before = server.seen.items.length;
    await using bridge = new Executable(server.url, ...words);
    await introduce(bridge, "by-hand");
    bridge.write(`${line}\n`);
    const seen = await server.seen.find(({ message }) => message?.method === "tools/call", before);
    expect(seen.text).toBe(expected);
  }
});

test("line-separators: a line holds nothing that a reader may take for its end", async () => {
  using server = new FakeMcp();
  const line = '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a\u2028b\u2029c\u0085d"}]}}';
  server.on("tools/call", () => body(line));
  const escaped = line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\u0085", "\\u0085");
  for (const [words, expected] of [[[], line], [["--cures", "line-separators"], escaped]] as const) {
    await using bridge = new Executable(server.url, ...words);
    await introduce(bridge, "by-hand");
    await bridge.request({ id: 1, method: "tools/call", params: { name: "a" } });
    expect(bridge.output.items.at(-1)).toBe(expected);
  }
});

test("late-answers: what a server says to a request that was cancelled goes nowhere", async () => {
  using server = new FakeMcp();
  const asked = Promise.withResolvers<void>();
  server.on("tools/call", ({ message }) => {
    asked.resolve();
    return new Promise((resolve) =>
      server.on("notifications/cancelled", () => {
        resolve(result(message, { content: [] }));
        return undefined;
      })
    );
  });
  await using bridge = new Executable(server.url, "--cures", "none");
  await introduce(bridge, "by-hand");
  bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "a" } });
  await asked.promise;
  bridge.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  await server.seen.find(({ message }) => message?.method === "notifications/cancelled");
  expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
  expect(bridge.output.items.filter((line) => JSON.parse(line).id === 1)).toEqual([]);
});

import { describe, expect, test } from "bun:test";
import { mergedName } from "../../../../src/bridge/merge/names.ts";
import { mergedUri } from "../../../../src/bridge/merge/uris.ts";
import { META, MODERN, offer } from "../../../harness/era_mcp.ts";
import type { Json } from "../../../harness/fake_mcp.ts";
import { FakeServer, MergeRig } from "../../../harness/merge_rig.ts";

const SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId";
const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";
const TOO_NEW = { error: { code: 1027, message: "mcp-bridge: the server speaks MCP 2025-11-25 or earlier" } };

function request(id: unknown, method: string, params: Json = {}): Json {
  return { id, method, params: { ...params, _meta: META } };
}

/** A server without a handshake, which leaves what `more` leaves to the test. */
function modern(slug: string, more: (request: Json) => Json | undefined = () => undefined): FakeServer {
  return new FakeServer(slug, (asked) => {
    const own = more(asked);
    if (own !== undefined) return own;
    return asked.method === "server/discover" ? { result: offer() } : undefined;
  });
}

function legacy(slug: string): FakeServer {
  return new FakeServer(slug, ({ method }) => {
    return method === "server/discover" ? { error: { code: -32601, message: "Method not found" } } : TOO_NEW;
  });
}

describe("server/discover", () => {
  test("is answered by what all servers offer, asked in the client's name", async () => {
    const servers = [
      modern("a", () => ({ result: { ...offer(), instructions: "use x", ttlMs: 50, cacheScope: "public" } })),
      modern("b", () => {
        const extensions = { "io.modelcontextprotocol/tasks": {}, "com.example/ours": {} };
        return { result: { ...offer(), capabilities: { prompts: {}, extensions }, ttlMs: 9 } };
      }),
    ];
    const rig = new MergeRig(...servers);
    expect((await rig.ask(request(1, "server/discover"))).result).toEqual({
      resultType: "complete",
      supportedVersions: [MODERN],
      capabilities: {
        tools: { listChanged: true },
        prompts: {},
        resources: { subscribe: true },
        logging: {},
        extensions: { "io.modelcontextprotocol/tasks": {} },
      },
      instructions: "a: use x",
      ttlMs: 9,
      cacheScope: "private",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "mcp-bridge", version: "1" } },
    });
    for (const server of servers) expect(server.last("server/discover").params._meta).toEqual(META);
    expect(servers[0]!.all("initialize")).toEqual([]);
  });

  test("goes without a slow server, which is named once", async () => {
    const rig = new MergeRig(modern("a"), new FakeServer("slow"));
    for (const id of [1, 2]) {
      await rig.say(request(id, "server/discover"));
      await rig.clock.pass(5_000);
      expect(rig.answersTo(id)).toMatchObject([{ result: { supportedVersions: [MODERN], ttlMs: 0 } }]);
    }
    expect(rig.warnings).toEqual(["slow is left out: no answer within 4.5 s"]);
  });

  test("is refused where one server wants a handshake, so that a client of both eras makes one and has all", async () => {
    const rig = new MergeRig(modern("a"), legacy("old"), legacy("older"));
    const { error } = await rig.ask(request(1, "server/discover"));
    expect([error.code, error.message]).toEqual([
      -32601,
      'mcp-bridge: old, older want the handshake of MCP 2025-11-25 or earlier: use "initialize" here; ' +
      "a client that speaks 2026-07-28 alone reaches the other servers by their names",
    ]);
  });

  test("is refused where no server does without a handshake, so that the client makes one", async () => {
    const rig = new MergeRig(legacy("a"), legacy("b"));
    expect(await rig.ask(request(1, "server/discover"))).toMatchObject({ error: { code: -32601 } });
    expect(await rig.ask({ id: 2, method: "initialize", params: {} })).toMatchObject({ result: {} });
  });

  test.each([
    [-32000, "Bad Request: Server not initialized", true],
    [-32600, "Missing session ID", true],
    [-32022, "Unsupported protocol version", false],
    [1017, "mcp-bridge: the server answered 502", false],
  ])("takes the error %d, %p, for the wish for a handshake: %p", async (code, message, isWish) => {
    const other = new FakeServer("other", () => ({ error: { code, message } }));
    const rig = new MergeRig(modern("a"), other);
    const { error, result } = await rig.ask(request(1, "server/discover"));
    expect([error?.code, result?.supportedVersions]).toEqual(isWish ? [-32601, undefined] : [undefined, [MODERN]]);
  });

  test("spares a server the lists that it does not have", async () => {
    const server = modern("a", ({ method }) => method === "prompts/list" ? { result: { prompts: [] } } : undefined);
    const rig = new MergeRig(server);
    await rig.ask(request(1, "server/discover"));
    expect(await rig.ask(request(2, "prompts/list"))).toMatchObject({
      result: { prompts: [], resultType: "complete" },
    });
    expect(server.all("prompts/list")).toEqual([]);
  });
});

describe("a list", () => {
  test.each([
    [{ ttlMs: 10, cacheScope: "public" }, { ttlMs: 20, cacheScope: "public" }, { ttlMs: 10, cacheScope: "public" }],
    [{ ttlMs: 10, cacheScope: "public" }, { ttlMs: 20, cacheScope: "private" }, { ttlMs: 10, cacheScope: "private" }],
    [{ ttlMs: 10, cacheScope: "public" }, {}, { ttlMs: 0, cacheScope: "private" }],
  ])("of parts that may be kept as %o and %o may be kept as %o", async (a, b, all) => {
    const listing = (slug: string, more: Json): FakeServer =>
      modern(slug, () => ({ result: { tools: [{ name: "x" }], ...more } }));
    const rig = new MergeRig(listing("a", a), listing("b", b));
    expect((await rig.ask(request(1, "tools/list"))).result).toEqual({
      tools: [{ name: "a__x" }, { name: "b__x" }],
      resultType: "complete",
      ...all,
    });
  });

  test("goes without a server of the other era and is not kept", async () => {
    const rig = new MergeRig(
      modern("a", () => ({ result: { tools: [], ttlMs: 9, cacheScope: "public" } })),
      legacy("old"),
    );
    for (const id of [1, 2]) expect((await rig.ask(request(id, "tools/list"))).result.ttlMs).toBe(0);
    expect(rig.warnings).toHaveLength(1);
  });
});

describe("a call by a shortened name that was never listed", () => {
  test("has the server's list read first, in the client's name", async () => {
    const server = modern(
      "a",
      ({ method }) => method === "tools/list" ? { result: { tools: [{ name: "x/y" }] } } : { result: {} },
    );
    const rig = new MergeRig(server);
    const _meta = { ...META, progressToken: 1 };
    await rig.ask({ id: 1, method: "tools/call", params: { name: mergedName("a", "x/y"), _meta } });
    expect(server.last("tools/list").params._meta).toEqual(META);
    expect(server.last("tools/call").params).toEqual({ name: "x/y", _meta });
  });
});

describe("a call that wants input", () => {
  test("passes with its state, and the retry goes to the same server", async () => {
    const wanted = { resultType: "input_required", requestState: "s", inputRequests: { k: { method: "roots/list" } } };
    const [a, b] = [modern("a", () => ({ result: wanted })), modern("b")];
    const rig = new MergeRig(a, b);
    expect((await rig.ask(request(1, "tools/call", { name: "a__x" }))).result).toEqual(wanted);
    const retry = { name: "a__x", requestState: "s", inputResponses: { k: { roots: [] } } };
    await rig.ask(request(2, "tools/call", retry));
    expect(a.last("tools/call").params).toEqual({ ...retry, name: "x", _meta: META });
    expect(b.all("tools/call")).toEqual([]);
  });
});

describe("a subscription", () => {
  const LISTEN = request(7, "subscriptions/listen", {
    notifications: {
      toolsListChanged: true,
      resourceSubscriptions: [mergedUri("a", "a:1"), mergedUri("b", "b:1"), "other:1"],
    },
  });
  const _meta = { [SUBSCRIPTION_ID]: 7 };
  const TOOLS = { method: "notifications/tools/list_changed", params: { _meta } };

  function acknowledge(server: FakeServer, notifications: Json): void {
    server.say({ method: ACKNOWLEDGED, params: { notifications, _meta } }, "7");
  }

  async function opened(): Promise<{ rig: MergeRig; a: FakeServer; b: FakeServer }> {
    const [a, b] = [modern("a"), modern("b")];
    const rig = new MergeRig(a, b);
    await rig.say(LISTEN);
    return { rig, a, b };
  }

  async function granted(): Promise<{ rig: MergeRig; a: FakeServer; b: FakeServer }> {
    const all = await opened();
    for (const server of [all.a, all.b]) acknowledge(server, server.last("subscriptions/listen").params.notifications);
    return all;
  }

  test("goes to each server under the client's id, with its own part of the set", async () => {
    const { a, b } = await opened();
    expect(a.last("subscriptions/listen")).toMatchObject({
      id: 7,
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: ["a:1"] }, _meta: META },
    });
    expect(b.last("subscriptions/listen").params.notifications.resourceSubscriptions).toEqual(["b:1"]);
  });

  test("does not trouble a server that it does not concern", async () => {
    const [a, b] = [modern("a"), modern("b")];
    const rig = new MergeRig(a, b);
    await rig.say(
      request(7, "subscriptions/listen", { notifications: { resourceSubscriptions: [mergedUri("a", "a:1")] } }),
    );
    expect(b.seen).toEqual([]);
    acknowledge(a, { resourceSubscriptions: ["a:1"] });
    expect(rig.received).toHaveLength(1);
  });

  test("is acknowledged once, with what any server has granted, before anything else is told", async () => {
    const { rig, a, b } = await opened();
    a.say({ method: "notifications/resources/updated", params: { uri: "a:1", _meta } }, "7");
    acknowledge(a, { resourceSubscriptions: ["a:1"] });
    expect(rig.received).toEqual([]);
    acknowledge(b, { toolsListChanged: true });
    expect(rig.received).toEqual([
      {
        jsonrpc: "2.0",
        method: ACKNOWLEDGED,
        params: {
          notifications: { toolsListChanged: true, resourceSubscriptions: [mergedUri("a", "a:1")] },
          _meta,
        },
      },
      { jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri: mergedUri("a", "a:1"), _meta } },
    ]);
    expect(rig.causes).toEqual(["7", "7"]);
  });

  test("waits 4.5 s for a server that does not say what it grants", async () => {
    const { rig, a } = await opened();
    acknowledge(a, { toolsListChanged: true });
    await rig.clock.pass(4_500);
    expect(rig.told(ACKNOWLEDGED)).toHaveLength(1);
  });

  test("waits no longer where servers say more than can be held", async () => {
    const { rig, a } = await opened();
    const news = { method: "notifications/resources/updated", params: { uri: `a:${"1".repeat(1_000)}`, _meta } };
    for (let count = 0; count < 1_000; count++) void a.say(news, "7");
    expect(rig.received[0]).toMatchObject({ method: ACKNOWLEDGED });
    expect(rig.received).toHaveLength(1_001);
  });

  test("holds no more of what a server grants than its last word", async () => {
    const { rig, a, b } = await opened();
    for (const uri of ["a:1", "a:2"]) acknowledge(a, { resourceSubscriptions: [uri] });
    acknowledge(b, { toolsListChanged: true });
    expect(rig.received[0]!.params.notifications).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: [mergedUri("a", "a:2")],
    });
  });

  test("has its servers wait for a client that is behind", async () => {
    const { rig, a } = await granted();
    rig.wait = new Promise(() => {});
    const news = { method: "notifications/resources/updated", params: { uri: "a:1", _meta } };
    expect(a.say(news, "7")).toBe(rig.wait);
  });

  test("brings news under the client's own id, what several say at once once", async () => {
    const { rig, a, b } = await granted();
    for (const server of [a, b]) server.say(TOOLS, "7");
    await rig.clock.pass(0);
    expect(rig.received.slice(1)).toEqual([{ jsonrpc: "2.0", ...TOOLS }]);
    expect(rig.causes.at(-1)).toBe("7");
  });

  test("takes nothing from a server that has no part in it", async () => {
    const [a, b] = [modern("a"), modern("b")];
    const rig = new MergeRig(a, b);
    const mine = { resourceSubscriptions: [mergedUri("a", "a:1")] };
    await rig.ask(request(1, "server/discover"));
    await rig.say(request(7, "subscriptions/listen", { notifications: mine }));
    acknowledge(b, { toolsListChanged: true });
    acknowledge(a, { resourceSubscriptions: ["a:1"] });
    b.say(TOOLS, "7");
    b.say({ method: "notifications/cancelled", params: { requestId: 7 } });
    b.say({ ...TOOLS, params: { _meta: { [SUBSCRIPTION_ID]: 8 } } });
    await rig.clock.pass(0);
    expect(rig.received.slice(1).map(({ params }) => params.notifications)).toEqual([mine]);
  });

  test("ends when it has ended everywhere", async () => {
    const { rig, a, b } = await granted();
    a.answer(a.last("subscriptions/listen"), { result: { resultType: "complete", _meta } });
    expect(rig.answersTo(7)).toEqual([]);
    b.say({ method: "notifications/cancelled", params: { requestId: 7 } });
    expect(rig.answersTo(7)).toMatchObject([{ result: { resultType: "complete", _meta } }]);
    expect(rig.told("notifications/cancelled")).toEqual([]);
  });

  test("that a server refuses goes on with the others, and is an error where all do", async () => {
    const rig = new MergeRig(modern("a"), legacy("old"));
    await rig.say(LISTEN);
    expect(rig.warnings).toHaveLength(1);
    acknowledge(rig.servers[0]!, { toolsListChanged: true });
    expect(rig.told(ACKNOWLEDGED)).toHaveLength(1);
    const none = new MergeRig(legacy("a"), legacy("b"));
    expect(await none.ask(LISTEN)).toMatchObject({ error: { data: { code: "no_answer" } } });
    expect(none.told(ACKNOWLEDGED)).toEqual([]);
  });

  test("that breaks at one server is opened there again, and what may have been missed is told", async () => {
    const { rig, a } = await granted();
    a.answer(a.last("subscriptions/listen"), { error: { code: 1013, message: "mcp-bridge: the line was cut" } });
    expect(rig.answersTo(7)).toEqual([]);
    await rig.clock.pass(1_000);
    expect(a.all("subscriptions/listen")).toHaveLength(2);
    acknowledge(a, { toolsListChanged: true });
    await rig.clock.pass(0);
    expect(rig.told(ACKNOWLEDGED)).toHaveLength(1);
    expect(rig.told(TOOLS.method)).toEqual([{ jsonrpc: "2.0", ...TOOLS }]);
  });

  test("that the client gives up is given up everywhere, and has no answer", async () => {
    const { rig, a, b } = await granted();
    await rig.say({ method: "notifications/cancelled", params: { requestId: 7 } });
    for (const server of [a, b]) {
      expect(server.last("notifications/cancelled").params.requestId).toBe(7);
      server.say(TOOLS, "7");
    }
    await rig.clock.pass(10_000);
    expect(rig.received).toHaveLength(1);
  });

  test("hears of a server whose list comes late", async () => {
    const { rig, a, b } = await granted();
    await rig.say(request(8, "tools/list"));
    b.answer(b.last("tools/list"), { result: { tools: [] } });
    await rig.clock.pass(5_000);
    expect(rig.answersTo(8)).toHaveLength(1);
    a.answer(a.last("tools/list"), { result: { tools: [] } });
    await rig.clock.pass(0);
    expect(rig.received.at(-1)).toEqual({ jsonrpc: "2.0", ...TOOLS });
  });
});

/** Other servers behind a client that stays. */
import { describe, expect, test } from "bun:test";
import type { MergedServer } from "../../../../src/bridge/merge/branch.ts";
import { META, offer } from "../../../harness/era_mcp.ts";
import { settle } from "../../../harness/fake_clock.ts";
import type { Json } from "../../../harness/fake_mcp.ts";
import { agreed, FakeServer, MergeRig, toolServer } from "../../../harness/merge_rig.ts";

const NEWS = ["tools", "prompts", "resources"].map((kind) => `notifications/${kind}/list_changed`);
const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";

async function replace(rig: MergeRig, servers: readonly FakeServer[], changed: readonly string[] = []): Promise<void> {
  const made: MergedServer[] = servers.map(({ server }) => server);
  rig.merged.replace(made, new Set(changed));
  await settle();
}

function news(rig: MergeRig): string[] {
  return rig.received.flatMap(({ method }) => method?.endsWith("/list_changed") === true ? [method] : []);
}

async function toolsOf(rig: MergeRig, id: unknown): Promise<string[]> {
  return (await rig.ask({ id, method: "tools/list", params: {} })).result.tools.map(({ name }: Json) => name);
}

describe("a server that stays", () => {
  test("keeps its session, and the calls that it has", async () => {
    const a = toolServer("a", ["x"]);
    const rig = new MergeRig(a, toolServer("b", ["y"]));
    await rig.handshake();
    a.serve = () => undefined;
    await rig.say({ id: 5, method: "tools/call", params: { name: "a__x" } });
    await replace(rig, [a, toolServer("c", ["z"])]);
    expect(rig.answersTo(5)).toEqual([]);
    a.answer(a.last("tools/call"), { result: { content: [] } });
    await settle();
    expect(rig.answersTo(5)).toMatchObject([{ result: { content: [] } }]);
    expect([a.opened, a.left, a.all("initialize").length]).toEqual([1, 0, 1]);
  });

  test("is told of nothing where all stay, nor is the client", async () => {
    const servers = [toolServer("a", ["x"]), toolServer("b", ["y"])];
    const rig = new MergeRig(...servers);
    await rig.handshake();
    const before = servers.map(({ seen }) => seen.length);
    await replace(rig, servers);
    expect(news(rig)).toEqual([]);
    expect(servers.map(({ seen }) => seen.length)).toEqual(before);
  });
});

describe("a server that is new", () => {
  test("gets the client's handshake with its confirmation and the level of the log, and is in the lists", async () => {
    const rig = new MergeRig(toolServer("a", ["x"]));
    await rig.handshake();
    await rig.say({ id: "level", method: "logging/setLevel", params: { level: "error" } });
    const b = new FakeServer("b", ({ method }) => {
      if (method === "initialize") return agreed({ tools: {}, logging: {} });
      return method === "tools/list" ? { result: { tools: [{ name: "y" }] } } : undefined;
    });
    await replace(rig, [...rig.servers, b]);
    expect(b.seen.map(({ method }) => method)).toEqual(["initialize", "notifications/initialized", "logging/setLevel"]);
    expect(b.last("initialize").params).toMatchObject({ protocolVersion: "2025-11-25" });
    expect(b.last("logging/setLevel").params).toEqual({ level: "error" });
    expect(news(rig).sort()).toEqual([...NEWS].sort());
    expect(await toolsOf(rig, 1)).toEqual(["a__x", "b__y"]);
  });

  test("is asked for nothing before the client's handshake", async () => {
    const rig = new MergeRig(toolServer("a", ["x"]));
    const b = toolServer("b", ["y"]);
    await replace(rig, [...rig.servers, b]);
    expect([b.opened, news(rig).length]).toEqual([0, 0]);
    await rig.handshake();
    expect(b.all("initialize")).toHaveLength(1);
  });

  test("of a slug whose lists came late is waited for like any other", async () => {
    const slow = new FakeServer("a", ({ method }) => method === "initialize" ? agreed({ tools: {} }) : undefined);
    const rig = new MergeRig(slow, toolServer("b", ["y"]));
    await rig.handshake();
    await rig.say({ id: 1, method: "tools/list", params: {} });
    await rig.clock.pass(5_000);
    expect(rig.answersTo(1)).toHaveLength(1);
    await replace(rig, [toolServer("a", ["x"]), rig.servers[1]!], ["a"]);
    slow.answer(slow.last("tools/list"), { result: { tools: [{ name: "old" }] } });
    expect(await toolsOf(rig, 2)).toEqual(["a__x", "b__y"]);
  });
});

describe("a server that has changed", () => {
  test("is left and begun anew", async () => {
    const [old, fresh] = [toolServer("a", ["old"]), toolServer("a", ["fresh"])];
    const rig = new MergeRig(old);
    await rig.handshake();
    await replace(rig, [fresh], ["a"]);
    expect([old.left, fresh.opened, fresh.all("initialize").length]).toEqual([1, 1, 1]);
    expect(news(rig).sort()).toEqual([...NEWS].sort());
    expect(await toolsOf(rig, 1)).toEqual(["a__fresh"]);
  });
});

describe("a server that has gone", () => {
  test("leaves one error for each request that it has, and is heard no more", async () => {
    const gone = new FakeServer("gone", ({ method }) => method === "initialize" ? agreed({ tools: {} }) : undefined);
    const rig = new MergeRig(gone, toolServer("b", ["y"]));
    await rig.handshake();
    for (const id of [7, "7"]) await rig.say({ id, method: "tools/call", params: { name: "gone__x" } });
    await rig.say({ id: 8, method: "tools/list", params: {} });
    await replace(rig, [rig.servers[1]!]);
    for (const id of [7, "7"]) {
      expect(rig.answersTo(id)).toMatchObject([{ error: { code: 1023 } }]);
    }
    expect(rig.answersTo(8)).toMatchObject([{ result: { tools: [{ name: "b__y" }] } }]);
    const count = rig.received.length;
    gone.answer(gone.last("tools/call"), { result: {} });
    gone.say({ method: "notifications/tools/list_changed" });
    gone.say({ id: 1, method: "roots/list" });
    await settle();
    expect(rig.received).toHaveLength(count);
    expect(gone.left).toBe(1);
    expect(await rig.ask({ id: 9, method: "tools/call", params: { name: "gone__x" } }))
      .toMatchObject({ error: { code: -32602 } });
  });

  test("that was in the midst of its handshake leaves one error for each request too", async () => {
    const gone = new FakeServer("gone");
    const rig = new MergeRig(gone, toolServer("b", ["y"]));
    await rig.handshake();
    await rig.say({ id: 7, method: "tools/call", params: { name: "gone__x" } });
    await replace(rig, [rig.servers[1]!]);
    expect(rig.answersTo(7)).toMatchObject([{ error: { code: 1023 } }]);
    gone.answer(gone.last("initialize"), agreed({ tools: {} }));
    await rig.clock.pass(60_000);
    expect(gone.seen.map(({ method }) => method)).toEqual(["initialize"]);
    expect(rig.answersTo(7)).toHaveLength(1);
  });

  test("wants no answer any more to what it has asked the client", async () => {
    const gone = toolServer("gone", []);
    const rig = new MergeRig(gone, toolServer("b", []));
    await rig.handshake();
    gone.say({ id: 1, method: "roots/list" });
    await settle();
    const asked = rig.told("roots/list")[0]!;
    await replace(rig, [rig.servers[1]!]);
    expect(rig.told("notifications/cancelled")).toMatchObject([{ params: { requestId: asked.id } }]);
    const count = gone.seen.length;
    await rig.say({ id: asked.id, result: { roots: [] } });
    expect(gone.seen).toHaveLength(count);
  });
});

describe("a subscription", () => {
  const LISTEN = {
    id: "news",
    method: "subscriptions/listen",
    params: { notifications: { toolsListChanged: true }, _meta: META },
  };

  function listening(slug: string): FakeServer {
    return new FakeServer(slug, (request, server) => {
      if (request.method === "server/discover") return { result: offer() };
      if (request.method !== "subscriptions/listen") return undefined;
      const _meta = { "io.modelcontextprotocol/subscriptionId": request.id };
      server.say({ method: ACKNOWLEDGED, params: { notifications: request.params.notifications, _meta } });
      return undefined;
    });
  }

  test("goes on with the servers that stay, without those that have gone, and at new ones", async () => {
    const [a, b, c] = [listening("a"), listening("b"), listening("c")];
    const rig = new MergeRig(a, b);
    await rig.say(LISTEN);
    expect(rig.told(ACKNOWLEDGED)).toHaveLength(1);
    await replace(rig, [a, c]);
    expect(rig.answersTo("news")).toEqual([]);
    expect([a, b, c].map((server) => server.all("subscriptions/listen").length)).toEqual([1, 1, 1]);
    await rig.clock.pass(600_000);
    expect(b.all("subscriptions/listen")).toHaveLength(1);
    expect(news(rig)).toEqual(["notifications/tools/list_changed"]);
    c.say({
      method: "notifications/tools/list_changed",
      params: { _meta: { "io.modelcontextprotocol/subscriptionId": c.last("subscriptions/listen").id } },
    });
    await settle();
    expect(news(rig)).toHaveLength(2);
    expect(rig.told("notifications/tools/list_changed").at(-1)!.params._meta)
      .toEqual({ "io.modelcontextprotocol/subscriptionId": "news" });
  });
});

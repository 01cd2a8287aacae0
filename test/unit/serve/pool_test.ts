import { describe, expect, test } from "bun:test";
import { Pool, type PoolEntry } from "../../../src/serve/pool.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { ServeRig } from "../../harness/serve_rig.ts";

const CALL = { method: "tools/call", params: { name: "x" } };

function entries(...all: PoolEntry[]): Map<string, PoolEntry> {
  return new Map(all.map((entry) => [entry.slug, entry]));
}

describe("the pool", () => {
  test("makes a server when somebody asks for it, once for each account, and dials nothing", () => {
    const rig = new ServeRig();
    const { pool } = rig;
    expect(pool.slugs).toEqual(["a", "b"]);
    expect(pool.servers).toEqual([]);
    const one = pool.get("a");
    expect(pool.get("a")).toBe(one!);
    expect(pool.get("a", "default")).toBe(one!);
    expect(pool.get("a", "work")).not.toBe(one!);
    expect(pool.get("c")).toBeUndefined();
    expect(pool.get("c", "work")).toBeUndefined();
    expect(pool.servers.map(({ slug, account }) => [slug, account])).toEqual([["a", "default"], ["a", "work"]]);
    expect(rig.lines).toEqual([]);
  });

  test("keeps unchanged servers with their sessions and calls when others take their places", async () => {
    const rig = new ServeRig();
    const session = await rig.open("/mcp/a");
    const { line } = rig;
    const call = session.post({ id: 1, ...CALL });
    await settle();
    const before = rig.pool.get("a")!;
    const over = await rig.pool.replace(entries(rig.entry("c"), rig.entry("a")));
    expect([...over]).toEqual([]);
    expect(rig.pool.get("a")).toBe(before);
    expect(rig.pool.slugs).toEqual(["c", "a"]);
    expect([rig.closed, line.ends]).toEqual([[], []]);
    line.answer("tools/call", { ok: true });
    expect(await (await call).json()).toMatchObject({ result: { ok: true } });
  });

  test("ends what has changed or gone, for every account, and has the new one from then on", async () => {
    const rig = new ServeRig();
    for (const path of ["/mcp/a", "/mcp/a@work", "/mcp/b"]) await rig.open(path);
    const before = rig.pool.get("a")!;
    const over = await rig.pool.replace(entries(rig.entry("a", { version: 2 })));
    expect([...over].sort()).toEqual(["a", "b"]);
    expect(rig.closed.toSorted()).toEqual(["a@default", "a@work", "b@default"]);
    expect(rig.pool.get("a")).not.toBe(before);
    expect(rig.pool.get("b")).toBeUndefined();
    expect(await (await rig.post({ id: 0, method: "initialize", params: {} }, {}, "/mcp/b")).json()).toMatchObject({
      error: { data: { code: "unknown_name" } },
    });
  });

  test("says what ends before it ends, when the others are in their places", async () => {
    const rig = new ServeRig();
    for (const path of ["/mcp/a", "/mcp/b"]) await rig.open(path);
    const told: unknown[] = [];
    const replaced = rig.pool.replace(entries(rig.entry("a")), (over) => {
      told.push([...over], [...rig.pool.slugs], [...rig.closed]);
    });
    expect(told).toEqual([["b"], ["a"], []]);
    await replaced;
    expect(rig.closed).toEqual(["b@default"]);
  });

  test("closing ends all", async () => {
    const rig = new ServeRig();
    for (const path of ["/mcp/a", "/mcp/b"]) await rig.open(path);
    await rig.pool.close();
    expect(rig.closed.toSorted()).toEqual(["a@default", "b@default"]);
    expect(rig.pool.servers).toEqual([]);
  });

  test("without entries has no servers", () => {
    expect(new Pool({ clock: new FakeClock(), idle: 0, record: () => {} }).get("a")).toBeUndefined();
  });
});

describe("the clients of a server", () => {
  test("have a session each, unless it is to be shared", async () => {
    for (const [shared, ways] of [[false, 2], [true, 1]] as const) {
      const rig = new ServeRig({ shared });
      const sessions = [await rig.open(), await rig.open()];
      expect(rig.lines).toHaveLength(ways);
      expect(rig.pool.get("a")!.clients).toBe(2);
      const calls = sessions.map((session) => session.post({ id: 1, ...CALL }));
      await settle();
      for (const line of rig.lines) {
        for (const { id } of line.received.filter(({ method }) => method === "tools/call")) {
          void line.say({ id, result: {} });
        }
      }
      for (const call of calls) expect(await (await call).json()).toMatchObject({ id: 1, result: {} });
      await Promise.all(sessions.map((session) => session.delete()));
      expect(rig.pool.get("a")!.clients).toBe(0);
      expect(rig.line.ends).toEqual(shared ? [] : ["left", "closed"]);
    }
  });

  test("leave a session that they shared, which ends when nobody has come for as long as a client may be gone", async () => {
    const rig = new ServeRig({ shared: true, idle: 60_000 });
    await (await rig.open()).delete();
    await rig.clock.pass(59_000);
    const second = await rig.open();
    await rig.clock.pass(59_000);
    expect([rig.lines.length, rig.line.ends]).toEqual([1, []]);
    await second.delete();
    await rig.clock.pass(60_000);
    expect(rig.line.ends).toEqual(["left", "closed"]);
    await rig.open();
    expect([rig.lines.length, rig.line.ends]).toEqual([2, []]);
  });

  test("are counted by the calls they make: what, whose, how it ended, and nothing of what was in it", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const calls = [1, 2, 3, 4].map((id) =>
      session.post({ id, method: "tools/call", params: { name: `tool ${id}`, arguments: { secret: "s3cret" } } })
    );
    await settle();
    void rig.line.say({ id: 1, result: { content: "s3cret" } });
    void rig.line.say({ id: 2, error: { code: -32603, message: "s3cret" } });
    await session.post({ method: "notifications/cancelled", params: { requestId: 3 } });
    await session.delete();
    await Promise.all(calls);
    const ofCalls = rig.records.filter(({ method }) => method === "tools/call");
    expect(ofCalls).toMatchObject([
      { name: "tool 1", outcome: "result", server: "a", account: "default", client: "rig 1", session: session.id },
      { name: "tool 2", outcome: "error", code: "-32603" },
      { name: "tool 3", outcome: "cancelled" },
      { name: "tool 4", outcome: "cancelled" },
    ]);
    expect(JSON.stringify(rig.records)).not.toContain("s3cret");
    expect(rig.records.every(({ ms }) => ms >= 0)).toBe(true);
  });

  test("are known by the beginning of a name that is long", async () => {
    const rig = new ServeRig();
    const params = { protocolVersion: "2025-11-25", capabilities: {} };
    const clientInfo = { name: `\u{1f600}${"n".repeat(10_000)}`, version: "v".repeat(10_000) };
    await rig.post({ id: 1, method: "initialize", params: { ...params, clientInfo } });
    expect(rig.records.map(({ client }) => client)).toEqual([clientInfo.name.slice(0, 200)]);
  });

  test("that have left say nothing more", async () => {
    const rig = new ServeRig({ shared: true });
    const received: Json[] = [];
    const end = { send: (): undefined => void received.push({}), close: () => Promise.resolve() };
    const server = rig.pool.get("a")!;
    const seat = server.seat(end, { client: undefined });
    await seat.leave();
    await seat.leave();
    const { composeMessage } = await import("../../../src/transport/message.ts");
    void seat.fromClient(composeMessage({ id: 1, ...CALL }));
    expect(rig.line.received).toEqual([]);
    expect([server.clients, rig.records]).toEqual([0, []]);
  });
});

import { describe, expect, test } from "bun:test";
import { Crowd } from "../../../src/bridge/crowd.ts";
import { Budget } from "../../../src/platform/budget.ts";
import type { Place } from "../../../src/serve/place.ts";
import { StreamableHttpService } from "../../../src/serve/streamable_http.ts";
import type { Message } from "../../../src/transport/message.ts";
import { settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { LIMIT, ReadEvents, ServeRig } from "../../harness/serve_rig.ts";

const CALL = { method: "tools/call", params: { name: "x" } };
const MODERN = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": MODERN,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const INITIALIZE = { id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {} } };

/** A request of the era without a handshake, and its headers. */
function modern(message: Json): [body: Json, headers: Record<string, string>] {
  const { params = {}, method } = message;
  const name: string | undefined = params.name ?? params.uri;
  return [
    { ...message, params: { ...params, _meta: { ...META, ...params._meta } } },
    { "mcp-protocol-version": MODERN, "mcp-method": method, ...(name === undefined ? {} : { "mcp-name": name }) },
  ];
}

async function codeOf(response: Response): Promise<unknown> {
  const { jsonrpc, error } = await response.json() as Json;
  expect(jsonrpc).toBe("2.0");
  return error.data?.code ?? error.code;
}

describe("a session", () => {
  test("begins with initialize, lives under its id, and ends with DELETE on both sides", async () => {
    const rig = new ServeRig();
    const begun = await rig.post(INITIALIZE);
    expect(begun.status).toBe(200);
    const id = begun.headers.get("mcp-session-id")!;
    expect(id).toMatch(/^[\x21-\x7e]{36}$/);
    expect(await begun.json()).toMatchObject({ id: 0, result: { protocolVersion: "2025-11-25" } });
    const headers = { "mcp-session-id": id };
    expect((await rig.post({ method: "notifications/initialized" }, headers)).status).toBe(202);
    const answer = rig.post({ id: 1, ...CALL }, headers);
    await settle();
    rig.line.answer("tools/call", { ok: true });
    expect(await (await answer).json()).toEqual({ jsonrpc: "2.0", id: 1, result: { ok: true } });
    expect((await rig.ask("DELETE", "/mcp/a", { headers })).status).toBe(204);
    expect(rig.line.ends).toEqual(["left", "closed"]);
    const late = await rig.post({ id: 2, ...CALL }, headers);
    expect(late.status).toBe(404);
    expect(await late.json()).toMatchObject({ id: 2, error: { data: { code: "session_lost" } } });
    expect(rig.sessions.size).toBe(0);
  });

  test("is the same with a slash at the end of its address", async () => {
    const rig = new ServeRig();
    const session = await rig.open("/mcp/a/");
    expect((await rig.ask("DELETE", "/mcp/a", { headers: { "mcp-session-id": session.id } })).status).toBe(204);
    expect((await rig.ask("GET", "/mcp/a//", {})).status).toBe(404);
  });

  test("that the server does not agree to is none, and what it says before does not end one", async () => {
    const rig = new ServeRig();
    rig.agrees = false;
    const first = rig.post(INITIALIZE);
    await settle();
    void rig.line.say({ method: "notifications/message", params: { level: "info", data: "hello" } });
    const begun = new ReadEvents(await first);
    expect(rig.sessions.size).toBe(1);
    rig.line.answer("initialize", { protocolVersion: "2025-11-25" });
    expect(await begun.messages()).toMatchObject([{ method: "notifications/message" }, { id: 0, result: {} }]);
    expect(rig.sessions.size).toBe(1);
    const second = rig.post(INITIALIZE);
    await settle();
    void rig.line.say({ id: 0, error: { code: 1, message: "no" } });
    expect(await (await second).json()).toMatchObject({ error: { code: 1 } });
    expect(rig.sessions.size).toBe(1);
    expect(rig.line.ends).toEqual(["left", "closed"]);
  });

  test("that ends answers what waits in it, each request once, be it on a stream or not", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const calls = [session.post({ id: 1, ...CALL }), session.post([{ id: 2, ...CALL }, { id: "3", ...CALL }])];
    const streamed = session.post({ id: 4, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/progress", params: {} }, 4);
    await session.delete();
    const closing = { data: { code: "closing" } };
    expect(await (await calls[0]!).json()).toMatchObject({ id: 1, error: closing });
    const batch = new ReadEvents(await calls[1]!);
    expect(await batch.messages()).toMatchObject([{ id: 2, error: closing }, { id: "3", error: closing }]);
    const stream = new ReadEvents(await streamed);
    expect(await stream.messages()).toMatchObject([{ method: "notifications/progress" }, { id: 4, error: closing }]);
    expect([batch.isOver, stream.isOver]).toEqual([true, true]);
  });

  test("is tied to its server, and each has one of its own there", async () => {
    const rig = new ServeRig();
    const [one, other] = [await rig.open(), await rig.open()];
    expect(one.id).not.toBe(other.id);
    expect(rig.lines).toHaveLength(2);
    for (const path of ["/mcp/b", "/mcp/a@work"]) {
      expect((await rig.post({ id: 1, ...CALL }, one.headers, path)).status).toBe(404);
    }
  });

  test("is not that of a client of HTTP with SSE", async () => {
    const rig = new ServeRig();
    const stream = new ReadEvents(await rig.ask("GET", "/sse/a"));
    await settle();
    const id = new URL(stream.events[0]!.data, "http://x").searchParams.get("sessionId")!;
    const headers = { "mcp-session-id": id };
    expect((await rig.ask("GET", "/mcp/a", { headers })).status).toBe(404);
    expect((await rig.ask("DELETE", "/mcp/a", { headers })).status).toBe(404);
    expect((await rig.post({ id: 1, ...CALL }, headers)).status).toBe(404);
    expect(stream.isOver).toBe(false);
  });

  test("beyond the limit is refused, with a time to come back", async () => {
    const rig = new ServeRig({ most: 2 });
    const [one] = [await rig.open(), await rig.open()];
    const refused = await rig.post(INITIALIZE);
    expect([refused.status, refused.headers.get("retry-after"), await codeOf(refused)]).toEqual([503, "30", "busy"]);
    expect((await rig.ask("GET", "/sse/a")).status).toBe(503);
    await one.delete();
    expect((await rig.post(INITIALIZE)).status).toBe(200);
  });

  test("has 1,000 requests in flight at most", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const calls = Array.from({ length: 1_000 }, (_, index) => session.post({ id: index + 1, ...CALL }));
    await settle();
    const refused = await session.post({ id: 5_000, ...CALL });
    expect([refused.status, refused.headers.get("retry-after"), await codeOf(refused)]).toEqual([503, "1", "busy"]);
    expect((await session.post({ method: "notifications/cancelled", params: { requestId: 1 } })).status).toBe(202);
    for (const { id } of rig.line.received.filter(({ method }) => method === "tools/call")) {
      void rig.line.say({ id, result: {} });
    }
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([202, 200]));
    const next = session.post({ id: 1, ...CALL });
    await settle();
    rig.line.answer("tools/call");
    expect((await next).status).toBe(200);
  });
});

describe("what is no request of the protocol", () => {
  test.each<[string, number, string, string, { headers?: Record<string, string>; body?: Json | string }]>([
    ["a call without a session", 400, "POST", "/mcp/a", { body: { id: 1, ...CALL } }],
    ["a notification without a session", 400, "POST", "/mcp/a", { body: { method: "notifications/initialized" } }],
    ["an unknown session", 404, "POST", "/mcp/a", {
      headers: { "mcp-session-id": "x" },
      body: { id: 1, ...CALL },
    }],
    ["a GET without a session", 405, "GET", "/mcp/a", {}],
    ["a DELETE without a session", 405, "DELETE", "/mcp/a", {}],
    ["a GET of an unknown session", 404, "GET", "/mcp/a", { headers: { "mcp-session-id": "x" } }],
    ["a DELETE of an unknown session", 404, "DELETE", "/mcp/a", { headers: { "mcp-session-id": "x" } }],
    ["a PUT", 405, "PUT", "/mcp/a", { body: { id: 1, ...CALL } }],
    ["a PATCH", 405, "PATCH", "/mcp/a", { body: { id: 1, ...CALL } }],
    ["an OPTIONS", 405, "OPTIONS", "/mcp/a", {}],
    ["a HEAD", 405, "HEAD", "/mcp/a", {}],
    ["a revision that is none", 400, "POST", "/mcp/a", {
      headers: { "mcp-protocol-version": "latest" },
      body: INITIALIZE,
    }],
    ["another type", 415, "POST", "/mcp/a", { headers: { "content-type": "text/plain" }, body: INITIALIZE }],
    ["no JSON", 400, "POST", "/mcp/a", { body: "{" }],
    ["a body beyond the limit", 413, "POST", "/mcp/a", { body: { id: 1, method: "x".repeat(LIMIT) } }],
    ["a server that does not exist", 404, "POST", "/mcp/c", { body: INITIALIZE }],
    ["an address that does not exist", 404, "POST", "/elsewhere", { body: INITIALIZE }],
    ["a session in a batch", 400, "POST", "/mcp/a", {
      body: JSON.stringify([{ jsonrpc: "2.0", ...INITIALIZE }, { jsonrpc: "2.0", id: 1, ...CALL }]),
    }],
  ])("%s is answered with %d", async (_what, status, method, path, request) => {
    const rig = new ServeRig();
    const answer = await rig.ask(method, path, request);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.get("allow")).toContain("POST");
    else expect(await codeOf(answer)).toBeDefined();
    expect(rig.lines).toEqual([]);
    expect(rig.sessions.size).toBe(0);
  });
});

describe("requests of a session", () => {
  test("under an id that is in flight are refused with 400, and the first gets its answer", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const first = session.post({ id: 1, ...CALL });
    await settle();
    const twin = await session.post({ id: 1, ...CALL });
    expect([twin.status, await codeOf(twin)]).toEqual([400, -32600]);
    rig.line.answer("tools/call", { first: true });
    expect(await (await first).json()).toMatchObject({ id: 1, result: { first: true } });
  });

  test("in a batch are answered on one stream, each once, in whatever order", async () => {
    const rig = new ServeRig();
    const session = await rig.open("/mcp/a", "2025-03-26");
    const posted = session.post([{ id: 1, ...CALL }, { method: "notifications/x" }, { id: "two", ...CALL }]);
    await settle();
    void rig.line.say({ id: "two", result: { n: 2 } });
    const stream = new ReadEvents(await posted);
    expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
    expect(await stream.messages()).toMatchObject([{ id: "two" }]);
    expect(stream.isOver).toBe(false);
    void rig.line.say({ id: 1, result: { n: 1 } });
    expect(await stream.messages()).toMatchObject([{ id: "two", result: { n: 2 } }, { id: 1, result: { n: 1 } }]);
    expect(stream.isOver).toBe(true);
  });

  test("in a batch with the same id twice are refused together, and nothing of it is done", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const refused = await session.post([{ id: 1, ...CALL }, { id: 1, ...CALL }]);
    expect([refused.status, await codeOf(refused)]).toEqual([400, -32600]);
    expect(rig.line.received.filter(({ method }) => method === "tools/call")).toEqual([]);
  });

  test("in a batch of notifications and answers alone are taken with 202", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const taken = await session.post([{ method: "notifications/x" }, { id: 1, result: {} }]);
    expect([taken.status, await taken.text()]).toEqual([202, ""]);
    expect(rig.line.received.slice(-2)).toMatchObject([{ method: "notifications/x" }, { id: 1, result: {} }]);
  });

  test("that are cancelled end where they were posted, and what comes for them later goes nowhere", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const call = session.post({ id: 1, ...CALL });
    const streamed = session.post({ id: 2, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/message", params: {} }, 2);
    const stream = new ReadEvents(await streamed);
    for (const requestId of [1, 2]) {
      await session.post({ method: "notifications/cancelled", params: { requestId } });
      void rig.line.say({ id: requestId, result: {} });
    }
    expect((await call).status).toBe(202);
    expect(await stream.messages()).toMatchObject([{ method: "notifications/message" }]);
    expect(stream.isOver).toBe(true);
    expect(rig.line.received.filter(({ method }) => method === "notifications/cancelled")).toHaveLength(2);
  });

  test("of a batch of which one is cancelled get their answers", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const posted = session.post([{ id: 1, ...CALL }, { id: 2, ...CALL }]);
    await settle();
    await session.post({ method: "notifications/cancelled", params: { requestId: 1 } });
    void rig.line.say({ id: 2, result: { n: 2 } });
    const stream = new ReadEvents(await posted);
    expect(await stream.messages()).toMatchObject([{ id: 2, result: { n: 2 } }]);
    expect(stream.isOver).toBe(true);
  });

  test("have on their own streams what belongs to them, and the answer as the last", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const calls = [1, 2].map((id) => session.post({ id, ...CALL }));
    await settle();
    for (const id of [1, 2]) {
      void rig.line.say({ method: "notifications/progress", params: { progressToken: id, progress: 1 } }, id);
      void rig.line.say({ id: `ask ${id}`, method: "roots/list" }, id);
      void rig.line.say({ id, result: { n: id } });
    }
    for (const [index, call] of calls.entries()) {
      const stream = new ReadEvents(await call);
      expect(await stream.messages()).toMatchObject([
        { params: { progressToken: index + 1 } },
        { id: `ask ${index + 1}` },
        { id: index + 1, result: { n: index + 1 } },
      ]);
      expect(stream.isOver).toBe(true);
    }
  });

  test("that wait in silence hear that we are there, so that nothing on the way takes them for dead", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const call = session.post({ id: 1, ...CALL });
    await rig.clock.pass(20_000);
    const stream = new ReadEvents(await call);
    rig.line.answer("tools/call", { ok: true });
    expect(await stream.messages()).toEqual([{ jsonrpc: "2.0", id: 1, result: { ok: true } }]);
    expect(stream.isOver).toBe(true);
  });
});

describe("the stream of a session", () => {
  test("has what belongs to no request, and another one takes its place", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const first = await session.listen();
    expect(first.response.headers.get("mcp-session-id")).toBe(session.id);
    expect(first.response.headers.get("cache-control")).toContain("no-cache");
    void rig.line.say({ method: "notifications/tools/list_changed" });
    expect(await first.messages()).toMatchObject([{ method: "notifications/tools/list_changed" }]);
    const second = await session.listen();
    await settle();
    expect(first.isOver).toBe(true);
    void rig.line.say({ method: "notifications/prompts/list_changed" });
    expect(await second.messages()).toMatchObject([{ method: "notifications/prompts/list_changed" }]);
    expect(await first.messages()).toHaveLength(1);
  });

  test("brings what was said while there was none, up to 256 KiB, the newest of it, without what was taken back", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const text = "x".repeat(1_000);
    for (let n = 0; n < 500; n++) void rig.line.say({ method: "notifications/message", params: { n, text } });
    void rig.line.say({ id: 1, method: "roots/list" });
    void rig.line.say({ id: 2, method: "roots/list" });
    void rig.line.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    const messages = await (await session.listen()).messages();
    expect(JSON.stringify(messages).length).toBeLessThan(270_000);
    expect(messages.length).toBeGreaterThan(200);
    expect(messages.filter(({ method }) => method === "roots/list")).toMatchObject([{ id: 2 }]);
    expect(messages.filter(({ params }) => params?.n === 499)).toHaveLength(1);
  });

  test("is silent for long without being taken for idle, and ends with the session", async () => {
    const rig = new ServeRig({ idle: 60_000 });
    const session = await rig.open();
    const stream = await session.listen();
    await rig.clock.pass(3_600_000);
    expect(rig.sessions.size).toBe(1);
    expect(stream.text.split(":\n\n").length).toBeGreaterThan(100);
    await session.delete();
    await settle();
    expect(stream.isOver).toBe(true);
  });
});

describe("a client whose stream broke", () => {
  test("gets on coming back what it has missed of it, the answer too, each once", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const call = session.post({ id: 1, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/progress", params: { progress: 1 } }, 1);
    const stream = new ReadEvents(await call);
    expect(await stream.messages()).toMatchObject([{ params: { progress: 1 } }]);
    const last = await stream.last();
    void rig.line.say({ method: "notifications/progress", params: { progress: 2 } }, 1);
    await stream.leave();
    void rig.line.say({ method: "notifications/progress", params: { progress: 3 } }, 1);
    const resumed = await session.listen(last);
    expect(await resumed.messages()).toMatchObject([{ params: { progress: 2 } }, { params: { progress: 3 } }]);
    void rig.line.say({ id: 1, result: { ok: true } });
    expect((await resumed.messages()).slice(2)).toEqual([{ jsonrpc: "2.0", id: 1, result: { ok: true } }]);
    expect(resumed.isOver).toBe(true);
    const again = await session.listen(last);
    expect((await again.messages()).map(({ id }) => id)).toEqual([undefined, undefined, 1]);
    expect(again.isOver).toBe(true);
  });

  test("gets the answer that was given while it was away, however long that is, and large ones too", async () => {
    const rig = new ServeRig({ idle: 7_200_000 });
    const session = await rig.open();
    const call = session.post({ id: 1, ...CALL });
    await rig.clock.pass(20_000);
    const stream = new ReadEvents(await call);
    const last = await stream.last();
    await stream.leave();
    void rig.line.say({ id: 1, result: { text: "x".repeat(1_000_000) } });
    await rig.clock.pass(3_600_000);
    const [answer] = await (await session.listen(last)).messages();
    expect(answer!.result.text).toHaveLength(1_000_000);
  });

  test("gets on coming back to the session's own stream what was said meanwhile, and nothing of other streams", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const stream = await session.listen();
    void rig.line.say({ method: "notifications/message", params: { n: 1 } });
    const last = await stream.last();
    const call = session.post({ id: 1, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/progress", params: {} }, 1);
    void rig.line.say({ method: "notifications/message", params: { n: 2 } });
    rig.line.answer("tools/call");
    await call;
    await stream.leave();
    void rig.line.say({ method: "notifications/message", params: { n: 3 } });
    const resumed = await session.listen(last);
    expect((await resumed.messages()).map(({ params }) => params.n)).toEqual([2, 3]);
    void rig.line.say({ method: "notifications/message", params: { n: 4 } });
    expect((await resumed.messages()).map(({ params }) => params.n)).toEqual([2, 3, 4]);
  });

  test("finds a stream that has something to say before it has said it, from 2025-11-25 on", async () => {
    for (const [revision, opens] of [["2025-11-25", true], ["2025-06-18", false]] as const) {
      const rig = new ServeRig();
      const session = await rig.open("/mcp/a", revision);
      const call = session.post({ id: 1, ...CALL });
      await rig.clock.pass(20_000);
      for (const stream of [new ReadEvents(await call), await session.listen()]) {
        await settle();
        expect(stream.events.filter(({ id, data }) => id !== undefined && data === "")).toHaveLength(opens ? 1 : 0);
        await stream.leave();
      }
    }
  });

  test("holds at most 256 KiB of what it may want again", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const stream = await session.listen();
    const first = await stream.last();
    const text = "x".repeat(1_000);
    for (let n = 0; n < 1_000; n++) void rig.line.say({ method: "notifications/message", params: { n, text } });
    await stream.leave();
    const missed = await (await session.listen(first)).messages();
    expect(missed.at(-1)!.params.n).toBe(999);
    expect(missed.length).toBeGreaterThan(200);
    expect(missed.length).toBeLessThan(257);
  });

  test.each(["none", "", "0", "-1", "9-9", "1-", "1-1-1", "99999999999999999999-1"])(
    "is told by 204 that there is nothing to come back for behind %p",
    async (last) => {
      const rig = new ServeRig();
      const session = await rig.open();
      const stream = await session.listen();
      expect((await session.get(last)).status).toBe(204);
      await settle();
      expect(stream.isOver).toBe(false);
    },
  );

  test("is told the same of a call that it has cancelled, with which an empty stream would make it ask for ever", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const own = await session.listen();
    const call = session.post({ id: 1, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/progress", params: {} }, 1);
    const stream = new ReadEvents(await call);
    const resumed = await session.listen(await stream.last());
    const last = await stream.last();
    await session.post({ method: "notifications/cancelled", params: { requestId: 1 } });
    await settle();
    expect([stream.isOver, resumed.isOver, own.isOver]).toEqual([true, true, false]);
    // So that the client asks by it, and not for the session's own stream.
    expect(await resumed.last()).toBe(last);
    expect((await session.get(last)).status).toBe(204);
  });

  test("is told the same of what it has read long ago", async () => {
    const rig = new ServeRig();
    const session = await rig.open();
    const call = session.post({ id: 1, ...CALL });
    await settle();
    void rig.line.say({ method: "notifications/progress", params: {} }, 1);
    const stream = new ReadEvents(await call);
    rig.line.answer("tools/call");
    const last = await stream.last();
    await session.listen();
    await rig.clock.pass(70_000);
    expect((await session.get(last)).status).toBe(204);
  });
});

describe("a client without a handshake", () => {
  test("is answered where it posted, without a session, and is nobody's guest afterwards", async () => {
    const rig = new ServeRig();
    const call = rig.post(...modern({ id: 7, ...CALL }));
    await settle();
    expect(rig.sessions.guests).toBe(1);
    rig.line.answer("tools/call", { ok: true });
    const answer = await call;
    expect(answer.headers.get("mcp-session-id")).toBeNull();
    expect(await answer.json()).toEqual({ jsonrpc: "2.0", id: 7, result: { ok: true } });
    expect([rig.sessions.guests, rig.sessions.size, rig.pool.get("a")!.clients]).toEqual([0, 0, 0]);
  });

  test("shares one way to the server with all others of its kind, whatever their ids", async () => {
    const rig = new ServeRig();
    const calls = ["one", "other"].map((who) =>
      rig.post(...modern({ id: 1, method: "tools/call", params: { who, name: "x" } }))
    );
    await settle();
    expect(rig.lines).toHaveLength(1);
    for (const { id, params } of rig.line.received.toReversed()) void rig.line.say({ id, result: { who: params.who } });
    expect(await Promise.all(calls.map(async (call) => (await (await call).json() as Json).result.who))).toEqual([
      "one",
      "other",
    ]);
  });

  test("that goes away gives its request up", async () => {
    const rig = new ServeRig();
    const [body, headers] = modern({ id: 1, ...CALL });
    const leaving = new AbortController();
    const posted = rig.ask("POST", "/mcp/a", { headers, body, signal: leaving.signal });
    await settle();
    const { id } = rig.line.last("tools/call");
    leaving.abort();
    await settle();
    expect(rig.line.last("notifications/cancelled").params.requestId).toBe(id);
    await posted;
    expect([rig.sessions.guests, rig.pool.get("a")!.clients]).toEqual([0, 0]);
  });

  test("that has gone before its request was read asks nothing, and leaves nothing behind", async () => {
    const asked: Message[] = [];
    const crowd = new Crowd({ pump: { fromClient: (message) => void asked.push(message) }, server: "all" });
    const all: Place = {
      target: "",
      seat: () => expect.unreachable(),
      stand: (end) => ({
        fromClient: (message) => crowd.fromClient(message, end),
        leave: () => Promise.resolve(crowd.leave(end)),
      }),
    };
    const { sessions } = new ServeRig();
    const service = new StreamableHttpService({ sessions, limit: LIMIT, budget: new Budget(LIMIT) });
    const [body, headers] = modern({ id: 1, ...CALL });
    const leaving = new AbortController();
    const text = JSON.stringify({ jsonrpc: "2.0", ...body });
    const request = new Request("http://x/mcp", {
      method: "POST",
      body: text,
      headers: { ...headers, "content-type": "application/json", "content-length": String(text.length) },
      signal: leaving.signal,
    });
    const posted = service.answer(request, all);
    leaving.abort();
    await posted;
    expect([crowd.size, sessions.guests, asked]).toEqual([0, 0, []]);
  });

  test("that goes away from a stream gives its subscription up", async () => {
    const rig = new ServeRig();
    const posted = rig.post(...modern({ id: "s", method: "subscriptions/listen", params: { notifications: {} } }));
    await settle();
    const { id } = rig.line.last("subscriptions/listen");
    const _meta = { "io.modelcontextprotocol/subscriptionId": id };
    void rig.line.say({ method: "notifications/subscriptions/acknowledged", params: { _meta } });
    const stream = new ReadEvents(await posted);
    expect(await stream.messages()).toMatchObject([
      { params: { _meta: { "io.modelcontextprotocol/subscriptionId": "s" } } },
    ]);
    await stream.leave();
    expect(rig.line.last("notifications/cancelled").params.requestId).toBe(id);
    expect(rig.sessions.guests).toBe(0);
  });

  test("that waits in silence hears that we are there", async () => {
    const rig = new ServeRig();
    const posted = rig.post(...modern({ id: 1, ...CALL }));
    await rig.clock.pass(20_000);
    const stream = new ReadEvents(await posted);
    await rig.clock.pass(40_000);
    expect(stream.text).toBe(":\n\n".repeat(3));
    rig.line.answer("tools/call");
    expect(await stream.messages()).toMatchObject([{ id: 1, result: {} }]);
  });

  test.each<[string, number, Json]>([
    ["an unknown method", 404, { code: -32601, message: "unknown" }],
    ["a header that differs", 400, { code: -32020, message: "differs" }],
    ["a capability that is missing", 400, { code: -32021, message: "missing" }],
    ["an unknown revision", 400, { code: -32022, message: "unknown" }],
    ["wrong parameters", 200, { code: -32602, message: "wrong" }],
    ["another error", 200, { code: 7, message: "other" }],
  ])("gets an error about %s with %d", async (_what, status, error) => {
    const rig = new ServeRig();
    const posted = rig.post(...modern({ id: 1, ...CALL }));
    await settle();
    void rig.line.say({ id: rig.line.last("tools/call").id, error });
    expect((await posted).status).toBe(status);
  });

  test("gets an error about parameters with 400 where it did not say who it is", async () => {
    const rig = new ServeRig();
    const posted = rig.post({ id: 1, ...CALL }, { "mcp-protocol-version": MODERN });
    await settle();
    void rig.line.say({ id: rig.line.last("tools/call").id, error: { code: -32602, message: "no _meta" } });
    expect((await posted).status).toBe(400);
  });

  test("may say what wants no answer, which has 202", async () => {
    const rig = new ServeRig();
    expect((await rig.post(...modern({ method: "notifications/x" }))).status).toBe(202);
    expect(rig.lines).toEqual([]);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ["without the method", { "mcp-method": undefined }],
    ["of another method", { "mcp-method": "tools/list" }],
    ["without the name", { "mcp-name": undefined }],
    ["of another name", { "mcp-name": "y" }],
    ["of another revision", { "mcp-protocol-version": "2027-01-01" }],
    ["with a name that is no Base64", { "mcp-name": "=?base64?????=" }],
  ])("is refused with headers %s", async (_what, other) => {
    const rig = new ServeRig();
    const [body, headers] = modern({ id: 1, ...CALL });
    const refused = await rig.post(body, { ...headers, ...other });
    expect([refused.status, await codeOf(refused)]).toEqual([400, -32020]);
    expect(rig.lines).toEqual([]);
  });

  test("may write the name in Base64, as a name must be that no header can hold", async () => {
    const rig = new ServeRig();
    const name = "sch\u00f6n \u4e16\u754c";
    const [body, headers] = modern({ id: 1, method: "tools/call", params: { name } });
    const coded = `=?base64?${Buffer.from(name).toString("base64")}?=`;
    const posted = rig.post(body, { ...headers, "mcp-name": coded });
    await settle();
    rig.line.answer("tools/call");
    expect((await posted).status).toBe(200);
  });
});

import { describe, expect, test } from "bun:test";
import { settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { ReadEvents, ServeRig } from "../../harness/serve_rig.ts";

const CALL = { method: "tools/call", params: { name: "x" } };
const INITIALIZE = { id: 0, method: "initialize", params: { protocolVersion: "2024-11-05", capabilities: {} } };

/** A client of HTTP with SSE. */
async function connect(rig: ServeRig, target = "a"): Promise<{
  stream: ReadEvents;
  address: string;
  post(body: Json | string | Json[], headers?: Record<string, string>): Promise<Response>;
}> {
  const stream = new ReadEvents(await rig.ask("GET", `/sse/${target}`));
  await settle();
  const address = stream.events[0]!.data;
  return { stream, address, post: (body, headers = {}) => rig.ask("POST", address, { headers, body }) };
}

describe("HTTP with SSE", () => {
  test("names the address to post to first, and answers on the stream", async () => {
    const rig = new ServeRig();
    const { stream, address, post } = await connect(rig);
    expect(stream.response.headers.get("content-type")).toBe("text/event-stream");
    expect(stream.events[0]!.event).toBe("endpoint");
    expect(address).toMatch(/^\/messages\/a\?sessionId=[0-9a-f-]{36}$/);
    expect(rig.lines).toEqual([]);
    const taken = await post(INITIALIZE);
    expect([taken.status, await taken.text()]).toEqual([202, ""]);
    await post([{ method: "notifications/initialized" }, { id: "1", ...CALL }]);
    void rig.line.say({ method: "notifications/progress", params: { progress: 1 } }, "1");
    void rig.line.say({ id: 9, method: "roots/list" });
    rig.line.answer("tools/call", { ok: true });
    const messages = (await new Promise<Json[]>((resolve) => setImmediate(() => resolve(stream.events.slice(1)))))
      .map(({ data }) => JSON.parse(data));
    expect(messages).toMatchObject([
      { id: 0, result: { protocolVersion: "2024-11-05" } },
      { method: "notifications/progress" },
      { id: 9, method: "roots/list" },
      { id: "1", result: { ok: true } },
    ]);
    await post({ id: 9, result: { roots: [] } });
    expect(rig.line.received.at(-1)).toMatchObject({ id: 9, result: { roots: [] } });
  });

  test("has 1,000 requests in flight at most: those that were answered or given up make room", async () => {
    const rig = new ServeRig();
    const { post } = await connect(rig);
    await post(INITIALIZE);
    const statuses: number[] = [];
    for (let id = 1; id <= 1_001; id++) statuses.push((await post({ id, ...CALL })).status);
    expect([statuses.lastIndexOf(202), statuses.at(-1)]).toEqual([999, 503]);
    expect(rig.line.received.filter(({ method }) => method === "tools/call")).toHaveLength(1_000);
    rig.line.answer("tools/call");
    expect((await post({ id: 1_001, ...CALL })).status).toBe(202);
    expect((await post({ id: 1_002, ...CALL })).status).toBe(503);
    await post({ method: "notifications/cancelled", params: { requestId: 1 } });
    expect((await post({ id: 1_002, ...CALL })).status).toBe(202);
  });

  test("refuses a request under an id that is in flight, and the first gets its answer", async () => {
    const rig = new ServeRig();
    const { stream, post } = await connect(rig);
    await post(INITIALIZE);
    expect((await post({ id: 1, ...CALL })).status).toBe(202);
    const twin = await post({ id: 1, ...CALL });
    expect([twin.status, await twin.json()]).toMatchObject([400, { id: 1, error: { code: -32600 } }]);
    rig.line.answer("tools/call", { ok: true });
    await settle();
    expect(JSON.parse(stream.events.at(-1)!.data)).toMatchObject({ id: 1, result: { ok: true } });
  });

  test("keeps the account in the address", async () => {
    const rig = new ServeRig();
    const { address, post } = await connect(rig, "a@work");
    expect((await post(INITIALIZE)).status).toBe(202);
    expect(decodeURIComponent(address)).toStartWith("/messages/a@work?");
    expect(rig.line.account).toBe("work");
  });

  test("ends a session with its stream, on both sides", async () => {
    const rig = new ServeRig();
    const { stream, post } = await connect(rig);
    await post(INITIALIZE);
    await stream.leave();
    expect(rig.line.ends).toEqual(["left", "closed"]);
    const late = await post({ id: 1, ...CALL });
    expect([late.status, await late.json()]).toMatchObject([404, { error: { data: { code: "session_lost" } } }]);
    expect(rig.sessions.size).toBe(0);
  });

  test("is not idle while its stream is open, and hears that we are there", async () => {
    const rig = new ServeRig({ idle: 60_000 });
    const { stream } = await connect(rig);
    await rig.clock.pass(3_600_000);
    expect(rig.sessions.size).toBe(1);
    expect(stream.text.split("\n\n:").length).toBeGreaterThan(100);
    await rig.sessions.endAll();
    await settle();
    expect(stream.isOver).toBe(true);
  });

  test("refuses what is no message, another server's address, and another session", async () => {
    const rig = new ServeRig();
    const { address, post } = await connect(rig);
    expect((await post("{")).status).toBe(400);
    expect((await post(INITIALIZE, { "content-type": "text/plain" })).status).toBe(415);
    const http = await rig.open();
    for (
      const path of [
        address.replace("/messages/a", "/messages/b"),
        address.replace("/messages/a", "/messages/a@work"),
        "/messages/a",
        "/messages/a?sessionId=x",
        `/messages/a?sessionId=${http.id}`,
      ]
    ) {
      expect((await rig.ask("POST", path, { body: INITIALIZE })).status).toBe(404);
    }
    for (const path of ["/sse/c", "/sse/c@work", "/messages/c?sessionId=x"]) {
      const method = path.startsWith("/sse") ? "GET" : "POST";
      expect((await rig.ask(method, path, method === "GET" ? {} : { body: INITIALIZE })).status).toBe(404);
    }
    expect((await rig.ask("POST", "/sse/a", { body: INITIALIZE })).status).toBe(404);
    expect(rig.lines).toHaveLength(1);
  });
});

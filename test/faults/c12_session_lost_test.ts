import { expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { FakeMcp, type Json } from "../harness/fake_mcp.ts";

async function begin(server: FakeMcp): Promise<Executable> {
  const bridge = new Executable(server.url);
  await bridge.initialize();
  await server.streams.find(() => true);
  return bridge;
}

function methods(server: FakeMcp, from: number): string[] {
  return server.seen.items.slice(from).map(({ method, message }) => message?.method ?? method);
}

test("a call that meets a lost session is carried out in a new one, and the client notices nothing", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  await bridge.request({ id: 1, method: "logging/setLevel", params: { level: "debug" } });
  await bridge.request({ id: 2, method: "resources/subscribe", params: { uri: "test://a" } });
  await bridge.request({ id: 3, method: "resources/subscribe", params: { uri: "test://b" } });
  await bridge.request({ id: 4, method: "resources/unsubscribe", params: { uri: "test://a" } });
  server.sessions.clear();
  const from = server.seen.items.length;
  const answer = await bridge.request({ id: 5, method: "tools/call", params: { name: "x" } });
  expect(answer.result.echo).toEqual({ name: "x" });
  await server.streams.find(() => true, 1);
  expect(methods(server, from).filter((method) => method !== "GET")).toEqual([
    "tools/call",
    "initialize",
    "notifications/initialized",
    "logging/setLevel",
    "resources/subscribe",
    "tools/call",
  ]);
  expect(server.posted("resources/subscribe").at(-1)!.params).toEqual({ uri: "test://b" });
  expect(server.posted("tools/call")).toHaveLength(2);
  const refused = server.seen.items[from]!.headers.get("mcp-session-id");
  const remade = server.seen.items.findLast(({ message }) => message?.method === "tools/call")!;
  expect(remade.headers.get("mcp-session-id")).not.toBe(refused);
  expect(server.seen.items[from + 1]!.headers.get("mcp-session-id")).toBeNull();
});

test("the answers to the second handshake stay with the bridge, and the client reads its lists again", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  server.sessions.clear();
  await bridge.request({ id: 1, method: "ping" });
  const lines = bridge.output.items.map((line) => JSON.parse(line));
  expect(lines.filter((line) => line.method === undefined).map((line) => line.id)).toEqual(["initialize", 1]);
  expect(lines.filter((line) => line.method !== undefined).map((line) => line.method)).toEqual([
    "notifications/tools/list_changed",
  ]);
});

test("many calls that meet a lost session make one new session between them", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  server.sessions.clear();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, id) => bridge.request({ id, method: "tools/call", params: { id } })),
  );
  expect(answers.map(({ result }) => result?.echo?.id)).toEqual(Array.from({ length: 50 }, (_, id) => id));
  expect(server.posted("initialize")).toHaveLength(2);
});

test("of the requests in flight on a session that is lost, what only reads is sent again and the rest is told", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  const held = new Set<number>();
  const hold = (
    { message, signal }: { message: Json; signal: AbortSignal },
  ): Promise<Response | undefined> => {
    if (held.has(message.id)) return Promise.resolve(undefined);
    held.add(message.id);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  };
  server.on("tools/call", hold);
  server.on("resources/read", hold);
  const call = bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  const read = bridge.request({ id: 2, method: "resources/read", params: { uri: "a" } });
  await server.seen.find(({ message }) => message?.method === "resources/read");
  server.sessions.clear();
  await bridge.request({ id: 3, method: "ping" });
  expect((await call).error.data.code).toBe("session_lost");
  expect((await call).error.message).toContain("unknown whether the request was carried out");
  expect((await read).result.echo).toEqual({ uri: "a" });
  expect(server.posted("tools/call")).toHaveLength(1);
});

test("a server that restarts is found again by its stream, without any request", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  server.restart();
  await server.streams.find(() => true, 1);
  expect(server.posted("initialize")).toHaveLength(2);
  expect((await bridge.request({ id: 1, method: "ping" })).result).toBeDefined();
});

test("a server that forgets every session at once is given up after one new try", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  server.on("tools/call", () => new Response("session not found", { status: 404 }));
  const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  expect(answer.error.data.code).toBe("session_lost");
  expect(server.posted("tools/call")).toHaveLength(2);
});

test("an answer of the client to a request of a session that is gone is not sent to the next one", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server);
  server.streams.items[0]!.send({ jsonrpc: "2.0", id: 77, method: "roots/list" });
  await bridge.output.find((line) => line.includes("roots/list"));
  server.sessions.clear();
  await bridge.request({ id: 1, method: "ping" });
  bridge.send({ jsonrpc: "2.0", id: 77, result: { roots: [] } });
  await bridge.request({ id: 2, method: "ping" });
  expect(server.seen.items.some(({ message }) => message?.id === 77)).toBe(false);
});

test("a request that the server accepts with 202 and answers on its GET stream has that answer", async () => {
  using server = new FakeMcp();
  server.on("tools/call", () => new Response(null, { status: 202 }));
  await using bridge = await begin(server);
  const call = bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  await server.seen.find(({ message }) => message?.method === "tools/call");
  server.streams.items[0]!.send({ jsonrpc: "2.0", id: 1, result: { late: true } });
  expect((await call).result).toEqual({ late: true });
});

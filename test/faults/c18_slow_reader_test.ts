import { describe, expect, test } from "bun:test";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { EXECUTABLE } from "../../scripts/build.ts";
import { eventStream, FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
import { FakeWebSocket, type Peer } from "../harness/fake_web_socket.ts";
import { Home } from "../harness/home.ts";
import { memory } from "../harness/memory.ts";

const MIB = 1_048_576;
const INITIALIZE = { jsonrpc: "2.0", id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } };

/** Starts the executable with pipes of which nobody reads. */
function startUnread(home: Home, url: string, ...messages: Json[]): ChildProcessByStdio<Writable, Readable, null> {
  // Bun.spawn would read ahead of us without a limit.
  const bridge = spawn(EXECUTABLE, [url], { env: home.env, stdio: ["pipe", "pipe", "ignore"] });
  for (const message of [INITIALIZE, { jsonrpc: "2.0", method: "notifications/initialized" }, ...messages]) {
    bridge.stdin.write(`${JSON.stringify(message)}\n`);
  }
  return bridge;
}

/** Reads until the numbers of `total` notifications `n` are there, and ends the executable. */
async function readNumbers(bridge: ChildProcessByStdio<Writable, Readable, null>, total: number): Promise<number[]> {
  const seen: number[] = [];
  let rest = "";
  for await (const chunk of bridge.stdout.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const message: Json = JSON.parse(line);
      if (message.method === "n") seen.push(message.params.n);
    }
    if (seen.length === total) break;
  }
  bridge.kill();
  await once(bridge, "exit");
  return seen;
}

/** Waits until `count` has not grown for a second. */
async function stalled(count: () => number): Promise<void> {
  for (let before = -1; before < count() || count() === 0;) {
    before = count();
    await Bun.sleep(1_000);
  }
}

const TOTAL = 300;
const FILLER = "x".repeat(MIB - 100);

describe("a client that does not read stops the server, memory stays bounded, and nothing is lost", () => {
  test("on the stream of Streamable HTTP", async () => {
    using home = new Home();
    using server = new FakeMcp();
    let sent = 0;
    server.on("GET", () => {
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          if (sent === TOTAL) return new Promise(() => {});
          const params = { n: sent++, filler: FILLER };
          controller.enqueue(
            new TextEncoder().encode(`data: ${JSON.stringify({ jsonrpc: "2.0", method: "n", params })}\n\n`),
          );
          await Bun.sleep(0);
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    });
    const bridge = startUnread(home, server.url);
    await stalled(() => sent);
    expect(sent).toBeLessThan(TOTAL);
    expect(memory(bridge.pid!)).toBeLessThan(100 * MIB);
    expect(await readNumbers(bridge, TOTAL)).toEqual(Array.from({ length: TOTAL }, (_, n) => n));
  }, 60_000);

  test("over a WebSocket", async () => {
    using home = new Home();
    using server = new FakeWebSocket();
    let sent = 0;
    function push(peer: Peer): void {
      while (sent < TOTAL) {
        const message = { jsonrpc: "2.0", method: "n", params: { n: sent++, filler: FILLER } };
        // -1: taken, and the peer is behind.
        if (peer.send(JSON.stringify(message)) === -1) return;
      }
    }
    const ordinary = server.answer;
    server.answer = (message, peer) => {
      if (message.method === "notifications/initialized") push(peer);
      else ordinary(message, peer);
    };
    server.ondrain = push;
    const bridge = startUnread(home, server.url);
    await stalled(() => sent);
    expect(sent).toBeLessThan(TOTAL);
    expect(memory(bridge.pid!)).toBeLessThan(110 * MIB);
    expect(await readNumbers(bridge, TOTAL)).toEqual(Array.from({ length: TOTAL }, (_, n) => n));
  }, 60_000);
});

test("a client that writes without reading its answers is not deadlocked", async () => {
  using home = new Home();
  using server = new FakeMcp();
  server.on("tools/call", ({ message }) => result(message, { pad: "x".repeat(MIB) }));
  const calls = Array.from(
    { length: 100 },
    (_, id) => ({ jsonrpc: "2.0", id: id + 1, method: "tools/call" }),
  );
  const bridge = startUnread(home, server.url, ...calls);
  await server.seen.find(({ message }) => message?.id === 100, 0, 20_000);
  const ended = once(bridge, "exit");
  let answers = 0;
  for await (const chunk of bridge.stdout) {
    for (const byte of chunk as Uint8Array) if (byte === 10) answers++;
    if (answers === calls.length + 1) bridge.stdin.end();
  }
  expect(answers).toBe(calls.length + 1);
  expect((await ended)[0]).toBe(0);
}, 60_000);

test("a server that does not end its answer does not hold up the others", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const { response } = eventStream();
  server.on("tools/call", ({ message }) => message.id === 1 ? response : undefined);
  const calls = [1, 2, 3].map((id) => ({ jsonrpc: "2.0", id, method: "tools/call" }));
  const bridge = startUnread(home, server.url, ...calls);
  const answered: number[] = [];
  for await (const chunk of bridge.stdout.setEncoding("utf8")) {
    for (const line of chunk.split("\n").filter(Boolean)) answered.push(JSON.parse(line).id);
    if (answered.length === 3) break;
  }
  expect(answered.sort()).toEqual([0, 2, 3]);
  bridge.kill();
  await once(bridge, "exit");
});

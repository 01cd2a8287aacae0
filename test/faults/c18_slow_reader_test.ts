import { expect, test } from "bun:test";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { EXECUTABLE } from "../../scripts/build.ts";
import { eventStream, FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
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

test(
  "a client that does not read stops the server's stream, memory stays bounded, and nothing is lost",
  async () => {
    using home = new Home();
    using server = new FakeMcp();
    let sent = 0;
    let stalled = Promise.withResolvers<void>();
    const total = 300;
    server.on("GET", () => {
      const filler = "x".repeat(MIB - 100);
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          if (sent === total) return new Promise(() => {});
          const params = { n: sent++, filler };
          controller.enqueue(
            new TextEncoder().encode(`data: ${JSON.stringify({ jsonrpc: "2.0", method: "n", params })}\n\n`),
          );
          stalled.resolve();
          stalled = Promise.withResolvers();
          await Bun.sleep(0);
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    });
    const bridge = startUnread(home, server.url);
    // The stream has stalled when nothing more was asked of the server for a second.
    while (await Promise.race([stalled.promise.then(() => true), Bun.sleep(1_000).then(() => false)]));
    expect(sent).toBeLessThan(total);
    expect(memory(bridge.pid!)).toBeLessThan(100 * MIB);
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
    expect(seen).toEqual(Array.from({ length: total }, (_, n) => n));
    bridge.kill();
    await once(bridge, "exit");
  },
  60_000,
);

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

/** A client that writes its requests without waiting for answers: memory stays bounded, and each gets its own (C18). */
import { describe, expect, test } from "bun:test";
import { runs } from "../harness/counts.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
import { peakMemory } from "../harness/memory.ts";

const MIB = 1_048_576;
const COUNT = 30_000;
const ANSWERED = runs(5_000, COUNT);

function* requests(method: string, count: number): Generator<Json> {
  for (let id = 0; id < count; id++) yield { jsonrpc: "2.0", id, method, params: { name: "x" } };
}

/** Writes them all at once, as one text. */
function writeAll(bridge: Executable, messages: Iterable<Json>): void {
  bridge.write([...messages].map((message) => `${JSON.stringify(message)}\n`).join(""));
}

/** How often each id of a number was answered, once there are `count` answers. */
async function answered(bridge: Executable, count: number, withinMs: number): Promise<number[]> {
  const times: number[] = Array(count).fill(0);
  let [left, from] = [count, 0];
  await bridge.output.find(
    () => {
      for (; from < bridge.output.items.length; from++) {
        const { id, method } = JSON.parse(bridge.output.items[from]!);
        if (typeof id !== "number" || method !== undefined) continue;
        times[id]!++;
        left--;
      }
      return left <= 0;
    },
    0,
    withinMs,
  );
  return times;
}

/** A server whose calls are answered as `answer` has it, and how many of them it had to answer at the same time. */
class Busy extends FakeMcp {
  most = 0;
  #now = 0;

  constructor(method: string, answer: (message: Json, signal: AbortSignal) => Promise<Response>) {
    super();
    this.on(method, async ({ message, signal }) => {
      this.most = Math.max(this.most, ++this.#now);
      try {
        return await answer(message, signal);
      } finally {
        this.#now--;
      }
    });
  }
}

function never(_message: Json, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response())));
}

describe("requests that a client writes at once", () => {
  test.each(["ping", "tools/call"])("have one answer each, in less than 150 MiB: %s", async (method) => {
    using server = new Busy(method, async (message) => {
      await Bun.sleep(1);
      return result(message, {});
    });
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    writeAll(bridge, requests(method, ANSWERED));
    const times = await answered(bridge, ANSWERED, 150_000);
    expect(times.every((each) => each === 1)).toBe(true);
    expect(server.most).toBeLessThanOrEqual(1_000);
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  }, 180_000);

  test.each(["ping", "tools/call"])("are held in less than 150 MiB while nobody answers: %s", async (method) => {
    using server = new Busy(method, never);
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    writeAll(bridge, requests(method, COUNT));
    // What is written last has been read when this is answered.
    bridge.write("?\n");
    await bridge.output.find((line) => line.includes("parse_error"), 0, 60_000);
    expect(server.most).toBeLessThanOrEqual(1_000);
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  }, 90_000);
});

test("calls whose answers depend on what the client says behind all of them come to their end", async () => {
  const count = 600;
  const told = new Map<string, () => void>();
  using server = new FakeMcp();
  server.on("response", ({ message }) => {
    told.get(message.id)?.();
    return undefined;
  });
  server.on("tools/call", ({ message }) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    told.set(`q${message.id}`, resolve);
    const question = { jsonrpc: "2.0", id: `q${message.id}`, method: "elicitation/create", params: {} };
    const stream = new ReadableStream<Uint8Array>({
      async start(controller): Promise<void> {
        const say = (json: Json): void => controller.enqueue(Buffer.from(`data: ${JSON.stringify(json)}\n\n`));
        say(question);
        await promise;
        say({ jsonrpc: "2.0", id: message.id, result: {} });
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  });
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  writeAll(bridge, requests("tools/call", count));
  let from = 0;
  const answers = answered(bridge, count, 60_000);
  for (let asked = 0; asked < count; asked++) {
    const line = await bridge.output.find((each) => each.includes("elicitation/create"), from, 60_000);
    from = bridge.output.items.indexOf(line, from) + 1;
    bridge.send({ jsonrpc: "2.0", id: JSON.parse(line).id, result: { action: "decline" } });
  }
  expect((await answers).every((each) => each === 1)).toBe(true);
}, 90_000);

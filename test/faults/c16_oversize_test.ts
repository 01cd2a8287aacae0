import { describe, expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Executable } from "../harness/executable.ts";
import { body, FakeMcp, type Json } from "../harness/fake_mcp.ts";
import { peakMemory } from "../harness/memory.ts";

const MIB = 1_048_576;

async function begin(server: FakeMcp, ...args: string[]): Promise<Executable> {
  const bridge = new Executable(server.url, ...args);
  await bridge.initialize();
  return bridge;
}

function padded(id: unknown, bytes: number): string {
  const frame = JSON.stringify({ jsonrpc: "2.0", id, result: { pad: "" } });
  return frame.replace('"pad":""', `"pad":"${"x".repeat(bytes - frame.length)}"`);
}

describe("a message of the client beyond the limit", () => {
  const line = (form: string, bytes: number): string => form.replace("PAD", "x".repeat(bytes - form.length + 3));
  const FORMS: [form: string, id: unknown][] = [
    ['{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"id":1,"pad":"PAD"}}', 7],
    ['{"method":"tools/call","params":{"id":1,"pad":"PAD"},"jsonrpc":"2.0","id":"last"}', "last"],
    ['{"params":{"pad":"PAD"},"method":"x","id":8,"jsonrpc":"2.0"}', 8],
    ['{"jsonrpc":"2.0","method":"notifications/x","params":{"pad":"PAD","id":5}}', null],
  ];
  test.each(FORMS)(
    "gets an error under its id where that can be read, and the next goes through: %s",
    async (form, id) => {
      using server = new FakeMcp();
      await using bridge = await begin(server, "--max-message", "1");
      bridge.write(`${line(form, MIB + 1)}\n`);
      const refusal = JSON.parse(await bridge.output.find((text) => text.includes("too_large")));
      expect(refusal.id).toEqual(id);
      expect(refusal.error.message).toContain("--max-message");
      expect((await bridge.request({ id: "next", method: "ping" })).result).toBeDefined();
      expect(server.posted("tools/call")).toEqual([]);
    },
  );

  test("of exactly the limit goes through", async () => {
    using server = new FakeMcp();
    await using bridge = await begin(server, "--max-message", "1");
    const form = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"pad":"PAD"}}';
    bridge.write(`${line(form, MIB)}\n`);
    await bridge.output.find((text) => JSON.parse(text).id === 7);
    expect(server.seen.items.find(({ message }) => message?.id === 7)!.text).toHaveLength(MIB);
  });

  test("of 400 MiB without an end leaves memory under 150 MiB", async () => {
    using server = new FakeMcp();
    await using bridge = await begin(server);
    const megabyte = new Uint8Array(MIB).fill(120);
    for (let written = 0; written < 400; written++) {
      bridge.write(megabyte);
      await bridge.flush();
    }
    bridge.write("\n");
    await bridge.output.find((text) => text.includes("too_large"));
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  }, 60_000);
});

describe("an answer of the server beyond the limit is an error for that request, and memory stays under 150 MiB (A12, A14)", () => {
  const zeros = new Uint8Array(512 * MIB);
  const bomb = (compressed: Uint8Array, encoding: string): Response =>
    new Response(new Uint8Array(compressed), {
      headers: { "content-type": "application/json", "content-encoding": encoding },
    });
  const endless = (type: string): Response => {
    const chunk = new Uint8Array(MIB).fill(120);
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (sent++ === 0) {
          controller.enqueue(new TextEncoder().encode(type.startsWith("text") ? "data: " : '{"a":"'));
        }
        controller.enqueue(chunk);
        if (sent > 1_000) controller.close();
      },
    });
    return new Response(stream, { headers: { "content-type": type } });
  };
  const BOMBS: [what: string, answer: () => Response][] = [
    ["JSON of 65 MiB with its length stated", () => body(padded(1, 65 * MIB))],
    ["JSON without an end", () => endless("application/json")],
    ["an event without an end", () => endless("text/event-stream")],
    ["gzip of 512 MiB", () => bomb(gzipSync(zeros), "gzip")],
    ["zstd of 512 MiB", () => bomb(zstdCompressSync(zeros), "zstd")],
    ["HTML without an end", () => endless("text/html")],
  ];
  test.each(BOMBS)("%s", async (_what, answer) => {
    using server = new FakeMcp();
    server.on("tools/call", answer);
    await using bridge = await begin(server);
    const refusal: Json = await bridge.request({ id: 1, method: "tools/call", params: {} });
    expect(refusal.error.data.code).toBeOneOf(["too_large", "bad_answer"]);
    expect(refusal.error.message).toMatch(/MiB/);
    expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  }, 60_000);

  test("of exactly the limit arrives whole", async () => {
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => body(padded(message.id, MIB)));
    server.on("tools/list", ({ message }) => body(padded(message.id, MIB + 1)));
    await using bridge = await begin(server, "--max-message", "1");
    expect((await bridge.request({ id: 1, method: "tools/call", params: {} })).result.pad).toMatch(/^x+$/);
    expect((await bridge.request({ id: 2, method: "tools/list" })).error.data.code).toBe("too_large");
  });
});

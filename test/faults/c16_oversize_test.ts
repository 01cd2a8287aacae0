import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";
import { Executable } from "../harness/executable.ts";
import { body, FakeMcp, type Json } from "../harness/fake_mcp.ts";
import { FRONT_DOORS } from "../harness/front_doors.ts";
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
  new TextEncoder().encodeInto("data: ", zeros);
  const LIGHTLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
  const bomb = (compressed: Uint8Array, encoding: string, type = "application/json"): Response =>
    new Response(new Uint8Array(compressed), { headers: { "content-type": type, "content-encoding": encoding } });
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
    ["brotli of 512 MiB", () => bomb(brotliCompressSync(zeros, LIGHTLY), "br")],
    ["an event in gzip of 512 MiB", () => bomb(gzipSync(zeros), "gzip", "text/event-stream")],
    ["an event in brotli of 512 MiB", () => bomb(brotliCompressSync(zeros, LIGHTLY), "br", "text/event-stream")],
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
    expect(bridge.stderr.items).toEqual([]);
  }, 60_000);

  const THROUGH_SERVE = Object.entries(FRONT_DOORS).filter(([door]) => door !== "on stdio").flatMap(([door, open]) =>
    BOMBS.filter(([what]) => /without an end|gzip/.test(what)).map(([what, answer]) =>
      [`${what}, ${door}`, open, answer] as const
    )
  );
  test.each(THROUGH_SERVE)("%s", async (_what, open, answer) => {
    using server = new FakeMcp();
    server.on("tools/call", answer);
    await using door = await open(server.url);
    const { error }: Json = JSON.parse(await door.call(1));
    expect(error.data.code).toBeOneOf(["too_large", "bad_answer"]);
    expect(error.message).toMatch(/MiB/);
    expect(door.peak()).toBeLessThan(150 * MIB);
  }, 60_000);

  test("zstd of 512 MiB, which nobody asked for", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => bomb(zstdCompressSync(zeros), "zstd"));
    await using bridge = await begin(server);
    const { error } = await bridge.request({ id: 1, method: "tools/call", params: {} });
    expect([error.data.code, error.message]).toEqual(["bad_answer", expect.stringContaining('packed as "zstd"')]);
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  });

  test("of exactly the limit arrives whole", async () => {
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => body(padded(message.id, MIB)));
    server.on("tools/list", ({ message }) => body(padded(message.id, MIB + 1)));
    await using bridge = await begin(server, "--max-message", "1");
    expect((await bridge.request({ id: 1, method: "tools/call", params: {} })).result.pad).toMatch(/^x+$/);
    expect((await bridge.request({ id: 2, method: "tools/list" })).error.data.code).toBe("too_large");
  });
});

describe("large messages on their way stop nobody", () => {
  test("an answer of the client that the server does not take", async () => {
    using server = new FakeMcp();
    server.on("response", () => new Promise(() => {}));
    await using bridge = await begin(server);
    const stream = await server.streams.find(() => true);
    stream.send({ jsonrpc: "2.0", id: 9, method: "sampling/createMessage" });
    await bridge.output.find((line) => line.includes("sampling/createMessage"));
    bridge.send({ jsonrpc: "2.0", id: 9, result: { pad: "x".repeat(2 * MIB) } });
    expect((await bridge.request({ id: 1, method: "ping" })).result).toBeDefined();
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
  });

  test("more unanswered requests than memory allows: what is too much is refused, small ones and the end of input pass", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => new Promise(() => {}));
    await using bridge = await begin(server);
    for (const id of [1, 2, 3]) {
      bridge.send({ jsonrpc: "2.0", id, method: "tools/call", params: { pad: "x".repeat(40 * MIB) } });
    }
    const refusal = JSON.parse(await bridge.output.find((line) => line.includes("too many large requests")));
    expect(refusal).toMatchObject({ id: 3, error: { data: { code: "busy" } } });
    expect((await bridge.request({ id: 4, method: "ping" })).result).toBeDefined();
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
  });
});

test("an answer that states a small length and then has no end stays within the limit", async () => {
  // A server of raw bytes: no HTTP library says both at once.
  const head =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = Buffer.concat([Buffer.from("100000\r\n"), new Uint8Array(MIB).fill(120), Buffer.from("\r\n")]);
  const server = createServer((socket) => {
    let left = 300;
    const push = (): void => {
      while (left-- > 0) if (!socket.write(chunk)) return void socket.once("drain", push);
    };
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(head);
      push();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  await using bridge = new Executable(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
  const answer = await bridge.request({ id: 1, method: "ping" }, 30_000);
  expect(answer.error).toBeDefined();
  expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  server.close();
}, 60_000);

test("an answer that keeps arriving is not silent, however slowly it comes", async () => {
  using server = new FakeMcp();
  server.on("tools/call", ({ message }) => {
    const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, result: { slow: true } });
    const stream = new ReadableStream<Uint8Array>({
      async start(controller): Promise<void> {
        for (const char of text) {
          controller.enqueue(new TextEncoder().encode(char));
          await Bun.sleep(60);
        }
        controller.close();
      },
    });
    return new Response(stream, { headers: { "content-type": "application/json" } });
  });
  await using bridge = await begin(server, "--body-timeout", "1");
  expect((await bridge.request({ id: 1, method: "tools/call", params: {} })).result).toEqual({ slow: true });
}, 30_000);

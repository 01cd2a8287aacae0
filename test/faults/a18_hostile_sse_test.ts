/** Event streams that a hostile or broken server may send: waits and memory stay bounded, and other requests go on. */
import { describe, expect, test } from "bun:test";
import { Executable, type Message } from "../harness/executable.ts";
import { body, eventStream, FakeMcp } from "../harness/fake_mcp.ts";
import { peakMemory } from "../harness/memory.ts";

const MIB = 1_048_576;
const STREAM = "text/event-stream";
const CALL = { id: 1, method: "tools/call", params: { name: "x" } };
const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"ok":true}}';
/** How long a stream that ends at once is watched, and the GETs that a polite client makes in that time at most. */
const WATCH_MS = 2_000;
const MOST_GETS = 5;

async function begin(server: FakeMcp, ...args: string[]): Promise<Executable> {
  const bridge = new Executable(server.url, ...args);
  await bridge.initialize();
  return bridge;
}

async function answersTo(bridge: Executable, id: unknown): Promise<Message[]> {
  bridge.endInput();
  expect(await bridge.exit(2_000)).toBe(0);
  await bridge.output.ended;
  return bridge.output.items.map((line) => JSON.parse(line)).filter((message) => message.id === id);
}

const UNDERSTOOD: [what: string, stream: string | Uint8Array<ArrayBuffer>][] = [
  ["a byte order mark", `\ufeffdata: ${ANSWER}\n\n`],
  ["line ends of CR only", `: hello\rid: 1\revent: message\rdata: ${ANSWER}\r\r`],
  ["line ends of all kinds", `: hello\r\nid: 1\revent: message\ndata: ${ANSWER}\r\n\r`],
  ["an id with a NUL", `id: a\0b\ndata: ${ANSWER}\n\n`],
  ["retry: 0", `retry: 0\ndata: ${ANSWER}\n\n`],
  ["retry: 1e12", `retry: 1e12\ndata: ${ANSWER}\n\n`],
  ["a retry of a thousand digits", `retry: ${"9".repeat(1_000)}\ndata: ${ANSWER}\n\n`],
  ["a negative retry", `retry: -1\ndata: ${ANSWER}\n\n`],
  ["the answer over many data lines", `data: {"jsonrpc":"2.0",\ndata: "id":1,\ndata: "result":{"ok":true}}\n\n`],
  ["fields that nobody knows", `__proto__: 1\nconstructor\ndata\u00a0: no\ndata: ${ANSWER}\n\n`],
  ["a hundred thousand empty lines", `${"\n".repeat(100_000)}data: ${ANSWER}\n\n`],
  ["a hundred thousand events of other names", `${"event: x\ndata: 1\n\n".repeat(100_000)}data: ${ANSWER}\n\n`],
  ["a hundred thousand ids", `${"id: 1\n".repeat(100_000)}data: ${ANSWER}\n\n`],
  ["a hundred thousand comments", `${": x\n".repeat(100_000)}data: ${ANSWER}\n\n`],
  ["bytes that are no UTF-8 in a comment", joined(": ", new Uint8Array([0xff, 0xfe, 0xc0]), `\ndata: ${ANSWER}\n\n`)],
];

function joined(...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts.map((part) => typeof part === "string" ? Buffer.from(part) : part)));
}

describe("an answer arrives once in a stream with (A18)", () => {
  test.each(UNDERSTOOD)("%s", async (_what, stream) => {
    using server = new FakeMcp();
    server.on("tools/call", () => body(stream, STREAM));
    await using bridge = await begin(server);
    expect((await bridge.request(CALL)).result).toEqual({ ok: true });
    expect(await answersTo(bridge, 1)).toHaveLength(1);
  });

  test("a comment of 200 MiB, in bounded memory", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => {
      const chunk = new Uint8Array(MIB).fill(120);
      let sent = 0;
      const stream = new ReadableStream<Uint8Array>({
        pull(controller): void {
          if (sent === 0) controller.enqueue(new TextEncoder().encode(": "));
          controller.enqueue(chunk);
          if (++sent < 200) return;
          controller.enqueue(new TextEncoder().encode(`\ndata: ${ANSWER}\n\n`));
          controller.close();
        },
      });
      return new Response(stream, { headers: { "content-type": STREAM } });
    });
    await using bridge = await begin(server);
    expect((await bridge.request(CALL)).result).toEqual({ ok: true });
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  });
});

const FRUITLESS: [what: string, stream: string, code: string][] = [
  ["an answer whose event has no end", `data: ${ANSWER}`, "no_answer"],
  ["an answer whose bytes are cut inside a letter", `data: ${ANSWER.slice(0, -3)}\n\n`, "bad_answer"],
  ["an answer of another event name", `event: endpoint\ndata: ${ANSWER}\n\n`, "no_answer"],
  ["an answer behind a no-break space", `\u00a0data: ${ANSWER}\n\n`, "no_answer"],
  ["nothing but an empty id", "id:\nretry: 20\ndata:\n\n", "no_answer"],
  ["nothing but an id with a NUL", "id: \0\nretry: 20\ndata:\n\n", "no_answer"],
];

describe("one error, and no resuming, comes of a stream with (A18)", () => {
  test.each(FRUITLESS)("%s", async (_what, stream, code) => {
    using server = new FakeMcp();
    server.on("tools/call", () => body(stream, STREAM));
    await using bridge = await begin(server);
    await server.streams.find(() => true);
    const { error } = await bridge.request(CALL);
    expect(error.data.code).toBe(code);
    expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
    expect(await answersTo(bridge, 1)).toHaveLength(1);
    expect(server.seen.items.filter(({ method }) => method === "GET")).toHaveLength(1);
  });
});

const TIRELESS: [what: string, stream: string][] = [
  ["ends at once", ""],
  ["asks for no wait", "retry: 0\n\n"],
  ["asks for no wait and names an event each time", "retry: 0\nid: 1\ndata:\n\n"],
  ["says something and ends", 'retry: 0\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\n'],
];

/** Watches how often `matches` comes in a while that no condition ends: that it does not come is the point. */
async function countsIn(
  server: FakeMcp,
  matches: (request: { method: string; headers: Headers }) => boolean,
): Promise<number> {
  await Bun.sleep(WATCH_MS);
  return server.seen.items.filter(matches).length;
}

describe("the server's own stream is not opened again in a tight loop where it (A18)", () => {
  test.concurrent.each(TIRELESS)("%s", async (_what, stream) => {
    using server = new FakeMcp();
    server.on("GET", () => body(stream, STREAM));
    await using bridge = await begin(server);
    const gets = await countsIn(server, ({ method }) => method === "GET");
    expect(gets).toBeGreaterThan(1);
    expect(gets).toBeLessThanOrEqual(MOST_GETS);
    expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
  });
});

test.concurrent("a call is not resumed in a tight loop where the server asks for no wait (A18)", async () => {
  using server = new FakeMcp();
  const empty = "id: 1\nretry: 0\ndata:\n\n";
  server.on("tools/call", () => body(empty, STREAM));
  server.on("GET", ({ request }) => request.headers.has("last-event-id") ? body(empty, STREAM) : undefined);
  await using bridge = await begin(server);
  bridge.send({ jsonrpc: "2.0", ...CALL });
  const resumptions = await countsIn(server, ({ headers }) => headers.has("last-event-id"));
  expect(resumptions).toBeGreaterThan(0);
  expect(resumptions).toBeLessThanOrEqual(MOST_GETS);
});

test("a call is not resumed for ever where each stream brings a new id and nothing else (A18)", async () => {
  using server = new FakeMcp();
  let id = 0;
  const next = (): Response => body(`id: ${++id}\nretry: 0\ndata:\n\n`, STREAM);
  server.on("tools/call", next);
  server.on("GET", ({ request }) => request.headers.has("last-event-id") ? next() : undefined);
  await using bridge = await begin(server, "--timeout", "1");
  const from = performance.now();
  const { error } = await bridge.request(CALL);
  const elapsed = performance.now() - from;
  expect(error.data.code).toBe("timed_out");
  expect(id).toBeGreaterThan(1);
  // The first answer, and one more after each 500 ms at least, whatever the server asks for.
  expect(id).toBeLessThanOrEqual(1 + Math.ceil(elapsed / 500));
});

test("a wait of 11 days that a stream asks for holds up nobody else, and ends when the client leaves (A18)", async () => {
  using server = new FakeMcp();
  server.on("tools/call", () => body("id: 1\nretry: 1000000000000\ndata:\n\n", STREAM));
  await using bridge = await begin(server);
  bridge.send({ jsonrpc: "2.0", ...CALL });
  await server.seen.find(({ message }) => message?.method === "tools/call");
  expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
  const [answer] = await answersTo(bridge, 1);
  expect(answer!.error.data.code).toBe("closing");
});

test("a stream that never ends behind its answer is closed by the bridge (A18)", async () => {
  using server = new FakeMcp();
  const { response, stream } = eventStream();
  const closed = Promise.withResolvers<void>();
  server.on("tools/call", ({ signal }) => {
    signal.addEventListener("abort", () => closed.resolve());
    stream.raw(`data: ${ANSWER}\n\n`);
    const drip = setInterval(() => stream.raw(": still here\n"), 100);
    signal.addEventListener("abort", () => clearInterval(drip));
    return response;
  });
  await using bridge = await begin(server);
  expect((await bridge.request(CALL)).result).toEqual({ ok: true });
  await closed.promise;
});

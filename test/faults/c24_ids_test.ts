/** Ids of every kind through the executable: each request gets one answer, and nobody gets another one's. */
import { describe, expect, test } from "bun:test";
import { runs } from "../harness/counts.ts";
import { Executable } from "../harness/executable.ts";
import { body, FakeMcp, type Json } from "../harness/fake_mcp.ts";
import { PATIENCE_MS } from "../harness/log.ts";

const CALLS = runs(1_000, 10_000);
/** No more of a client's requests are on their way to a server. */
const AT_A_TIME = 1_000;

/** A server whose answer to `tools/call` repeats the id and the mark of the request as they were written. */
function echoing(): FakeMcp {
  const server = new FakeMcp();
  server.on("tools/call", ({ request }) => body(echoOf(request.text)));
  return server;
}

function callOf(id: string, mark: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"mark":"${mark}"}}`;
}

function echoOf(call: string): string {
  const [, id, mark] = /"id":(.*),"method".*"mark":"([^"]*)"/s.exec(call)!;
  return answerOf(id!, mark!);
}

function answerOf(id: string, mark: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"mark":"${mark}"}}`;
}

/** Lets the client leave and gives all that it got since its `from`th line. */
async function linesToTheEnd(bridge: Executable, from: number): Promise<string[]> {
  bridge.endInput();
  expect(await bridge.exit(PATIENCE_MS)).toBe(0);
  await bridge.output.ended;
  return bridge.output.items.slice(from);
}

async function begin(server: FakeMcp): Promise<Executable> {
  const bridge = new Executable(server.url);
  await bridge.initialize();
  await server.streams.find(() => true);
  return bridge;
}

/** Holds every `tools/call` until the test lets it go. */
function holding(
  server: FakeMcp,
): { release(mark: string, answer?: Response): void; signals: Map<string, AbortSignal> } {
  const waiting = new Map<string, (answer?: Response) => void>();
  const signals = new Map<string, AbortSignal>();
  server.on("tools/call", ({ request, message, signal }) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    signals.set(message.params.mark, signal);
    waiting.set(message.params.mark, (answer) => resolve(answer ?? body(echoOf(request.text))));
    return promise;
  });
  return { signals, release: (mark, answer) => waiting.get(mark)!(answer) };
}

function held(server: FakeMcp, mark: string): Promise<unknown> {
  return server.seen.find(({ message }) => message?.params?.mark === mark);
}

const ODD_IDS = [
  "0",
  "-1",
  "-0",
  "1.5",
  "-0.25",
  "1e3",
  "1E-2",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "123456789012345678901234567890",
  "1e400",
  '""',
  '" "',
  '"1"',
  '"null"',
  '"mcp-bridge:1"',
  '"__proto__"',
  '"constructor"',
  String.raw`"\u0061\/\"\\"`,
  String.raw`"\n\u0000\ud83d\ude00"`,
  String.raw`"\ud800"`,
  '"\u4e16\u754c \u2028 \ud83d\ude00"',
  "null",
];

describe("an odd id comes back as it was written (C24)", () => {
  test.each(ODD_IDS)("%s", async (id) => {
    using server = echoing();
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf(id, "a")}\n`);
    await bridge.output.find(() => true, from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf(id, "a")]);
    expect(server.seen.items.findLast(({ method }) => method === "POST")!.text).toBe(callOf(id, "a"));
  });

  test("all at once, each with its own answer", async () => {
    using server = new FakeMcp();
    const calls = holding(server);
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    const marks = ODD_IDS.map((_, index) => `m${index}`);
    // -0 is 0, as JSON-RPC compares numbers.
    const together = ODD_IDS.map((id, index) => [id, marks[index]!] as const).filter(([id]) => id !== "-0");
    bridge.write(together.map(([id, mark]) => `${callOf(id, mark)}\n`).join(""));
    for (const [, mark] of together) await held(server, mark);
    for (const [, mark] of together.toReversed()) calls.release(mark);
    for (const [, mark] of together) await bridge.output.find((line) => line.includes(`"${mark}"`), from);
    const lines = await linesToTheEnd(bridge, from);
    expect(lines.toSorted()).toEqual(together.map(([id, mark]) => answerOf(id, mark)).toSorted());
  });
});

const SAME_IDS: [first: string, second: string][] = [
  ["1", "1"],
  ["1", "1.0"],
  ["1", "1e0"],
  ["100", "1E2"],
  ["0", "-0"],
  ['"a"', '"a"'],
  ['"a"', String.raw`"\u0061"`],
  ['"/"', String.raw`"\/"`],
  ["9007199254740993", "9007199254740993"],
];

describe("a second request under an id in flight is refused, and the first one answered (C24)", () => {
  test.each(SAME_IDS)("%s and %s", async (first, second) => {
    using server = new FakeMcp();
    const calls = holding(server);
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf(first, "first")}\n${callOf(second, "second")}\n`);
    await held(server, "first");
    const refusal: Json = JSON.parse(await bridge.output.find(() => true, from));
    expect(refusal.error.code).toBe(-32600);
    expect(refusal.error.message).toContain("in flight");
    calls.release("first");
    await bridge.output.find((line) => line.includes("result"), from);
    // Its place is free again.
    bridge.write(`${callOf(second, "third")}\n`);
    await held(server, "third");
    calls.release("third");
    await bridge.output.find((line) => line.includes("third"), from);
    const lines = await linesToTheEnd(bridge, from);
    expect(lines[0]).toStartWith(`{"jsonrpc":"2.0","id":${second},"error":`);
    expect(lines.slice(1)).toEqual([answerOf(first, "first"), answerOf(second, "third")]);
    expect(server.posted("tools/call").map(({ params }) => params.mark)).toEqual(["first", "third"]);
  });
});

const OTHER_IDS: [first: string, second: string][] = [
  ["1", '"1"'],
  ["1", "-1"],
  ["1", "1.5"],
  ["9007199254740992", "9007199254740993"],
  ['"a"', '"A"'],
  ['"e\u0301"', '"\u00e9"'],
  ["null", '"null"'],
  ['""', "0"],
];

describe("ids that only look alike are two requests (C24)", () => {
  test.each(OTHER_IDS)("%s and %s", async (first, second) => {
    using server = new FakeMcp();
    const calls = holding(server);
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf(first, "first")}\n${callOf(second, "second")}\n`);
    await Promise.all([held(server, "first"), held(server, "second")]);
    calls.release("second");
    await bridge.output.find((line) => line.includes("second"), from);
    calls.release("first");
    await bridge.output.find((line) => line.includes("first"), from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf(second, "second"), answerOf(first, "first")]);
  });
});

describe("an answer that nobody waits for goes nowhere (C24)", () => {
  test("the second of two in one stream", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => {
      const events = ["a", "b"].map((mark) => `data: ${answerOf("1", mark)}\n\n`).join("");
      return body(`${events}data: {"jsonrpc":"2.0","method":"notifications/behind"}\n\n`, "text/event-stream");
    });
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "a")}\n`);
    await bridge.output.find((line) => line.includes("notifications/behind"), from);
    expect((await linesToTheEnd(bridge, from))[0]).toBe(answerOf("1", "a"));
    expect(bridge.output.items.slice(from)).toHaveLength(2);
  });

  test("the second of two in one batch", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => body(`[${answerOf("1", "a")},${answerOf("1", "b")}]`));
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "a")}\n`);
    await bridge.output.find(() => true, from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf("1", "a")]);
  });

  test("one that comes late on the server's own stream, and one to an id never used", async () => {
    using server = echoing();
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "a")}\n`);
    await bridge.output.find((line) => line.includes('"a"'), from);
    const [stream] = server.streams.items;
    for (const id of ["1", '"initialize"', "12345", '"mcp-bridge:1"', "null"]) stream!.send(answerOf(id, "stray"));
    stream!.send({ jsonrpc: "2.0", method: "notifications/behind" });
    await bridge.output.find((line) => line.includes("notifications/behind"), from);
    expect(await linesToTheEnd(bridge, from)).toEqual([
      answerOf("1", "a"),
      '{"jsonrpc":"2.0","method":"notifications/behind"}',
    ]);
  });

  test("one to another request comes where it belongs, on whatever stream, and once", async () => {
    using server = new FakeMcp();
    const calls = holding(server);
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "one")}\n${callOf("2", "two")}\n`);
    await Promise.all([held(server, "one"), held(server, "two")]);
    server.streams.items[0]!.send(answerOf("1", "early"));
    await bridge.output.find((line) => line.includes("early"), from);
    calls.release("one");
    calls.release("two");
    await bridge.output.find((line) => line.includes("two"), from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf("1", "early"), answerOf("2", "two")]);
  });
});

describe("cancelling (C24)", () => {
  const cancel = (id: string): string =>
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}\n`;
  const cancelled = (server: FakeMcp, from = 0): Promise<unknown> =>
    server.seen.find(({ message }) => message?.method === "notifications/cancelled", from);

  test("before the request is passed on, and the request is answered", async () => {
    using server = echoing();
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(cancel("1"));
    await cancelled(server);
    bridge.write(`${callOf("1", "a")}\n`);
    await bridge.output.find(() => true, from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf("1", "a")]);
  });

  test.each([["1", "1"], ["1", "1.0"], ['"a"', String.raw`"\u0061"`], ["9007199254740993", "9007199254740993"]])(
    "during the request %s as %s tells the server, closes the exchange, and leaves no answer",
    async (id, written) => {
      using server = new FakeMcp();
      const calls = holding(server);
      await using bridge = await begin(server);
      const from = bridge.output.items.length;
      bridge.write(`${callOf(id, "a")}\n${callOf('"other"', "b")}\n`);
      await Promise.all([held(server, "a"), held(server, "b")]);
      const closed = new Promise((resolve) => calls.signals.get("a")!.addEventListener("abort", resolve));
      bridge.write(cancel(written));
      await Promise.all([cancelled(server), closed]);
      calls.release("a");
      server.streams.items[0]!.send(answerOf(id, "late"));
      calls.release("b");
      await bridge.output.find((line) => line.includes('"b"'), from);
      expect(await linesToTheEnd(bridge, from)).toEqual([answerOf('"other"', "b")]);
    },
  );

  test("another request of the same spelling but another type leaves it alone", async () => {
    using server = new FakeMcp();
    const calls = holding(server);
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "a")}\n`);
    await held(server, "a");
    bridge.write(cancel('"1"'));
    await cancelled(server);
    calls.release("a");
    await bridge.output.find(() => true, from);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf("1", "a")]);
  });

  test("after the answer is passed on, and leaves the answer the only one", async () => {
    using server = echoing();
    await using bridge = await begin(server);
    const from = bridge.output.items.length;
    bridge.write(`${callOf("1", "a")}\n`);
    await bridge.output.find(() => true, from);
    bridge.write(cancel("1"));
    await cancelled(server);
    expect(await linesToTheEnd(bridge, from)).toEqual([answerOf("1", "a")]);
  });
});

test(`${CALLS} requests at once, answered a thousand at a time in random order, get one answer each (C24)`, async () => {
  using server = new FakeMcp();
  const calls = holding(server);
  await using bridge = await begin(server);
  const from = bridge.output.items.length;
  const marks = Array.from({ length: CALLS }, (_, index) => `m${index}`);
  bridge.write(marks.map((mark, index) => `${callOf(String(index), mark)}\n`).join(""));
  for (let at = 0; at < CALLS; at += AT_A_TIME) {
    const some = marks.slice(at, at + AT_A_TIME);
    for (const mark of some) await held(server, mark);
    expect(bridge.output.items).toHaveLength(from + at);
    for (const mark of some.toSorted(() => Math.random() - 0.5)) calls.release(mark);
    await bridge.output.find(() => true, from + at + some.length - 1);
  }
  const answers = await linesToTheEnd(bridge, from);
  expect(answers.toSorted()).toEqual(marks.map((mark, index) => answerOf(String(index), mark)).toSorted());
  expect(server.posted("tools/call")).toHaveLength(CALLS);
});

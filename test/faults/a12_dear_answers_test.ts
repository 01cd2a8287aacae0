/** Answers that cost the server little to send, and would cost us much to keep: memory stays bounded (A12, A14). */
import { describe, expect, test } from "bun:test";
import { EraMcp } from "../harness/era_mcp.ts";
import { FakeMcp, type Json } from "../harness/fake_mcp.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";
import { FRONT_DOORS, type FrontDoor, openSessionless, openStdio } from "../harness/front_doors.ts";

const MIB = 1_048_576;
const JSON_TYPE = "application/json";
const STREAM = "text/event-stream";
const ANSWER = 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n';

/** Something over and over again, in chunks of 64 KiB, between a beginning and an end. */
function* over(piece: string, bytes: number, head = "", tail = ""): Generator<string> {
  yield head;
  const chunk = piece.repeat(Math.ceil(65_536 / piece.length));
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
  yield tail;
}

function* questions(count: number, idOf: (n: number) => string): Generator<string> {
  for (let n = 0; n < count; n++) {
    yield `data: {"jsonrpc":"2.0","id":"${idOf(n)}","method":"sampling/createMessage"}\n\n`;
  }
  yield ANSWER;
}

function* deep(levels: number): Generator<string> {
  yield '{"jsonrpc":"2.0","id":1,"result":';
  yield* over("[", levels);
  yield* over("]", levels);
  yield "}";
}

function sent(type: string, parts: Iterator<string>): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller): void {
      const { done, value } = parts.next();
      if (done === true) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
  return new Response(body, { headers: { "content-type": type } });
}

const NOTIFICATION = 'data: {"jsonrpc":"2.0","method":"notifications/';
const CASES: readonly [what: string, type: string, parts: () => Iterator<string>, code: string | undefined][] = [
  ["a batch of 10 million numbers", JSON_TYPE, () => over("1,", 20 * MIB, "[", "1]"), "bad_answer"],
  ["60 million brackets", JSON_TYPE, () => over("[", 60 * MIB), "bad_answer"],
  ["a result 30 million levels deep", JSON_TYPE, () => deep(30 * MIB), undefined],
  [
    "a result on 40 million lines",
    JSON_TYPE,
    () => over("\n", 40 * MIB, "{", '"jsonrpc":"2.0","id":1,"result":{}}'),
    undefined,
  ],
  [
    "60 MiB of members",
    JSON_TYPE,
    () => over('"a":1,', 60 * MIB, "{", '"jsonrpc":"2.0","id":1,"result":{}}'),
    undefined,
  ],
  [
    "60 MiB of another id",
    JSON_TYPE,
    () => over("x", 60 * MIB, '{"jsonrpc":"2.0","id":"', '","result":{}}'),
    "bad_answer",
  ],
  ["60 MiB that are no message", JSON_TYPE, () => over("x", 60 * MIB, '"', '"'), "bad_answer"],
  [
    "an error of 60 MiB",
    JSON_TYPE,
    () => over("x", 60 * MIB, '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"', '"}}'),
    undefined,
  ],
  ["4 million lines of data", STREAM, () => over("data:1\n", 28 * MIB), "no_answer"],
  ["an event's id of 60 MiB", STREAM, () => over("x", 60 * MIB, "id: ", `\n${ANSWER}`), undefined],
  ["an event's name of 60 MiB", STREAM, () => over("x", 60 * MIB, "event: ", `\n\n${ANSWER}`), undefined],
  ["a method of 60 MiB", STREAM, () => over("x", 60 * MIB, NOTIFICATION, `"}\n\n${ANSWER}`), undefined],
  [
    "progress of a token of 60 MiB",
    STREAM,
    () => over("x", 60 * MIB, `${NOTIFICATION}progress","params":{"progressToken":"`, `"}}\n\n${ANSWER}`),
    undefined,
  ],
  ["a million questions", STREAM, () => questions(1_000_000, (n) => `q${n}`), undefined],
  ["200 questions under ids of 1 MiB", STREAM, () => questions(200, (n) => `${n}${"x".repeat(MIB)}`), undefined],
];

/** What takes the most memory, each by another way. */
const DEAREST: readonly string[] = [
  "60 million brackets",
  "60 MiB of members",
  "progress of a token of 60 MiB",
];
const DOORS = Object.entries(FRONT_DOORS);
const RUNS = DOORS.flatMap(([door, open]) => {
  const cases = door === "on stdio" ? CASES : CASES.filter(([what]) => DEAREST.includes(what));
  return cases.map(([what, ...rest]) => [`${what}, ${door}`, open, ...rest] as const);
});

describe("memory stays under 150 MiB, and the next request is answered, after (A12)", () => {
  test.each(RUNS)("%s", async (_what, open, type, parts, code) => {
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => message.id === 1 ? sent(type, parts()) : undefined);
    await using door = await open(server.url);
    const answer = await door.call(1);
    if (code !== undefined) expect((JSON.parse(answer) as Json)["error"].data.code).toBe(code);
    expect(await door.call(2)).toContain('"result"');
    expect(door.peak()).toBeLessThan(150 * MIB);
  }, 90_000);
});

/** The collector looks through the stack word by word: now and then an answer is kept for one more by chance. */
const ONCE_MORE = { timeout: 90_000, retry: 1 };

describe("four answers of 60 MiB one after the other take no more than one (A12)", () => {
  const padded = (id: unknown): string =>
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":"${"x".repeat(60 * MIB)}"}}`;

  async function ask(door: FrontDoor): Promise<void> {
    for (let id = 1; id <= 4; id++) expect((await door.call(id)).length).toBeGreaterThan(60 * MIB);
    expect(door.peak()).toBeLessThan(150 * MIB);
  }

  const doors = [...DOORS, ["through serve without a session", openSessionless] as const];
  const runs = doors.flatMap(([door, open]) => [
    [`as JSON, ${door}`, open, JSON_TYPE, "", ""] as const,
    [`on an event stream, ${door}`, open, STREAM, "data: ", "\n\n"] as const,
  ]);
  test.each(runs)("%s", async (_what, open, type, head, tail) => {
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => {
      return new Response(`${head}${padded(message.id)}${tail}`, { headers: { "content-type": type } });
    });
    await using door = await open(server.url);
    await ask(door);
  }, ONCE_MORE);

  test("over a WebSocket", async () => {
    using server = new FakeWebSocket();
    const ordinary = server.answer;
    server.answer = (message, peer) => {
      if (message.method === "tools/call") peer.send(padded(message.id));
      else ordinary(message, peer);
    };
    await using door = await openStdio(server.url);
    await ask(door);
  }, ONCE_MORE);

  test("of a program", async () => {
    const text = `require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const { id, method } = JSON.parse(line);
      const result = method === "initialize"
        ? { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } }
        : { a: "x".repeat(60 * 1048576) };
      if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });`;
    await using door = await openStdio("--", "node", "-e", text);
    await ask(door);
  }, ONCE_MORE);
});

describe("two answers of 60 MiB at once come one after the other, in less than 150 MiB (A12)", () => {
  const log = `${NOTIFICATION}message","params":{"level":"info","data":"begun"}}\n\n`;
  const forms: [form: string, type: string, head: string, tail: string][] = [
    ["as JSON", JSON_TYPE, "", ""],
    ["on an event stream", STREAM, "data: ", "\n\n"],
    ["behind a line of the log", STREAM, `${log}data: `, "\n\n"],
  ];
  const runs = DOORS.flatMap(([door, open]) =>
    forms.map(([form, ...rest]) => [`${form}, ${door}`, open, ...rest] as const)
  );
  test(
    "as JSON, through serve without a session",
    () => twoAtOnce(new FakeMcp(), openSessionless, JSON_TYPE),
    ONCE_MORE,
  );

  test("as JSON, of a server that is translated", () => {
    return twoAtOnce(new EraMcp("modern"), (url) => openStdio(url), JSON_TYPE);
  }, ONCE_MORE);

  test.each(runs)("%s", (_what, open, type, head, tail) => {
    return twoAtOnce(new FakeMcp(), open, type, head, tail);
  }, ONCE_MORE);

  async function twoAtOnce(
    made: FakeMcp,
    open: (url: string) => Promise<FrontDoor>,
    type: string,
    head = "",
    tail = "",
  ): Promise<void> {
    using server = made;
    server.on("tools/call", ({ message }) => {
      const begin = `${head}{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},"result":{"a":"`;
      return sent(type, over("x", 60 * MIB, begin, `"}}${tail}`));
    });
    await using door = await open(server.url);
    for (const answer of await Promise.all([1, 2].map((id) => door.call(id)))) {
      expect(answer.length).toBeGreaterThan(60 * MIB);
    }
    expect(door.peak()).toBeLessThan(150 * MIB);
  }
});

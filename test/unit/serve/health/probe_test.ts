import { beforeEach, describe, expect, test } from "bun:test";
import type { ServerLine } from "../../../../src/serve/pooled_server.ts";
import { Pool, type PoolEntry } from "../../../../src/serve/pool.ts";
import { Prober } from "../../../../src/serve/health/prober.ts";
import type { CallRecord } from "../../../../src/serve/watched.ts";
import type { LocalEnd } from "../../../../src/transport/channel.ts";
import { composeMessage, type Message } from "../../../../src/transport/message.ts";
import { errorAnswer } from "../../../../src/bridge/answers.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { FakeClock, settle } from "../../../harness/fake_clock.ts";

let clock: FakeClock;
let pool: Pool;
let prober: Prober;
/** What reached the server, and on which of its connections. */
let asked: [connection: number, message: Message][];
let calls: CallRecord[];
/** Where each of its connections ends. */
let locals: LocalEnd[];
/** What the server answers; nothing where it is silent. */
let answer: (message: Message) => Message | undefined;

beforeEach(async () => {
  clock = new FakeClock();
  asked = [];
  calls = [];
  locals = [];
  answer = ({ id }) => composeMessage({ id: 0, result: {} }).withId(id!);
  pool = new Pool({ clock, idle: 0, record: (call) => void calls.push(call) });
  prober = new Prober(pool, clock);
  await pool.replace(new Map([["a", entry(false)], ["shared", entry(true)]]));
});

function entry(isShared: boolean): PoolEntry {
  let opened = 0;
  return {
    slug: isShared ? "shared" : "a",
    account: "default",
    isShared,
    fingerprint: "",
    reach: () => ({
      name: "a",
      open(local): ServerLine {
        const connection = opened++;
        locals[connection] = local;
        return {
          fromClient(message): undefined {
            asked.push([connection, message]);
            const said = message.kind === "request" ? answer(message) : undefined;
            if (said !== undefined) queueMicrotask(() => void local.send(said));
            return undefined;
          },
          leave: () => Promise.resolve(),
          close: () => Promise.resolve(),
        };
      },
      close: () => Promise.resolve(),
    }),
  };
}

/** A client that does a handshake, and what it hears. */
async function client(slug = "a"): Promise<Message[]> {
  const heard: Message[] = [];
  const end: LocalEnd = { send: (message) => void heard.push(message), close: () => Promise.resolve() };
  const seat = pool.get(slug)!.seat(end, { client: "c", session: crypto.randomUUID() });
  void seat.fromClient(composeMessage({ id: 1, method: "initialize", params: {} }));
  await settle();
  asked.length = 0;
  return heard;
}

const methods = (): (string | undefined)[] => asked.map(([, { method }]) => method);

describe("a request of our own", () => {
  test("needs a connection that a client has opened", async () => {
    expect(prober.probe("a", "default")).toBeUndefined();
    pool.get("a");
    expect(prober.probe("a", "default")).toBeUndefined();
    const heard = await client();
    expect(await prober.probe("a", "default")).toEqual({ ms: 0, failure: undefined });
    expect([methods(), heard.length, calls.length]).toEqual([["ping"], 1, 1]);
  });

  test("goes out on the next connection each time", async () => {
    for (let place = 0; place < 3; place++) await client();
    for (let turn = 0; turn < 6; turn++) await prober.probe("a", "default");
    expect(asked.map(([connection]) => connection)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test("is server/discover among clients without a handshake, a ping where they have shared one", async () => {
    const end: LocalEnd = { send: () => undefined, close: () => Promise.resolve() };
    void pool.get("a")!.stand(end, { client: "c" }).fromClient(composeMessage({ id: 1, method: "tools/list" }));
    await client("shared");
    await prober.probe("a", "default");
    await prober.probe("shared", "default");
    expect(methods()).toEqual(["server/discover", "ping"]);
  });

  test("is not made while a call is on its way, a subscription aside", async () => {
    await client();
    answer = () => undefined;
    const end: LocalEnd = { send: () => undefined, close: () => Promise.resolve() };
    const stand = pool.get("a")!.stand(end, { client: "c" });
    void stand.fromClient(composeMessage({ id: 1, method: "subscriptions/listen" }));
    expect(prober.probe("a", "default")).toBeDefined();
    void stand.fromClient(composeMessage({ id: 2, method: "tools/call" }));
    expect(prober.probe("a", "default")).toBeUndefined();
    void stand.fromClient(composeMessage({ method: "notifications/cancelled", params: { requestId: 2 } }));
    expect(prober.probe("a", "default")).toBeDefined();
  });

  test("is made though a client has said an id twice, once the first has its answer", async () => {
    await client();
    answer = () => undefined;
    const end: LocalEnd = { send: () => undefined, close: () => Promise.resolve() };
    const stand = pool.get("a")!.stand(end, { client: "c" });
    const before = calls.length;
    for (const n of [1, 2]) void stand.fromClient(composeMessage({ id: 7, method: "tools/call", params: { n } }));
    expect(prober.probe("a", "default")).toBeUndefined();
    const [connection, { id }] = asked.findLast(([, { method }]) => method === "tools/call")!;
    void locals[connection]!.send(composeMessage({ id: 0, result: {} }).withId(id!));
    expect(calls.slice(before)).toMatchObject([{ method: "tools/call", outcome: "result" }]);
    expect(prober.probe("a", "default")).toBeDefined();
  });

  test("tells our own errors from the server's", async () => {
    await client();
    answer = ({ id }) => composeMessage({ id: 0, error: { code: -32_601, message: "no" } }).withId(id!);
    expect((await prober.probe("a", "default"))?.failure).toBeUndefined();
    answer = ({ id }) => errorAnswer(id!, new BridgeError("unreachable", "it is gone", { hint: "find it" }), "a");
    expect((await prober.probe("a", "default"))?.failure).toEqual({ code: "unreachable", text: "it is gone" });
    answer = ({ id }) => composeMessage({ id: 0, error: { code: 1010, message: "mine" } }).withId(id!);
    expect((await prober.probe("a", "default"))?.failure).toBeUndefined();
  });

  test("is given up after 15 s, and the server is told", async () => {
    await client();
    answer = () => undefined;
    const probing = prober.probe("a", "default");
    await clock.pass(15_000);
    expect(await probing).toEqual({
      ms: 15_000,
      failure: { code: "timed_out", text: "it has not answered a ping for 15 s" },
    });
    expect(methods()).toEqual(["ping", "notifications/cancelled"]);
    expect(asked[1]![1].stringParam("requestId")).toBe(JSON.parse(asked[0]![1].id!));
  });

  test("makes every connection good when the server is back", async () => {
    for (let place = 0; place < 3; place++) await client();
    await prober.refresh("a", "default");
    expect(asked.map(([connection]) => connection)).toEqual([0, 1, 2]);
  });
});

test("a server that gives its errors the looks of ours writes no lines into our log", async () => {
  await client();
  const data = { code: "unreachable" };
  answer = ({ id }) =>
    composeMessage({ id: 0, error: { code: 1010, message: "a\n\u001b[2Jb\u202e", data } }).withId(id!);
  expect((await prober.probe("a", "default"))?.failure?.text).toBe('"a\\n\\u001b[2Jb\\u202e"');
});

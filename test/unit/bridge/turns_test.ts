import { describe, expect, test } from "bun:test";
import { type InLine, Turns } from "../../../src/bridge/turns.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";
import { PumpRig } from "../../harness/pump_rig.ts";

const MIB = 1_048_576;
const LIMITS = { count: 2, slowCount: 8, bytes: MIB, counted: 64 * MIB };

function itemOf(n: number, bytes = 0): InLine & { n: number } {
  return { n, message: composeMessage({ id: n, method: "x", params: { pad: "x".repeat(bytes) } }), hasTurn: false };
}

function makeTurns(limits = LIMITS): { clock: FakeClock; gone: number[]; turns: Turns<ReturnType<typeof itemOf>> } {
  const [clock, gone] = [new FakeClock(), [] as number[]];
  return { clock, gone, turns: new Turns(clock, limits, ({ n }) => gone.push(n)) };
}

/** Whether what was promised has come about. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let isThere = false;
  void promise.then(() => isThere = true);
  await settle();
  return isThere;
}

describe("turns", () => {
  test("go to so many at a time, in the order in which they came", async () => {
    const { turns, gone } = makeTurns();
    const items = [1, 2, 3, 4, 5].map((n) => itemOf(n));
    for (const item of items) expect(turns.enter(item)).toBeUndefined();
    expect([...gone]).toEqual([1, 2]);
    turns.leave(items[1]!);
    turns.leave(items[1]!);
    await settle();
    expect([...gone]).toEqual([1, 2, 3]);
    turns.leave(items[0]!);
    turns.leave(items[2]!);
    await settle();
    expect([...gone]).toEqual([1, 2, 3, 4, 5]);
  });

  test("pass by who has left the line", async () => {
    const { turns, gone } = makeTurns();
    const items = [1, 2, 3, 4, 5].map((n) => itemOf(n));
    for (const item of items) turns.enter(item);
    for (const left of [2, 0]) turns.leave(items[left]!);
    await settle();
    expect([...gone]).toEqual([1, 2, 4]);
  });

  test("go to fewer where texts are long, and always to one", async () => {
    const { turns, gone } = makeTurns();
    const items = [1, 2].map((n) => itemOf(n, 3 * MIB));
    for (const item of items) turns.enter(item);
    expect([...gone]).toEqual([1]);
    turns.leave(items[0]!);
    await settle();
    expect([...gone]).toEqual([1, 2]);
  });

  test("go to more where those before take long, up to a limit", async () => {
    const { turns, gone, clock } = makeTurns();
    for (let n = 0; n < 20; n++) turns.enter(itemOf(n));
    await clock.pass(1_000);
    expect(gone).toHaveLength(4);
    await clock.pass(10_000);
    expect(gone).toHaveLength(8);
  });

  test("come at once behind many that take long, and not when it has been found out again that they do", async () => {
    const { turns, gone, clock } = makeTurns();
    for (let n = 0; n < 6; n++) turns.enter(itemOf(n));
    await clock.pass(10_000);
    expect(gone).toHaveLength(6);
    for (let n = 10; n < 15; n++) {
      const item = itemOf(n);
      turns.enter(item);
      expect(gone.at(-1)).toBe(n);
      turns.leave(item);
      await clock.pass(3_000);
    }
  });

  test("go to none of those that are given up together", async () => {
    const { turns, gone } = makeTurns();
    const items = [1, 2, 3, 4, 5].map((n) => itemOf(n));
    for (const item of items) turns.enter(item);
    for (const item of items) turns.leave(item);
    await settle();
    expect(gone).toEqual([1, 2]);
  });

  test("go to no more where the server is quick", async () => {
    const { turns, gone, clock } = makeTurns();
    const items = Array.from({ length: 100 }, (_, n) => itemOf(n));
    for (const item of items) turns.enter(item);
    for (let n = 0; n < 40; n++) {
      turns.leave(items[n]!);
      await clock.pass(100);
      expect(gone).toHaveLength(n + 3);
    }
  });

  test("are many deep without taking long, and where each fails at once", async () => {
    const count = 50_000;
    const items = Array.from({ length: count }, (_, n) => itemOf(n));
    let done = 0;
    const turns: Turns<(typeof items)[0]> = new Turns(new FakeClock(), { ...LIMITS, count: 1 }, (item) => {
      done++;
      if (item.n > 0) turns.leave(item);
    });
    for (const item of items) turns.enter(item);
    const start = performance.now();
    turns.leave(items[0]!);
    await settle();
    expect(done).toBe(count);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe("a line that is full", () => {
  interface Full extends ReturnType<typeof makeTurns> {
    readonly items: ReturnType<typeof itemOf>[];
    readonly wait: Promise<void>;
  }

  function fill(): Full {
    const made = makeTurns({ ...LIMITS, slowCount: 2 });
    const items = Array.from({ length: 40 }, (_, n) => itemOf(n, MIB));
    for (const [place, item] of items.entries()) {
      const wait = made.turns.enter(item);
      if (wait !== undefined) return { ...made, items: items.slice(0, place + 1), wait };
    }
    throw new Error("there is room without end");
  }

  test("asks to wait with reading until there is room", async () => {
    const { turns, wait, items, clock } = fill();
    expect(items.length).toBeGreaterThan(30);
    await clock.pass(3_000);
    expect(await isSettled(wait)).toBe(false);
    turns.leave(items[0]!);
    expect(await isSettled(wait)).toBe(true);
    expect(turns.isClosed).toBe(false);
  });

  test("asks for no more of that where nothing moves: what is behind may be what all wait for", async () => {
    const { turns, wait, items, clock } = fill();
    expect(turns.isClosed).toBe(false);
    await clock.pass(6_000);
    expect(await isSettled(wait)).toBe(true);
    expect(turns.isClosed).toBe(true);
    for (const item of items.slice(0, 2)) turns.leave(item);
    expect(turns.isClosed).toBe(false);
  });
});

describe("a client that does not wait for its answers", () => {
  const CALL = { method: "tools/call", params: { name: "x" } };
  const CALLS = Array.from({ length: 500 }, (_, id) => ({ id, ...CALL }));

  async function flooded(): Promise<PumpRig> {
    const rig = new PumpRig({ takesTurns: true });
    await rig.handshake();
    await rig.say(...CALLS);
    return rig;
  }

  test("has each of its requests answered once, and not all of them sent at once", async () => {
    const rig = await flooded();
    const most = rig.all("tools/call").length;
    expect(most).toBeLessThan(CALLS.length);
    for (let done = 0; done < CALLS.length; done++) {
      const sent = rig.all("tools/call")[done]!;
      expect(sent.json.id).toBe(done);
      sent.answer({});
      await settle();
    }
    for (const { id } of CALLS) expect(rig.answersTo(id)).toHaveLength(1);
  });

  test("gets its pings, cancellations, notifications and answers past the requests that wait", async () => {
    const rig = await flooded();
    await rig.hear({ id: "q", method: "elicitation/create", params: {} });
    await rig.say(
      { id: "q", result: {} },
      { id: "p", method: "ping" },
      { method: "notifications/roots/list_changed" },
      { method: "notifications/cancelled", params: { requestId: 0 } },
    );
    const kinds = rig.sent.slice(-4).map(({ json }) => json.method ?? "answer");
    expect(kinds).toEqual(["answer", "ping", "notifications/roots/list_changed", "notifications/cancelled"]);
  });

  test("gives up what waits, and the server never hears of it", async () => {
    const rig = await flooded();
    await rig.say(
      ...CALLS.slice(1).map(({ id }) => ({ method: "notifications/cancelled", params: { requestId: id } })),
    );
    for (const { end } of rig.all("notifications/cancelled")) end();
    await settle();
    const sent = rig.all("tools/call").map(({ json }) => json.id);
    expect(sent).toEqual(CALLS.slice(0, sent.length).map(({ id }) => id));
    expect(rig.all("notifications/cancelled")).toHaveLength(sent.length - 1);
    expect(rig.received.filter(({ id }) => typeof id === "number")).toEqual([]);
  });

  test("hears what became of those that wait when the bridge ends", async () => {
    const rig = await flooded();
    const left = rig.pump.leave(0);
    await rig.clock.pass(0);
    await left;
    for (const { id } of CALLS) expect(rig.answersTo(id)).toHaveLength(1);
  });

  test("asks twice under one id, of which one waits: the second is refused", async () => {
    const rig = await flooded();
    await rig.say({ id: 499, ...CALL });
    expect(rig.answersTo(499)[0]!.error.code).toBe(-32600);
  });

  test("notifies without end: so many at a time are on their way, in their order", async () => {
    const rig = new PumpRig({ takesTurns: true });
    await rig.handshake();
    const method = "notifications/progress";
    await rig.say(...CALLS.map(({ id }) => ({ method, params: { id } })));
    expect(rig.all(method).length).toBeLessThan(100);
    for (let done = 0; done < CALLS.length; done++) {
      expect(rig.all(method)[done]!.json.params.id).toBe(done);
      rig.all(method)[done]!.end();
      await settle();
    }
  });

  test("is refused where its line is full and nothing moves, and served again once something does", async () => {
    const rig = await flooded();
    const pad = "x".repeat(60_000);
    let id = 1_000;
    const ask = (): Promise<void> | undefined =>
      rig.pump.fromClient(composeMessage({ id: id++, method: "tools/call", params: { name: "x", pad } }));
    let wait: Promise<void> | undefined;
    for (let asked = 0; wait === undefined && asked < 2_000; asked++) wait = ask();
    expect(wait).toBeDefined();
    // A slow server gets more at a time first, and there is room again.
    await rig.clock.pass(12_000);
    await wait;
    for (let more = 0; more < 600; more++) void ask();
    await rig.say({ id: "late", ...CALL });
    expect(rig.answersTo("late")[0]!.error.data.code).toBe("busy");
    for (const { answer } of rig.all("tools/call").slice(0, 300)) answer({});
    await settle();
    await rig.say({ id: "later", ...CALL });
    expect(rig.answersTo("later")).toEqual([]);
  });
});

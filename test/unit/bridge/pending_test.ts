import { describe, expect, test } from "bun:test";
import { type Deadlines, Pending, type PendingRequest } from "../../../src/bridge/pending.ts";
import { Budget } from "../../../src/platform/budget.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { type Message, readMessage } from "../../../src/transport/message.ts";
import { FakeClock } from "../../harness/fake_clock.ts";

/** Requests in flight under a clock of the test's own; `said` is what the deadlines told. */
class Rig {
  readonly clock = new FakeClock();
  readonly expired: [request: PendingRequest, error: BridgeError][] = [];
  readonly said: string[] = [];
  readonly pending: Pending;

  constructor(deadlines: Partial<Deadlines> = {}) {
    this.pending = new Pending(this.clock, { total: 0, idle: 0, ...deadlines }, {
      onexpired: (request, error) => {
        this.expired.push([request, error]);
        this.pending.settle(request.message.key);
      },
      onsilence: () => this.said.push("silence"),
      onjump: () => this.said.push("jump"),
    });
  }

  add(id: string, token?: string): PendingRequest {
    return this.pending.add(requestOf(id, token))!;
  }
}

function requestOf(id: string, token?: string, method = "tools/call"): Message {
  const params = token === undefined ? "" : `,"params":{"_meta":{"progressToken":${token}}}`;
  return readMessage(new TextEncoder().encode(`{"jsonrpc":"2.0","id":${id},"method":"${method}"${params}}`));
}

describe("Pending", () => {
  test("keeps one request for an id, however the id is written, until it is settled", () => {
    const { pending } = new Rig();
    expect(pending.add(requestOf('"a"'))).toBeDefined();
    expect(pending.add(requestOf(String.raw`"\u0061"`))).toBeUndefined();
    expect(pending.add(requestOf("1"))).toBeDefined();
    expect(pending.add(requestOf("1.0"))).toBeUndefined();
    expect(pending.add(requestOf('"1"'))).toBeDefined();
    expect(pending.size).toBe(3);
    pending.settle('"a"');
    expect(pending.add(requestOf(String.raw`"\u0061"`))).toBeDefined();
  });

  test("settles a request once, and gives its memory back", () => {
    const { pending } = new Rig();
    const budget = new Budget(10);
    const lease = budget.lease();
    lease.hold(100);
    const request = pending.add(requestOf("1"), lease)!;
    expect(budget.exhausted).toBe(true);
    expect(pending.settle("1")).toBe(request);
    expect([request.settled, budget.exhausted, pending.size]).toEqual([true, false, 0]);
    expect(pending.settle("1")).toBeUndefined();
    expect(pending.get("1")).toBeUndefined();
  });

  test("tells the requests of one session from the others", () => {
    const rig = new Rig();
    const [first, second] = [rig.add("1"), rig.add("2")];
    first.generation = 1;
    second.generation = 2;
    expect(rig.pending.all(1)).toEqual([first]);
    expect(rig.pending.all()).toEqual([first, second]);
    expect(rig.pending.all(3)).toEqual([]);
  });

  test("says when nothing is in flight any more, at once where nothing is", async () => {
    const rig = new Rig();
    await rig.pending.drained();
    rig.add("1");
    rig.add("2");
    let drained = false;
    const waiting = rig.pending.drained().then(() => drained = true);
    rig.pending.settle("1");
    await rig.clock.pass(1);
    expect(drained).toBe(false);
    rig.pending.settle("2");
    await waiting;
  });

  test("waits for no answer to a subscription, which stays open until somebody ends it", async () => {
    const rig = new Rig({ total: 5_000, idle: 5_000 });
    const subscription = rig.pending.add(requestOf("1", undefined, "subscriptions/listen"))!;
    await rig.pending.drained();
    rig.add("2");
    const waiting = rig.pending.drained();
    rig.pending.settle("2");
    await waiting;
    rig.pending.heard(subscription);
    await rig.clock.pass(60_000);
    expect(rig.expired).toEqual([]);
  });
});

describe("the time of a request", () => {
  test("is over so long after it came, whatever is heard", async () => {
    const rig = new Rig({ total: 5_000 });
    const request = rig.add("1", "7");
    for (let second = 0; second < 4; second++) {
      await rig.clock.pass(1_000);
      rig.pending.heard(request);
      rig.pending.progressed("7");
    }
    expect(rig.expired).toEqual([]);
    await rig.clock.pass(1_000);
    expect(rig.expired).toMatchObject([[{ message: { id: "1" } }, {
      code: "timed_out",
      message: "no answer within 5 s",
    }]]);
  });

  test("is over after a silence only where an answer had begun", async () => {
    const rig = new Rig({ idle: 5_000 });
    rig.add("1");
    const begun = rig.add("2");
    rig.pending.heard(begun);
    await rig.clock.pass(6_000);
    expect(rig.expired.map(([{ message }]) => message.id)).toEqual(["2"]);
    expect(rig.expired[0]![1]).toMatchObject({ code: "timed_out", mayHaveRun: true });
    expect(rig.expired[0]![1].hint).toContain("--body-timeout");
  });

  test("is put off by what is heard of it and by its progress, not by those of others", async () => {
    const rig = new Rig({ idle: 5_000 });
    const [first, second, third] = [rig.add("1", '"p"'), rig.add("2", "7"), rig.add("3", '"q"')];
    for (const request of [first, second, third]) rig.pending.heard(request);
    await rig.clock.pass(3_000);
    rig.pending.progressed(String.raw`"\u0070"`);
    rig.pending.progressed("7.0");
    rig.pending.progressed('"7"');
    rig.pending.heard();
    await rig.clock.pass(3_000);
    expect(rig.expired.map(([{ message }]) => message.id)).toEqual(["3"]);
    await rig.clock.pass(3_000);
    expect(rig.expired.map(([{ message }]) => message.id)).toEqual(["3", "1", "2"]);
  });

  test("does not begin with progress that comes before the answer", async () => {
    const rig = new Rig({ idle: 5_000 });
    rig.add("1", "7");
    rig.pending.progressed("7");
    await rig.clock.pass(60_000);
    expect(rig.expired).toEqual([]);
  });

  test("is never over where there is no limit", async () => {
    const rig = new Rig();
    rig.pending.heard(rig.add("1"));
    await rig.clock.pass(86_400_000);
    expect(rig.expired).toEqual([]);
  });
});

describe("silence", () => {
  test("is told after 30 s with something in flight, and again after as much", async () => {
    const rig = new Rig();
    rig.add("1");
    await rig.clock.pass(29_000);
    expect(rig.said).toEqual([]);
    await rig.clock.pass(1_000);
    expect(rig.said).toEqual(["silence"]);
    await rig.clock.pass(30_000);
    expect(rig.said).toEqual(["silence", "silence"]);
  });

  test("begins anew with everything that is heard, and with the first request after a rest", async () => {
    const rig = new Rig();
    rig.add("1");
    await rig.clock.pass(20_000);
    rig.pending.heard();
    await rig.clock.pass(20_000);
    rig.pending.settle("1");
    await rig.clock.pass(600_000);
    rig.add("2");
    await rig.clock.pass(25_000);
    expect(rig.said).toEqual([]);
  });
});

describe("a jump of the clock", () => {
  test("is told once, with something in flight or not", async () => {
    for (const ids of [[], ["1"]]) {
      const rig = new Rig();
      rig.add("0");
      for (const id of ids) rig.add(id);
      rig.pending.settle("0");
      await rig.clock.pass(11_000);
      rig.clock.sleep(3_600_000);
      await rig.clock.pass(25_000);
      expect(rig.said).toEqual(["jump"]);
    }
  });

  test("is none of less than 15 s", async () => {
    const rig = new Rig();
    rig.add("1");
    await rig.clock.pass(2_500);
    rig.clock.sleep(14_000);
    await rig.clock.pass(5_000);
    expect(rig.said).toEqual([]);
  });
});

test("nothing is told after the end", async () => {
  const rig = new Rig({ total: 1_000 });
  rig.add("1");
  rig.pending.stop();
  rig.add("2");
  rig.clock.sleep(3_600_000);
  await rig.clock.pass(3_600_000);
  expect([rig.said, rig.expired]).toEqual([[], []]);
});

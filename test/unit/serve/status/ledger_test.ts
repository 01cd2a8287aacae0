import { beforeEach, describe, expect, test } from "bun:test";
import { DURATION_BOUNDS, Ledger } from "../../../../src/serve/status/ledger.ts";
import type { CallRecord } from "../../../../src/serve/watched.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";
import { callRecord } from "../../../harness/call_record.ts";

let clock: FakeClock;
let ledger: Ledger;
/** The sessions that are over, and how often one was asked about. */
let over: Set<string>;
let asked: number;

beforeEach(() => {
  clock = new FakeClock();
  over = new Set();
  asked = 0;
  ledger = new Ledger(clock, (session) => {
    asked++;
    return !over.has(session);
  });
});

function call(more: Partial<CallRecord> = {}): void {
  ledger.record(callRecord(clock.now(), more));
}

describe("calls", () => {
  test("are counted by server, account and method, and by how they ended", () => {
    call();
    call({ outcome: "error", code: "-1" });
    call({ outcome: "cancelled" });
    call({ account: "work" });
    call({ method: "tools/list" });
    expect(ledger.methods).toEqual([
      { server: "a", account: "default", method: "tools/call", calls: 3, errors: 1, cancelled: 1 },
      { server: "a", account: "default", method: "tools/list", calls: 1, errors: 0, cancelled: 0 },
      { server: "a", account: "work", method: "tools/call", calls: 1, errors: 0, cancelled: 0 },
    ]);
    expect(ledger.countsOf("a", "default")).toEqual({ calls: 4, errors: 1, cancelled: 1 });
    expect(ledger.countsOf("b", "default")).toEqual({ calls: 0, errors: 0, cancelled: 0 });
  });

  test("of methods and accounts that clients make up need no more room", () => {
    for (let place = 0; place < 2_000; place++) call({ method: `x/${place}`, account: `a${place}` });
    expect(ledger.methods).toHaveLength(501);
    expect(ledger.methods.at(-1)).toEqual({
      server: "other",
      account: "other",
      method: "other",
      calls: 1_500,
      errors: 0,
      cancelled: 0,
    });
  });

  test("are counted by how long they took, each bound with all below it", () => {
    for (const ms of [0.5, 1, 30, 120_000]) call({ ms });
    const [durations] = ledger.durations;
    expect(durations).toMatchObject({ server: "a", count: 4, sum: 120.0315 });
    expect(durations!.within.map((count, place) => [DURATION_BOUNDS[place], count])).toContainAllValues([
      ...[0.001, 0.0025, 0.005, 0.01, 0.025].map((bound) => [bound, 2]),
      ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60].map((bound) => [bound, 3]),
    ]);
  });
});

describe("the last ten minutes", () => {
  test("are told in buckets of ten seconds, with what half and nineteen of twenty took, right within a tenth", async () => {
    for (let ms = 1; ms <= 1_000; ms++) call({ ms, outcome: ms % 100 === 0 ? "error" : "result" });
    await clock.pass(60_000);
    call({ ms: 7 });
    const [first, second] = ledger.latenciesOf("a", "default");
    expect(first).toMatchObject({ count: 1_000, errors: 10 });
    expect(first!.p50).toBeWithin(450, 550);
    expect(first!.p95).toBeWithin(855, 1_045);
    expect(second).toMatchObject({ count: 1, at: first!.at + 60_000 });
    expect(second!.p50).toBeWithin(6.3, 7.7);
    expect(second!.p95).toBe(second!.p50);
  });

  test("are all that is told, however long it goes on", async () => {
    for (let second = 0; second < 3_600; second += 5) {
      call();
      await clock.pass(5_000);
    }
    const buckets = ledger.latenciesOf("a", "default");
    expect(buckets.length).toBeWithin(59, 61);
    expect(buckets.every(({ count }) => count === 2)).toBe(true);
    await clock.pass(600_000);
    expect(ledger.latenciesOf("a", "default")).toEqual([]);
  });

  test("hold neither subscriptions, which last as long as somebody likes, nor what was cancelled", () => {
    call({ method: "subscriptions/listen", ms: 3_600_000 });
    call({ outcome: "cancelled", ms: 1 });
    expect([ledger.latenciesOf("a", "default"), ledger.durations]).toEqual([[], []]);
  });
});

describe("clients", () => {
  const USE = { server: "a", account: "default" };

  test("with a session are there until that ends, those without for ten minutes", async () => {
    call({ client: "one", session: "0123456789" });
    call({ client: "two" });
    const { since } = ledger.clients()[0]!;
    await clock.pass(300_000);
    call({ client: "two" });
    expect(ledger.clients()).toEqual([
      { name: "two", session: undefined, uses: [USE], since, seen: since + 300_000, calls: 2 },
      { name: "one", session: "01234567", uses: [USE], since, seen: since, calls: 1 },
    ]);
    await clock.pass(600_000);
    expect(ledger.clients().map(({ name }) => name)).toEqual(["one"]);
    over.add("0123456789");
    expect(ledger.clients()).toEqual([]);
  });

  test("of all servers as one use each server that they have called, and are one client", () => {
    for (const server of ["a", "b", "a"]) call({ session: "0123456789", server });
    call({ session: "0123456789", server: "b", account: "work" });
    expect(ledger.clients()).toMatchObject([
      { calls: 4, uses: [USE, { server: "b", account: "default" }, { server: "b", account: "work" }] },
    ]);
  });

  test("that go by ever other names need no more room", () => {
    for (let place = 0; place < 6_000; place++) call({ client: `c${place}` });
    expect(ledger.clients()).toHaveLength(5_000);
  });

  test("that have gone need no room, though nobody looks", () => {
    call({ session: "stays" });
    for (let place = 0; place < 4_000; place++) {
      call({ session: `s${place}` });
      over.add(`s${place}`);
    }
    const before = asked;
    expect(ledger.clients()).toMatchObject([{ session: "stays" }]);
    // Those that are kept are those that are asked about.
    expect(asked - before).toBeLessThan(100);
    // And that costs little for each call.
    expect(before).toBeLessThan(3 * 4_000);
  });
});

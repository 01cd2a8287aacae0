import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget, type Lease } from "../../../src/platform/budget.ts";
import { runs } from "../../harness/counts.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";

/** Tells whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  await settle();
  return settled;
}

describe("Budget", () => {
  test("is exhausted only beyond its limit", () => {
    const budget = new Budget(100);
    const lease = budget.lease();
    lease.hold(100);
    expect(budget.exhausted).toBe(false);
    lease.hold(1);
    expect(budget.exhausted).toBe(true);
    lease.end();
    expect(budget.exhausted).toBe(false);
  });

  test("lets a lease grow up to the limit at once, and one of them beyond it", async () => {
    const budget = new Budget(100);
    const [first, second, third] = [budget.lease(), budget.lease(), budget.lease()];
    expect(await isSettled(first.grow(60))).toBe(true);
    expect(await isSettled(second.grow(40))).toBe(true);
    expect(await isSettled(second.grow(500))).toBe(true);
    expect(await isSettled(second.grow(500))).toBe(true);
    const waiting = [first.grow(1), third.grow(1)];
    expect(await Promise.all(waiting.map(isSettled))).toEqual([false, false]);
    second.end();
    expect(await Promise.all(waiting.map(isSettled))).toEqual([true, true]);
  });

  test("chooses another one to go on when the one that might has ended", async () => {
    const budget = new Budget(100);
    const [first, second, third] = [budget.lease(), budget.lease(), budget.lease()];
    await first.grow(200);
    const waiting = [second.grow(200), third.grow(200)];
    expect(await Promise.all(waiting.map(isSettled))).toEqual([false, false]);
    first.end();
    expect(await Promise.all(waiting.map(isSettled))).toEqual([true, false]);
    second.end();
    expect(await Promise.all(waiting.map(isSettled))).toEqual([true, true]);
  });

  test("takes a lease that has ended once back once, and gives it again", async () => {
    const budget = new Budget(100);
    const lease = budget.lease();
    lease.hold(150);
    lease.end();
    lease.end();
    expect(budget.exhausted).toBe(false);
    const other = budget.lease();
    other.hold(100);
    expect(budget.exhausted).toBe(false);
    lease.hold(1);
    expect(budget.exhausted).toBe(true);
    await Promise.resolve();
  });

  test("never blocks leases that end sooner or later, whatever they ask for, and nothing is left over", async () => {
    const work = fc.array(fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 5 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(work, async (leases) => {
        const budget = new Budget(100);
        const done = Promise.all(leases.map(async (sizes) => {
          const lease: Lease = budget.lease();
          for (const size of sizes) await lease.grow(size);
          await Promise.resolve();
          lease.end();
        }));
        for (let turn = 0; turn < leases.length + 1 && !(await isSettled(done)); turn++);
        expect(await isSettled(done)).toBe(true);
        const last = budget.lease();
        last.hold(100);
        expect(budget.exhausted).toBe(false);
      }),
      { numRuns: runs(200, 5_000) },
    );
  });
});

const MIB = 1_048_576;

describe("a body that goes on beyond the limit", () => {
  /** One server holds nearly all, and drips in the place of the one that goes on. */
  async function dripping(): Promise<
    { budget: Budget; clock: FakeClock; first: Lease; second: Lease; abort: AbortController }
  > {
    const clock = new FakeClock();
    const budget = new Budget(64 * MIB, false, clock);
    const hostile = budget.forServer();
    const abort = new AbortController();
    const [first, second] = [hostile.lease(), hostile.during(abort).lease()];
    await first.grow(63 * MIB);
    await second.grow(2 * MIB);
    return { budget, clock, first, second, abort };
  }

  test("and drips is given up after ten seconds that others wait, and says why", async () => {
    const { budget, clock, second, abort } = await dripping();
    const other = budget.forServer().lease().grow(300_000);
    for (let n = 0; n < 9; n++) {
      await second.grow(1);
      await clock.pass(1_000);
    }
    expect([abort.signal.aborted, await isSettled(other)]).toEqual([false, false]);
    await clock.pass(1_000);
    expect(abort.signal.reason).toMatchObject({ code: "too_large", hint: expect.stringContaining("ask for less") });
    expect(await isSettled(other)).toBe(true);
    await expect(second.grow(1)).rejects.toBe(abort.signal.reason);
    second.end();
    expect(budget.exhausted).toBe(false);
  });

  test("and for which nobody waits takes its time", async () => {
    const { clock, second, abort } = await dripping();
    await clock.pass(1e6);
    await second.grow(1);
    expect(abort.signal.aborted).toBe(false);
  });

  test("keeps its place as long as it comes quickly, or its reader has all of it", async () => {
    const { budget, clock, second, abort } = await dripping();
    const other = budget.forServer().lease().grow(300_000);
    for (let n = 0; n < 5; n++) {
      await second.grow(9 * MIB);
      await clock.pass(10_000);
    }
    expect(await isSettled(other)).toBe(false);
    second.grown();
    await clock.pass(60_000);
    expect([abort.signal.aborted, await isSettled(other)]).toEqual([false, true]);
  });

  test("of a server that holds much is not the next to go on, however long it has waited", async () => {
    const { budget, clock, first, abort } = await dripping();
    const again = first.grow(1);
    const other = budget.forServer().lease();
    const waiting = other.grow(2 * MIB);
    await clock.pass(10_000);
    expect(abort.signal.aborted).toBe(true);
    expect(await Promise.all([again, waiting].map(isSettled))).toEqual([false, true]);
    other.end();
    expect(await isSettled(again)).toBe(true);
  });

  test("leaves its place to one that waits, not to one that comes just then", async () => {
    const budget = new Budget(16 * MIB);
    const [first, second, third] = [budget.lease(), budget.lease(), budget.lease()];
    await first.grow(17 * MIB);
    const waiting = second.grow(17 * MIB);
    first.end();
    const late = third.grow(17 * MIB);
    expect(await Promise.all([waiting, late].map(isSettled))).toEqual([true, false]);
  });
});

describe("a body of more than 4 MiB", () => {
  async function beside(): Promise<{ budget: Budget; clock: FakeClock; large: Lease; waiting: Promise<void> }> {
    const clock = new FakeClock();
    const budget = new Budget(64 * MIB, false, clock);
    const [large, next] = [budget.lease(), budget.lease()];
    await large.grow(5 * MIB);
    await next.grow(3 * MIB);
    return { budget, clock, large, waiting: next.grow(2 * MIB) };
  }

  test("waits until another of that kind is out of memory, be it read or not", async () => {
    const { large, waiting } = await beside();
    await large.grow(50 * MIB);
    large.grown();
    expect(await isSettled(waiting)).toBe(false);
    large.end();
    // What that one has left behind is collected first.
    await waiting;
  });

  test("waits while the other one goes beyond the limit", async () => {
    const { large, waiting } = await beside();
    expect(await isSettled(large.grow(58 * MIB))).toBe(true);
    large.end();
    await waiting;
  });

  test("waits two seconds at most, and then both go on", async () => {
    const { clock, large, waiting } = await beside();
    await clock.pass(1_999);
    expect(await isSettled(waiting)).toBe(false);
    await clock.pass(1);
    expect(await isSettled(waiting)).toBe(true);
    expect(await isSettled(large.grow(10 * MIB))).toBe(true);
  });

  test("holds up no smaller one", async () => {
    const { budget } = await beside();
    expect(await isSettled(budget.lease().grow(4 * MIB))).toBe(true);
  });
});

describe("an exchange that is given up", () => {
  test("waits for no memory any more", async () => {
    const budget = new Budget(100);
    await budget.lease().grow(200);
    const abort = new AbortController();
    const waiting = budget.lease(abort).grow(100);
    const reason = new Error("given up");
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(budget.lease(abort).grow(100)).rejects.toBe(reason);
  });
});

describe("a budget for one server and one client", () => {
  test("gives up no body: it may be the client that takes its time", async () => {
    const clock = new FakeClock();
    const budget = new Budget(160, true, clock);
    const abort = new AbortController();
    await budget.lease(abort).grow(100);
    const waiting = budget.lease().grow(100);
    await clock.pass(60_000);
    expect([abort.signal.aborted, await isSettled(waiting)]).toEqual([false, false]);
  });

  test("lets one large body grow, and the next one once the client has taken that", async () => {
    const budget = new Budget(160, true);
    const [first, second] = [budget.lease(), budget.lease()];
    await first.grow(100);
    let isThere = false;
    const growing = second.grow(100).then(() => isThere = true);
    await first.grow(60);
    first.grown();
    await settle();
    expect(isThere).toBe(false);
    first.end();
    await growing;
  });

  test("lets small ones by", async () => {
    const budget = new Budget(160, true);
    await budget.lease().grow(5);
    await budget.lease().grow(5);
  });
});

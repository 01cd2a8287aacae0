import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Budget, type Lease } from "../../../src/platform/budget.ts";
import { runs } from "../../harness/counts.ts";
import { settle } from "../../harness/fake_clock.ts";

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

describe("a budget for one server and one client", () => {
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

import { describe, expect, test } from "bun:test";
import { collect, tooLarge } from "../../../src/net/body.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { settle } from "../../harness/fake_clock.ts";

const KIB = 1_024;
const MIB = KIB * KIB;

async function* chunksOf(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const [index, size] of sizes.entries()) yield await Promise.resolve(new Uint8Array(size).fill(index + 1));
}

describe("collect", () => {
  const FITTING: [sizes: number[], limit: number][] = [
    [[], 0],
    [[0], 0],
    [[1], 1],
    [[99], 100],
    [[100], 100],
    [[50, 50], 100],
    [[0, 100, 0], 100],
    [Array(100).fill(1), 100],
    [[MIB, MIB], 2 * MIB],
  ];
  test.each(FITTING)("joins chunks of %j bytes within a limit of %d", async (sizes, limit) => {
    const whole = await collect(chunksOf(...sizes), limit, new Budget(MIB));
    expect(whole).toEqual(new Uint8Array(Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index + 1)))));
  });

  const BEYOND: [sizes: number[], limit: number][] = [[[1], 0], [[101], 100], [[50, 51], 100], [
    [MIB, MIB, 1],
    2 * MIB,
  ]];
  test.each(BEYOND)("refuses chunks of %j bytes beyond a limit of %d", async (sizes, limit) => {
    await expect(collect(chunksOf(...sizes), limit, new Budget(MIB))).rejects.toMatchObject({ code: "too_large" });
  });

  test("does not read on behind the limit, and lets the source clean up", async () => {
    let read = 0;
    let cleaned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;; read++) yield await Promise.resolve(new Uint8Array(10));
      } finally {
        cleaned = true;
      }
    }
    await expect(collect(endless(), 25, new Budget(MIB))).rejects.toMatchObject({ code: "too_large" });
    expect([read, cleaned]).toEqual([2, true]);
  });

  test("hands a single chunk on without copying it", async () => {
    const chunk = new Uint8Array(10);
    async function* one(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(chunk);
    }
    expect(await collect(one(), 10, new Budget(MIB))).toBe(chunk);
  });

  test("asks the budget for nothing up to 256 KiB, however full it is", async () => {
    const budget = new Budget(0);
    const [first, second] = [budget.lease(), budget.lease()];
    first.hold(1);
    await first.grow(1);
    void second.grow(1);
    expect(await collect(chunksOf(128 * KIB, 128 * KIB), MIB, budget)).toHaveLength(256 * KIB);
  });

  test("waits for the budget beyond 256 KiB, and goes on once there is room", async () => {
    const budget = new Budget(MIB);
    const favoured = budget.lease();
    await favoured.grow(2 * MIB);
    let done = false;
    const collecting = collect(chunksOf(256 * KIB, 1), MIB, budget).then((whole) => {
      done = true;
      return whole;
    });
    await settle();
    expect(done).toBe(false);
    favoured.end();
    expect(await collecting).toHaveLength(256 * KIB + 1);
  });

  test.each([true, false])("gives back to the budget what it held, when it %p succeeds", async (succeeds) => {
    const budget = new Budget(MIB);
    const limit = succeeds ? 4 * MIB : 3 * MIB;
    await collect(chunksOf(MIB, MIB, MIB, MIB), limit, budget).catch(() => {});
    expect(budget.exhausted).toBe(false);
    const lease = budget.lease();
    lease.hold(MIB);
    expect(budget.exhausted).toBe(false);
  });
});

test("tooLarge names the limit and the flag that raises it", () => {
  expect(tooLarge(64 * MIB)).toMatchObject({
    code: "too_large",
    message: "the server's answer is larger than 64 MiB",
    hint: 'raise the limit with "--max-message MIB"',
  });
});

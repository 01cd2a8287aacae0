/** A short one of what `bun run soak` does for as long as wanted, and what judges it. */
import { describe, expect, test } from "bun:test";
import { runs } from "../harness/counts.ts";
import { growth, verdictOf } from "../soak/growth.ts";
import { soak } from "../soak/soak.ts";
import { Tally } from "../soak/tally.ts";

const MIB = 1_048_576;
const SECONDS = runs(15, 120);
/** As many as that come about on a slow machine too. */
const CALLS = runs(1_000, 10_000);

test(
  `${SECONDS} s of mixed traffic with faults, more than ${CALLS} calls, lose no answer and bring none twice (C11, C24)`,
  async () => {
    const end = await soak(SECONDS * 1_000, () => {});
    expect([end.lost, end.doubled, end.wrong]).toEqual([0, 0, []]);
    expect(end.made).toBeGreaterThan(CALLS);
    expect(end.results).toBeGreaterThan(SECONDS * 20);
    expect(Math.min(end.errors, end.cancelled)).toBeGreaterThan(SECONDS);
    for (const { now } of Object.values(end.memory)) expect(now).toBeLessThan(200 * MIB);
  },
  400_000,
);

describe("the account", () => {
  test("finds a second answer, and one that nobody asked for", () => {
    const tally = new Tally();
    tally.ask("a");
    for (const id of ["a", "a", "b"]) tally.answer(id, false);
    expect([tally.results, tally.doubled]).toEqual([1, ["a", "b"]]);
  });

  test("finds what was never answered, but for what was given up", () => {
    const tally = new Tally();
    for (const id of ["a", "b", "c"]) tally.ask(id);
    tally.cancel("b");
    tally.answer("c", true);
    tally.sweep();
    expect([tally.lost, tally.waiting, tally.made]).toEqual([[], 1, 3]);
    tally.sweep(true);
    expect([tally.lost, tally.cancelled, tally.errors]).toEqual([["a"], 1, 1]);
  });
});

describe("the growth of memory", () => {
  const samplesOf = (bytesAt: (seconds: number) => number, length = 1_801): { seconds: number; bytes: number }[] =>
    Array.from({ length }, (_, seconds) => ({ seconds, bytes: bytesAt(seconds) }));
  const saw = (seconds: number): number => 60 * MIB + (seconds % 20) * MIB;
  /** What no collection takes away: another amount in each 150 seconds, between 0 and `most` bytes. */
  const unrest = (most: number) => (seconds: number): number =>
    [0.4, 0.9, 0.1, 0.6, 0.5, 0, 1, 0.3][Math.floor(seconds / 150) % 8]! * most;

  test("is found among collections, and after the start alone", () => {
    expect(growth(samplesOf(saw))!.bytes).toBeCloseTo(0, -3);
    expect(growth(samplesOf((seconds) => saw(seconds) + seconds * MIB / 300))!.bytes / MIB).toBeCloseTo(2, 1);
    expect(growth(samplesOf((seconds) => seconds < 600 ? seconds * MIB : 600 * MIB))!.bytes).toBeCloseTo(0, -3);
  });

  test.each([[0.5, "grows"], [4, "unclear"]] as const)(
    "of 2 MiB in ten minutes is never taken for none, be it %d MiB that come and go beside it",
    (apart, verdict) => {
      const leaking = (seconds: number): number => saw(seconds) + unrest(apart * MIB)(seconds) + seconds * MIB / 300;
      expect(verdictOf(growth(samplesOf(leaking))!, MIB)).toBe(verdict);
    },
  );

  test("of a little more than is allowed is not flat", () => {
    const leaking = (seconds: number): number => saw(seconds) + seconds * MIB / 500;
    expect(verdictOf(growth(samplesOf(leaking))!, MIB)).not.toBe("flat");
    expect(verdictOf({ bytes: 1.1 * MIB, error: 0.5 * MIB }, MIB)).toBe("unclear");
  });

  test("is none where memory comes and goes and nothing more", () => {
    const steady = (seconds: number): number => saw(seconds) + unrest(MIB)(seconds);
    expect(verdictOf(growth(samplesOf(steady))!, MIB)).toBe("flat");
  });

  test("is not guessed from a few moments", () => expect(growth(samplesOf(() => 1, 1_300))).toBeUndefined());
});

/** Clocks that are wrong, against a server whose clock is right. */
import { describe, expect, test } from "bun:test";
import type { Clock } from "../../src/platform/clock.ts";
import { TokenWorld } from "../harness/token_world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What the server takes: a token whose life is said beside it, or one that says its end by the server's clock. */
const KINDS: readonly [kind: string, useIdToken: boolean][] = [["access token", false], ["id token", true]];

/** How far our clock is from the server's, in ms. */
const SKEWS: readonly [what: string, skew: number][] = [
  ["a minute behind", -MINUTE_MS],
  ["a minute ahead", MINUTE_MS],
  ["ten minutes behind", -10 * MINUTE_MS],
  ["ten minutes ahead", 10 * MINUTE_MS],
  ["two hours behind", -2 * HOUR_MS],
  ["two hours ahead", 2 * HOUR_MS],
  ["a day behind", -DAY_MS],
  ["a day ahead", DAY_MS],
  ["at 1970", -1_700_000_000_000],
  ["beyond 2038", 500_000_000_000],
];

function skewed(clock: Clock, by: () => number): Clock {
  return { now: () => clock.now() + by(), after: (ms, fire) => clock.after(ms, fire) };
}

describe.each(KINDS)(
  "a clock that is wrong all the time costs nothing: the life of an %s is counted from when it came",
  (_kind, useIdToken) => {
    test.each(SKEWS)("%s", async (_what, skew) => {
      const world = new TokenWorld(useIdToken);
      const clock = skewed(world.clock, () => skew);
      await world.signIn(clock);
      const ask = world.start(clock);
      for (let minutes = 0; minutes < 180; minutes += 5) {
        expect(await ask()).toBe(200);
        await world.clock.pass(5 * MINUTE_MS);
      }
      expect(world.redemptions).toBeLessThanOrEqual(4);
      expect([world.replays, world.signIns, world.refused]).toEqual([0, 1, 0]);
    });
  },
);

describe.each(KINDS)(
  "a clock that is set costs one renewal of an %s at most, and nobody signs in again",
  (_kind, useIdToken) => {
    test.each(SKEWS)("to %s", async (_what, skew) => {
      const world = new TokenWorld(useIdToken);
      let by = 0;
      const clock = skewed(world.clock, () => by);
      await world.signIn(clock);
      const ask = world.start(clock);
      expect(await ask()).toBe(200);
      by = skew;
      for (let round = 0; round < 10; round++) expect(await ask()).toBe(200);
      expect(world.redemptions).toBeLessThanOrEqual(1);
      expect([world.replays, world.signIns]).toEqual([0, 1]);
      // Nor does it once the token ends.
      await world.clock.pass(HOUR_MS);
      for (let round = 0; round < 10; round++) expect(await ask()).toBe(200);
      expect([world.replays, world.signIns]).toEqual([0, 1]);
      expect(world.redemptions).toBeLessThanOrEqual(2);
    });
  },
);

test("two processes with clocks a day apart share one token, and neither spends what the other has", async () => {
  const world = new TokenWorld();
  const [early, late] = [-DAY_MS / 2, DAY_MS / 2].map((by) => world.start(skewed(world.clock, () => by)));
  await world.signIn();
  for (let round = 0; round < 20; round++) {
    expect(await Promise.all([early!(), late!()])).toEqual([200, 200]);
    await world.clock.pass(10 * MINUTE_MS);
  }
  expect([world.replays, world.signIns]).toEqual([0, 1]);
});

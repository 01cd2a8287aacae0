/** A process that has slept over what others did: it reads that before it redeems what it remembers. */
import { describe, expect, test } from "bun:test";
import { type Process, TokenWorld } from "../harness/token_world.ts";

const HOUR_MS = 3_600_000;

/** A process that knows the first token, and what happens before it asks again. */
const ORDERS: readonly [
  what: string,
  happens: (world: TokenWorld, other: Process) => Promise<unknown>,
  redeemed: number,
][] = [
  ["the token ended, and another process has renewed it", async (world, other) => {
    await world.clock.pass(HOUR_MS);
    await other();
  }, 1],
  ["the server has ended the token, and another process has renewed it", async (world, other) => {
    world.endTokens();
    await other();
  }, 1],
  ["others have renewed it many times", async (world, other) => {
    for (let round = 0; round < 5; round++) {
      await world.clock.pass(HOUR_MS);
      await other();
    }
  }, 5],
  ["a person has signed in anew", async (world) => {
    world.endTokens();
    await world.signIn();
  }, 0],
  ["a person has signed out, and in again", async (world) => {
    await world.logOut();
    world.endTokens();
    await world.signIn();
  }, 0],
];

describe("a process that was idle takes what others have brought, and redeems nothing itself", () => {
  test.each(ORDERS)("where %s", async (_what, happens, redeemed) => {
    const world = new TokenWorld();
    await world.signIn();
    const [idle, other] = [world.start(), world.start()];
    expect([await idle(), await other()]).toEqual([200, 200]);
    const before = world.signIns;
    await happens(world, other);
    const signIns = world.signIns;
    expect(await idle()).toBe(200);
    expect([world.redemptions, world.replays, world.signIns]).toEqual([redeemed, 0, signIns]);
    expect(world.signIns - before).toBeLessThanOrEqual(1);
  });

  test("where all wake up at once, one of them renews", async () => {
    const world = new TokenWorld();
    await world.signIn();
    const processes = Array.from({ length: 12 }, () => world.start());
    await Promise.all(processes.map((each) => each()));
    await world.clock.pass(HOUR_MS);
    expect(await Promise.all(processes.map((each) => each()))).toEqual(processes.map(() => 200));
    expect([world.redemptions, world.replays, world.signIns]).toEqual([1, 0, 1]);
  });

  test("where a person has signed out, it asks again", async () => {
    const world = new TokenWorld();
    await world.signIn();
    const idle = world.start();
    await idle();
    await world.logOut();
    world.endTokens();
    expect(await idle()).toBe(200);
    expect([world.redemptions, world.replays, world.signIns]).toEqual([0, 0, 2]);
  });
});

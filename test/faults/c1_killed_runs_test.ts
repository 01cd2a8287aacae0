/** The executable killed at random moments of a busy day, all of its processes, one after the other (C1, C2). */
import { expect, test } from "bun:test";
import { BusyMachine } from "../harness/busy_machine.ts";
import { runs } from "../harness/counts.ts";

const DAYS = runs(20, 300);
/** All of them together, on a busy machine: four times as long as on another. */
const LONGEST_MS = runs(300_000, 1_800_000);
/** Of a bridge's life the start, the sign-in and the first calls; in ms. */
const LONGEST_LIFE_MS = 700;

test(
  `${DAYS} times kill -9 in the midst of calls, sign-ins, renewals and edits: the vault is whole, the next start clean, and nothing is left over (C2, C4)`,
  async () => {
    using machine = new BusyMachine();
    await machine.begin();
    const start = performance.now();
    await machine.cleanStart();
    // On a busy machine nobody gets far in so short a life.
    const life = Math.max(LONGEST_LIFE_MS, performance.now() - start);
    const total = { calls: 0, answers: 0, redemptions: 0, edits: 0 };
    for (let day = 0; day < DAYS; day++) {
      if (day % 3 === 2) machine.revokeAll();
      const { calls, answers, redemptions, edits } = await machine.day(life);
      total.calls += calls;
      total.answers += answers;
      total.redemptions += redemptions;
      total.edits += edits;
      expect(await machine.faultsOfVault()).toEqual([]);
      await machine.cleanStart();
      expect(machine.litter()).toEqual([]);
      expect(machine.servers()).toEqual(["guarded"]);
    }
    // All of it was under way.
    expect(Math.min(total.answers, total.redemptions, total.edits)).toBeGreaterThan(DAYS);
    expect(total.calls).toBeGreaterThan(total.answers);
  },
  LONGEST_MS,
);

import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { bareAnswer } from "./bare_answer.ts";

/** Signed words of ours count for a few minutes at their receiver, and a date is written in whole seconds; in ms. */
const MOST_MS = 2 * 60_000;

const explains = {
  skewed: {
    result: "warn",
    cause: "this machine's clock and the server's differ: certificates, tokens and proofs count at other times here " +
      "than there",
    cure: "set this machine's clock, by the time service of the system; if it is right, tell whoever runs the server",
  },
} as const;

/** Whether this machine's clock agrees with the server's. */
export const serverClock: Check = {
  code: "server-clock",
  title: "clock",
  after: ["server-http"],
  explains,
  async run(world: World): Promise<Finding> {
    const { date, askedAt, ms } = await bareAnswer(world);
    if (date === undefined) return skip("the server says no date");
    // Somewhere between the question and the answer the server has looked at its clock.
    const skew = askedAt + ms / 2 - date;
    const details = { skewSeconds: Math.round(skew / 1_000) };
    if (Math.abs(skew) <= MOST_MS) return ok("agrees with the server's", details);
    const text = `this machine's clock is ${spanOf(Math.abs(skew))} ${skew > 0 ? "ahead of" : "behind"} the server's`;
    return fault(explains, "skewed", { text, details });
  },
};

function spanOf(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
}

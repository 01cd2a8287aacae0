/** Inputs that are made up, for each reader of what others write; `bun run fuzz` goes on for as long as it is told. */
import { describe, test } from "bun:test";
import { runs } from "../harness/counts.ts";
import { TARGETS } from "./targets.ts";

const COUNT = runs(10_000, 100_000);

describe("what is made up is read or refused as it should be", () => {
  for (const { name, check } of TARGETS) {
    test(name, async () => {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      // The same inputs come again by it.
      console.log(`fuzz "${name}": ${COUNT} inputs of seed ${seed}`);
      await check(COUNT, seed);
    }, 600_000);
  }
});

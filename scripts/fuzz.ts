/**
 * Makes inputs up for the readers of what others write: `bun run fuzz [--minutes N] [--seed N] [TARGET ...]`, where a
 * target is meant by a part of its name. Goes on for a minute, or as long as it is told; ends with exit code 1 at the
 * first input that is not read or refused as it should be, and tells it with the seed that brings it again.
 */
import { parseArgs } from "node:util";
import { TARGETS } from "../test/fuzz/targets.ts";

/** Inputs of one seed; few enough that a round ends soon. */
const ROUND = 5_000;

const { values, positionals } = readWords();
const minutes = Number(values.minutes);
const targets = TARGETS.filter(({ name }) =>
  positionals.length === 0 || positionals.some((part) => name.includes(part))
);
if (targets.length === 0 || !(minutes > 0)) {
  console.error(
    `usage: bun run fuzz [--minutes N] [--seed N] [TARGET ...]\ntargets: ${TARGETS.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}

const until = performance.now() + minutes * 60_000;
let tried = 0;
for (let round = 0; round === 0 || (performance.now() < until && values.seed === undefined); round++) {
  for (const { name, check } of targets) {
    const seed = Number(values.seed ?? Math.trunc(Math.random() * 2 ** 31));
    try {
      await check(ROUND, seed);
    } catch (thrown) {
      console.error(`${name}, seed ${seed}: ${thrown instanceof Error ? thrown.message : thrown}`);
      if (thrown instanceof Error && thrown.cause !== undefined) console.error(thrown.cause);
      console.error(`again: bun run fuzz --seed ${seed} ${JSON.stringify(name)}`);
      process.exit(1);
    }
    tried += ROUND;
  }
  console.log(`${tried.toLocaleString("en")} inputs, ${targets.length} targets, nothing found`);
}

/** What was asked for; no minutes where the words say nothing of the kind. */
function readWords(): { values: { minutes: string; seed?: string | undefined }; positionals: string[] } {
  const options = { minutes: { type: "string", default: "1" }, seed: { type: "string" } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch {
    return { values: { minutes: "none" }, positionals: [] };
  }
}

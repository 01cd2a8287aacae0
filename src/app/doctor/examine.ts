import { type Check, type Explanations, fault, faultOf, type Finding, GENERAL_FAULTS, skip } from "./check.ts";
import type { World } from "./world.ts";

/** A finding, with what it is about. */
export interface Outcome extends Finding {
  readonly code: string;
  readonly title: string;
  /** What it is about. */
  readonly part: "machine" | "server";
  /** How long it took, in ms. */
  readonly ms: number;
  /** The check that failed, where this one was not worth a look. */
  readonly blockedBy?: string;
  /** What was mended; the finding is the one after that. */
  readonly fixed?: string;
}

/** How an examination goes on. */
export interface ExamineOptions {
  /** Outcomes of checks that are under way already, which those here may come after. */
  readonly before?: ReadonlyMap<string, Promise<Outcome>>;
  readonly part: Outcome["part"];
  /** Whether what can be mended safely is. */
  readonly fix?: boolean;
  onstart?(check: Check): void;
  onend?(outcome: Outcome): void;
}

/** How long a check may take where it does not say, in ms. */
const USUAL_LIMIT_MS = 10_000;

/** Starts all checks, each as soon as those that it comes after have ended; gives their outcomes by code. */
export function examine(
  checks: readonly Check[],
  world: World,
  options: ExamineOptions,
): Map<string, Promise<Outcome>> {
  const outcomes = new Map<string, Promise<Outcome>>();
  const outcomeOf = (code: string): Promise<Outcome> | undefined => outcomes.get(code) ?? options.before?.get(code);
  const begin = Promise.withResolvers<void>();
  for (const check of checks) {
    // A check may stand before those that it comes after.
    outcomes.set(check.code, begin.promise.then(() => outcome(check, world, outcomeOf, options)));
  }
  begin.resolve();
  return outcomes;
}

async function outcome(
  check: Check,
  world: World,
  outcomeOf: (code: string) => Promise<Outcome> | undefined,
  options: ExamineOptions,
): Promise<Outcome> {
  const { code, title } = check;
  const earlier = await Promise.all(check.after.map(outcomeOf));
  const blockedBy = earlier.map((one) => one?.result === "fail" ? one.code : one?.blockedBy).find(Boolean);
  options.onstart?.(check);
  const start = performance.now();
  const found = blockedBy === undefined
    ? await look(check, world, options.fix === true)
    : { ...skip(`not looked at, since ${JSON.stringify(blockedBy)} failed`), blockedBy };
  const ended: Outcome = { code, title, part: options.part, ms: Math.round(performance.now() - start), ...found };
  options.onend?.(ended);
  return ended;
}

async function look(check: Check, world: World, fix: boolean): Promise<Finding & { fixed?: string }> {
  const finding = await inTime(check, world, (own) => check.run(own));
  if (!fix || check.fix === undefined || finding.fault === undefined) return finding;
  let fixed: string | undefined;
  const failed = await inTime(check, world, async (own) => {
    fixed = await check.fix!(own, finding);
    return finding;
  });
  if (fixed === undefined) return failed;
  return { ...await inTime(check, world, (own) => check.run(own)), fixed };
}

/** Runs `work` with a signal that ends it, and turns what it throws, and its being late, into findings. */
async function inTime(check: Check, world: World, work: (world: World) => Promise<Finding>): Promise<Finding> {
  const limit = check.limit ?? USUAL_LIMIT_MS;
  const ending = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<Finding>();
  const timer = setTimeout(() => {
    const explains: Explanations = { ...GENERAL_FAULTS, ...check.explains };
    resolve(
      fault(explains, "timed_out", { text: `${explains["timed_out"]!.cause} (no end after ${limit / 1_000} s)` }),
    );
    ending.abort();
  }, limit);
  try {
    const signal = AbortSignal.any([world.signal, ending.signal]);
    return await Promise.race([work({ ...world, signal }), late]);
  } catch (thrown) {
    return faultOf(check.explains, thrown);
  } finally {
    clearTimeout(timer);
  }
}

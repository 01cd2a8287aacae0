import { type BridgeError, toBridgeError } from "../../platform/errors.ts";
import type { World } from "./world.ts";

/** One thing that `doctor` looks at. */
export interface Check {
  /** Its stable name, for scripts and for `.github/DOCTOR.md`. */
  readonly code: string;
  /** What is looked at, in a few words. */
  readonly title: string;
  /** Checks that come first; where one of them fails, this one says nothing and is skipped. */
  readonly after: readonly string[];
  /** Each way in which it can fail, by a stable name; `.github/DOCTOR.md` is made of them. */
  readonly explains: Explanations;
  /** How long it may take, in ms; 10 s where that is not said. The world's signal is aborted then. */
  readonly limit?: number;
  /** Looks, and changes nothing that is not put back. What it throws is a failure by the error's code. */
  run(world: World): Promise<Finding>;
  /** Mends what `run` has found, where that is safe, and says what was done; nothing where it could not be. */
  fix?(world: World, finding: Finding): Promise<string | undefined>;
}

/** One way in which a check can fail, as it is documented. */
export interface Explanation {
  /** A `warn` works for now. */
  readonly result: "fail" | "warn";
  /** Why, as one sentence: lower case, no full stop. */
  readonly cause: string;
  /** The command or setting that cures it. */
  readonly cure: string;
}

/** The ways in which a check can fail, by their names: snake case, and those of `BridgeError` where one is thrown. */
export type Explanations = Readonly<Record<string, Explanation>>;

/** What a check has found. */
export interface Finding {
  readonly result: "ok" | "warn" | "fail" | "skip";
  /** One sentence for people: lower case, no full stop; what others have written is quoted. */
  readonly text: string;
  /** Which of `explains` it is; of warnings and failures. */
  readonly fault?: string;
  readonly cure?: string;
  /** Further faults of the same check, less grave or of its kind. */
  readonly more?: readonly Finding[];
  /** More for `--json`; holds no secret. */
  readonly details?: Details;
}

/** What JSON can say. */
export type Details = Readonly<Record<string, unknown>>;

/** All is well. */
export function ok(text: string, details?: Details): Finding {
  return { result: "ok", text, ...(details === undefined ? {} : { details }) };
}

/** There is nothing to look at. */
export function skip(text: string, details?: Details): Finding {
  return { result: "skip", text, ...(details === undefined ? {} : { details }) };
}

/** What is said of a fault beyond its explanation, or in its place. */
export interface Particulars {
  readonly text?: string;
  readonly cure?: string;
  readonly details?: Details;
}

/** One of the faults that a check explains, with what is particular to this one. */
export function fault<Faults extends Explanations>(
  explains: Faults,
  name: keyof Faults & string,
  { text, cure, details }: Particulars = {},
): Finding {
  const explanation = explains[name]!;
  return {
    result: explanation.result,
    text: text ?? explanation.cause,
    fault: name,
    cure: cure ?? explanation.cure,
    ...(details === undefined ? {} : { details }),
  };
}

/** Several faults as one finding, the gravest first; there is one at least. */
export function together(faults: readonly Finding[]): Finding {
  const [gravest, ...more] = faults.toSorted((one, other) => weight(one) - weight(other));
  return more.length === 0 ? gravest! : { ...gravest!, more };
}

function weight({ result }: Finding): number {
  return result === "fail" ? 0 : 1;
}

/** In which any check can fail beyond what it explains itself. */
export const GENERAL_FAULTS = {
  timed_out: {
    result: "fail",
    cause: "it takes too long",
    cure: "try again; if it stays so, end what holds it up",
  },
  other: {
    result: "fail",
    cause: "something that the check does not foresee keeps it from an end",
    cure: 'run "mcp-bridge doctor" again with "--bundle FILE", and report it',
  },
  internal: {
    result: "fail",
    cause: "a defect of mcp-bridge",
    cure: 'run "mcp-bridge doctor" again with "--bundle FILE", and report it',
  },
} as const satisfies Explanations;

/** What was thrown, as a finding: its code is the fault where the check explains that, its hint the cure. */
export function faultOf(explains: Explanations, thrown: unknown): Finding {
  const error: BridgeError = toBridgeError(thrown);
  const all: Explanations = { ...GENERAL_FAULTS, ...explains };
  const isExplained = Object.hasOwn(all, error.code);
  const hint = error.code === "internal" ? undefined : error.hint?.replace(', or run "mcp-bridge doctor"', "");
  return fault(all, isExplained ? error.code : "other", {
    text: error.message,
    ...(hint === undefined ? {} : { cure: hint }),
    ...(isExplained ? {} : { details: { error: error.code } }),
  });
}

/** One row of the bench: what was measured, for whom, and what was wanted. */
import type { Name } from "./contestants.ts";

/** What was measured for one contestant. */
export interface Cell {
  readonly value: number;
  /** Stands in the table in place of the value. */
  readonly text?: string;
  /** What a table of cases names as not passed. */
  readonly failed?: readonly string[];
}

/** A bound for mcp-bridge: a plain value, or so many times what another contestant reached in the same run. */
export interface Target {
  readonly bound: "at most" | "at least";
  readonly value: number;
  readonly of?: Exclude<Name, "mcp-bridge">;
  /** Stands in the tables in place of the bound. */
  readonly text?: string;
}

/** A row; one without targets is information. */
export interface Row {
  readonly title: string;
  readonly cells: Partial<Record<Name, Cell>>;
  readonly targets: readonly Target[];
}

/** A row of ours alone; without a value where the measurement failed, without a target where it is information. */
export function ownRow(title: string, value: number | undefined, bound?: Target["bound"], limit?: number): Row {
  return {
    title,
    cells: value === undefined ? {} : { "mcp-bridge": { value } },
    targets: bound === undefined || limit === undefined ? [] : [{ bound, value: limit }],
  };
}

/** How a row stands against its targets; "open" while there is nothing to compare. */
export type Verdict = "met" | "missed" | "open";

/** The ratio of mcp-bridge's value to another contestant's. */
export function ratioTo(row: Row, name: Exclude<Name, "mcp-bridge">): number | undefined {
  const [ours, theirs] = [row.cells["mcp-bridge"], row.cells[name]];
  return ours === undefined || theirs === undefined || theirs.value === 0 ? undefined : ours.value / theirs.value;
}

/** Judges a row: missed as soon as one of its targets is, and when mcp-bridge took part and has nothing to show. */
export function judge(row: Row, tookPart: boolean): Verdict {
  if (!tookPart || row.targets.length === 0) return "open";
  if (row.cells["mcp-bridge"] === undefined) return "missed";
  const verdicts = row.targets.map((target) => judgeTarget(row, target));
  if (verdicts.includes("missed")) return "missed";
  return verdicts.includes("open") ? "open" : "met";
}

function judgeTarget(row: Row, { bound, value, of }: Target): Verdict {
  const reached = of === undefined ? row.cells["mcp-bridge"]?.value : ratioTo(row, of);
  if (reached === undefined) return "open";
  return (bound === "at most" ? reached <= value : reached >= value) ? "met" : "missed";
}

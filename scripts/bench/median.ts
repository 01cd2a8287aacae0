import type { Name } from "./contestants.ts";
import type { Cell } from "./row.ts";

/** The middle of the values, or the mean of the two in the middle. Throws when there are none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * How many times the values of `one` are those of `other`: the middle of the rounds, each compared within itself, so
 * that a machine which is slower for a while slows both. Nothing where one of the two failed.
 */
export function middleRatio<Key>(
  samples: ReadonlyMap<Key, readonly number[]>,
  one: Key,
  other: Key,
): number | undefined {
  const [over, under] = [samples.get(one), samples.get(other)];
  if (over === undefined || under === undefined || over.length !== under.length || over.length === 0) return undefined;
  return median(over.map((value, round) => value / under[round]!));
}

/** The cells of a row: for each contestant the median of what `read` takes from its samples. */
export function medianCells<Sample>(
  samples: Map<Name, Sample[]>,
  read: (sample: Sample) => number,
): Partial<Record<Name, Cell>> {
  return Object.fromEntries([...samples].map(([name, taken]) => [name, { value: median(taken.map(read)) }]));
}

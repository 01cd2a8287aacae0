import type { Name } from "./contestants.ts";
import type { Cell } from "./row.ts";

/** The middle of the values, or the mean of the two in the middle. Throws when there are none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot take the median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The cells of a row: for each contestant the median of what `read` takes from its samples. */
export function medianCells<Sample>(
  samples: Map<Name, Sample[]>,
  read: (sample: Sample) => number,
): Partial<Record<Name, Cell>> {
  return Object.fromEntries([...samples].map(([name, taken]) => [name, { value: median(taken.map(read)) }]));
}

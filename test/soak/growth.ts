/** Whether the memory of a process grows, from samples over its life. */

/** One look at it: seconds since the start, and bytes. */
export interface Sample {
  readonly seconds: number;
  readonly bytes: number;
}

/** How fast memory grows, in bytes for ten minutes, and how far that may be off, which one time in twenty it is. */
export interface Growth {
  readonly bytes: number;
  readonly error: number;
}

/** Collections come and go, in a process that has little to do every other minute: of each so many seconds the least counts. */
const WINDOW_SECONDS = 150;
/** The calls of so long are kept for the status page, so that memory fills until then. */
const WARM_UP_SECONDS = 600;
const FEWEST_WINDOWS = 5;
/** Within so many standard errors lie nineteen of twenty, of so few windows. */
const ERRORS = 2.5;

/**
 * How fast memory grows, by the straight line that is nearest to the least of each window; nothing where there are too
 * few of them to tell, which is so for 22 minutes and a half.
 */
export function growth(samples: readonly Sample[]): Growth | undefined {
  const points = floors(samples);
  if (points.length < FEWEST_WINDOWS) return undefined;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const width = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / width;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const inTenMinutes = 600 / WINDOW_SECONDS;
  return {
    bytes: slope * inTenMinutes,
    error: ERRORS * Math.sqrt(rest / (points.length - 2) / width) * inTenMinutes,
  };
}

/**
 * Whether memory grows by more than `most` bytes in ten minutes: "flat" where it seems not to, and cannot by twice as
 * much, "unclear" where it might either way.
 */
export function verdictOf({ bytes, error }: Growth, most: number): "flat" | "grows" | "unclear" {
  if (bytes - error > most) return "grows";
  return bytes <= most && bytes + error < 2 * most ? "flat" : "unclear";
}

/** The number of each window that is over, and its least. */
function floors(samples: readonly Sample[]): [window: number, bytes: number][] {
  const windowOf = (seconds: number): number => Math.floor((seconds - WARM_UP_SECONDS) / WINDOW_SECONDS);
  const least = new Map<number, number>();
  for (const { seconds, bytes } of samples) {
    const window = windowOf(seconds);
    if (window >= 0) least.set(window, Math.min(least.get(window) ?? Infinity, bytes));
  }
  least.delete(windowOf(samples.at(-1)?.seconds ?? 0));
  return [...least];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

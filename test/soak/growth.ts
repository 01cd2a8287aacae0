/** Whether the memory of a process grows, from samples over its life. */

/** One look at it: seconds since the start, and bytes. */
export interface Sample {
  readonly seconds: number;
  readonly bytes: number;
}

/** Collections come and go: of each so many seconds the least counts. */
const WINDOW_SECONDS = 30;
/** The calls of so long are kept for the status page, so that memory fills until then: half of a shorter life. */
const WARM_UP_SECONDS = 600;

/**
 * How fast memory grows, in bytes for ten minutes, by the straight line that is nearest to the least of each window;
 * nothing where there are too few of them to tell.
 */
export function growth(samples: readonly Sample[]): number | undefined {
  const from = Math.min((samples.at(-1)?.seconds ?? 0) / 2, WARM_UP_SECONDS);
  const least = new Map<number, number>();
  for (const { seconds, bytes } of samples) {
    const window = Math.floor(seconds / WINDOW_SECONDS);
    if (seconds >= from) least.set(window, Math.min(least.get(window) ?? Infinity, bytes));
  }
  if (least.size < 5) return undefined;
  const points = [...least];
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return above / below * (600 / WINDOW_SECONDS);
}

/** What the calls of ten seconds were like; times in ms. */
export interface LatencyBucket {
  /** When it began, in ms since 1970. */
  readonly at: number;
  readonly count: number;
  readonly errors: number;
  /** The time that half of the calls took at most, and nineteen of twenty. */
  readonly p50: number;
  readonly p95: number;
}

/** How long a bucket is, in ms, and how many there are. */
export const BUCKET_MS = 10_000;
export const BUCKETS = 60;

/** Times fall into bins, each a quarter of an octave wide, the first up to 0.1 ms: what is told is right within 10 %. */
const BINS = 96;
const FIRST_MS = 0.1;
const BINS_IN_OCTAVE = 4;

interface Bucket {
  at: number;
  count: number;
  errors: number;
  readonly bins: Uint32Array;
}

/** How long calls took in the last ten minutes, in a memory that does not grow with them. */
export class Latencies {
  /** A ring, each made when it is first needed. */
  readonly #buckets: Bucket[] = [];

  /** A call has ended at `now`, after `ms`. */
  add(now: number, ms: number, isError: boolean): void {
    const bucket = this.#bucketAt(now - now % BUCKET_MS);
    bucket.count++;
    if (isError) bucket.errors++;
    bucket.bins[binOf(ms)]!++;
  }

  /** The buckets of the last ten minutes that hold calls, the oldest first. */
  since(now: number): LatencyBucket[] {
    const oldest = now - now % BUCKET_MS - (BUCKETS - 1) * BUCKET_MS;
    return this.#buckets
      .filter((bucket) => bucket !== undefined && bucket.at >= oldest && bucket.count > 0)
      .sort((one, other) => one.at - other.at)
      .map(({ at, count, errors, bins }) => ({
        at,
        count,
        errors,
        p50: quantile(bins, count, 0.5),
        p95: quantile(bins, count, 0.95),
      }));
  }

  #bucketAt(at: number): Bucket {
    const place = at / BUCKET_MS % BUCKETS;
    const bucket = this.#buckets[place] ??= { at, count: 0, errors: 0, bins: new Uint32Array(BINS) };
    if (bucket.at !== at) {
      bucket.at = at;
      bucket.count = bucket.errors = 0;
      bucket.bins.fill(0);
    }
    return bucket;
  }
}

function binOf(ms: number): number {
  if (!(ms > FIRST_MS)) return 0;
  return Math.min(Math.ceil(Math.log2(ms / FIRST_MS) * BINS_IN_OCTAVE), BINS - 1);
}

/** The middle of the bin in which the call stands that `share` of all are not slower than. */
function quantile(bins: Uint32Array, count: number, share: number): number {
  let left = Math.ceil(count * share);
  let bin = 0;
  while (left > bins[bin]!) left -= bins[bin++]!;
  const ms = FIRST_MS * 2 ** ((bin - 0.5) / BINS_IN_OCTAVE);
  return Number(ms.toPrecision(3));
}

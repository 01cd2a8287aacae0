import { BridgeError } from "../platform/errors.ts";
import type { Budget, Lease } from "../platform/budget.ts";
import { Pieces } from "../platform/pieces.ts";

/** Bodies up to this size, in bytes, are read without asking the budget. */
export const SMALL_BODY = 262_144;

/** The body of an HTTP answer, decoded, which can be read once. */
export interface HttpBody {
  /** The chunks as they arrive. Rejects with `outcome_unknown` when the connection breaks. */
  chunks(): AsyncIterable<Uint8Array>;
  /**
   * All of it; `onchunk` is called as it arrives, and where it is large it is booked on `lease`, which the caller ends.
   * Rejects with `too_large` beyond `limit` bytes, whatever the compression, and `outcome_unknown`.
   */
  bytes(limit: number, onchunk?: () => void, lease?: Lease): Promise<Uint8Array>;
  /** Gives the rest up. */
  discard(): void;
}

/** Collects the chunks of a body up to a limit, booking what is large: until it is read, or as long as `kept` lasts. */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
  budget: Budget,
  onchunk?: () => void,
  kept?: Lease,
): Promise<Uint8Array> {
  const lease = kept ?? budget.lease();
  const parts = new Pieces(limit);
  try {
    for await (const chunk of chunks) {
      onchunk?.();
      if (parts.length + chunk.length > limit) throw tooLarge(limit);
      if (parts.length + chunk.length > SMALL_BODY) await lease.grow(chunk.length);
      parts.push(chunk);
    }
  } finally {
    if (kept === undefined) lease.end();
  }
  return parts.take();
}

/** The error for an answer beyond the limit of bytes. */
export function tooLarge(limit: number): BridgeError {
  return new BridgeError(
    "too_large",
    `the server's answer is larger than ${Math.floor(limit / 1_048_576)} MiB`,
    {
      hint: 'raise the limit with "--max-message MIB"',
    },
  );
}

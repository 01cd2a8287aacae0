import { jittered } from "../platform/clock.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** A server that asks for no wait at all gets this much, so that it cannot keep us spinning. */
const SHORTEST_RETRY_MS = 500;

/**
 * How long to wait before an event stream is asked for again, in ms: what the stream asked for by `retry`, else a
 * second, and more after `failures` in a row, up to 5 min.
 */
export function waitBefore(retry: number | undefined, failures: number): number {
  if (retry !== undefined && failures < 2) return Math.min(Math.max(retry, SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
  const grown = FIRST_RETRY_MS * 2 ** Math.min(failures, 20);
  return Math.min(jittered(Math.max(retry ?? 0, grown)), LONGEST_RETRY_MS);
}

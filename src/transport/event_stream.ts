import { type HttpBody, tooLarge } from "../net/body.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { Booking } from "./booking.ts";
import type { Exchange } from "./exchange.ts";
import { SseReader } from "./sse.ts";

/** What reading needs. */
export interface EventStreamOptions {
  readonly clock: Clock;
  readonly budget: Budget;
  /** The longest message in bytes. */
  readonly limit: number;
}

/** How a stream ended. */
export interface EventStreamEnd {
  /** The last event that it named, or an earlier stream before it. */
  readonly lastEventId: string | undefined;
  /** How long it asked to wait before the next, in ms. */
  readonly retry: number | undefined;
  /** What broke it; nothing where it ended by itself. */
  readonly broken: unknown;
}

/** How long a stream may stay open behind its answer. */
const AFTER_ANSWER_MS = 2_000;

/**
 * Reads one event stream into its exchange, to its end or until shortly after the answer. `lastEventId` is that of the
 * stream which this one goes on with; `onplace` hears how far that has come, which an end by force does not tell.
 *
 * @throws what the exchange was given up with, where a request waits for it.
 */
export async function readEventStream(
  options: EventStreamOptions,
  exchange: Exchange,
  body: HttpBody,
  lastEventId?: string,
  onplace?: (lastEventId: string | undefined) => void,
): Promise<EventStreamEnd> {
  const { clock, budget, limit } = options;
  const waits: Promise<void>[] = [];
  const reader = new SseReader(limit, ({ event, data }) => {
    if (event !== "message") return;
    const wait = exchange.deliver(data);
    if (wait !== undefined) waits.push(wait);
  });
  const booking = new Booking(budget);
  let broken: unknown;
  let lingering: { cancel(): void } | undefined;
  try {
    for await (const chunk of body.chunks()) {
      exchange.send.onactivity?.();
      reader.push(chunk);
      onplace?.(reader.lastEventId ?? lastEventId);
      const settled = booking.settle(reader.held, waits);
      if (settled !== undefined) await settled;
      if (reader.isRunaway) throw tooLarge(limit);
      if (exchange.answered) lingering ??= clock.after(AFTER_ANSWER_MS, () => body.discard());
    }
  } catch (thrown) {
    const signal = exchange.send.abort?.signal;
    if (signal?.aborted && exchange.request !== undefined) throw signal.reason;
    broken = thrown;
  } finally {
    lingering?.cancel();
    booking.end();
  }
  if (reader.oversize > 0) broken ??= tooLarge(limit);
  return { lastEventId: reader.lastEventId ?? lastEventId, retry: reader.retry, broken };
}

import type { HttpAnswer, HttpWire } from "../net/gate.ts";
import { pause } from "../platform/clock.ts";
import { waitBefore } from "./backoff.ts";
import { ChannelFailure } from "./channel.ts";
import { type EventStreamOptions, readEventStream } from "./event_stream.ts";
import type { Exchange } from "./exchange.ts";
import { fetchOrFail, mediaType } from "./http_exchange.ts";
import type { HttpSession } from "./http_session.ts";

/** What reading an answer, and asking for the rest of it, needs. */
export interface AnswerStreamOptions extends EventStreamOptions {
  readonly url: URL;
  readonly wire: HttpWire;
}

/** How often the rest of an interrupted answer is asked for in vain. */
const MOST_FAILED_RESUMPTIONS = 6;

/**
 * Reads the event stream that answers a request, resuming it for as long as the server lets us (basic/transports,
 * "Resumability and Redelivery"); outside of a session there is nothing to resume.
 *
 * @throws {ChannelFailure} where it ends without an answer, and what the exchange was given up with.
 */
export async function readAnswerStream(
  options: AnswerStreamOptions,
  exchange: Exchange,
  session: HttpSession | undefined,
  answer: HttpAnswer,
): Promise<void> {
  let lastEventId: string | undefined;
  let retry: number | undefined;
  const signal = exchange.send.abort?.signal;
  const attempts: Attempts = { signal, current: undefined };
  signal?.addEventListener("abort", () => attempts.current?.abort(signal.reason));
  for (let fruitless = 0;;) {
    exchange.sent = answer.sent;
    const stream = await readEventStream(options, exchange, answer.body, lastEventId);
    if (exchange.answered || exchange.request === undefined) return;
    retry = stream.retry ?? retry;
    fruitless = stream.lastEventId === lastEventId ? fruitless + 1 : 0;
    lastEventId = stream.lastEventId;
    if (lastEventId === undefined || session === undefined) throw exchange.unanswered(stream.broken);
    const rest = await resume(options, attempts, session, { lastEventId, retry, fruitless });
    if (rest === undefined) throw exchange.unanswered(stream.broken);
    answer = rest;
  }
}

/** The requests for the rest of an answer, of which there may be many: one listener gives up the one that is out. */
interface Attempts {
  readonly signal: AbortSignal | undefined;
  current: AbortController | undefined;
}

/** Where an interrupted stream stands. */
interface Standing {
  readonly lastEventId: string;
  /** How long the server asks to wait before the next attempt, in ms. */
  readonly retry: number | undefined;
  /** How often in turn the server has accepted that and nothing new came of it, which it may do as it likes. */
  readonly fruitless: number;
}

/** Asks for the rest of an interrupted stream; nothing where there is none to be had. */
async function resume(
  { clock, url, wire }: AnswerStreamOptions,
  attempts: Attempts,
  session: HttpSession,
  { lastEventId, retry, fruitless }: Standing,
): Promise<HttpAnswer | undefined> {
  const { signal } = attempts;
  for (let failures = 0; failures < MOST_FAILED_RESUMPTIONS; failures++) {
    await pause(clock, waitBefore(retry, Math.max(failures, fruitless)), signal);
    if (signal?.aborted) throw signal.reason;
    if (session.over.aborted) return undefined;
    // A deadline of this attempt is none of the request's.
    const attempt = attempts.current = new AbortController();
    try {
      const headers = session.streamHeaders(lastEventId);
      const answer = await fetchOrFail(wire, { url, method: "GET", headers, abort: attempt });
      if (answer.status === 200 && mediaType(answer) === "text/event-stream") return answer;
      answer.body.discard();
      if (answer.status < 500 && answer.status !== 429) return undefined;
    } catch (thrown) {
      if (signal?.aborted || !(thrown instanceof ChannelFailure) || thrown.kind !== "broken") throw thrown;
    }
  }
  return undefined;
}

import { quotedReply } from "../net/echo.ts";
import type { HttpAnswer, HttpWire } from "../net/gate.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, quoted, toBridgeError } from "../platform/errors.ts";
import { Booking } from "./booking.ts";
import { asChannelFailure, brokenBy, ChannelFailure, type SendOptions } from "./channel.ts";
import { fetchOrFail, mediaType } from "./http_exchange.ts";
import type { Message } from "./message.ts";
import { judgeRefusal } from "./refusal.ts";
import { deliver, type Link, type LinkEvents, type OpenLink, tellLost } from "./shared_stream.ts";
import { SseReader } from "./sse.ts";

/** What a link over the retired HTTP+SSE transport is made of. */
export interface LegacySseOptions {
  readonly url: URL;
  readonly wire: HttpWire;
  /** Headers of the person who runs us, sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest message in bytes. */
  readonly limit: number;
  /** How long the server may take to name its endpoint, in ms; 0 for as long as it likes. */
  readonly patience: number;
  readonly clock: Clock;
  readonly budget: Budget;
}

/**
 * The HTTP+SSE transport of revision 2024-11-05: a GET stream first names the endpoint that messages are posted to,
 * then carries everything that the server says. The endpoint must be of the stream's own origin, since our headers go
 * there.
 */
export function legacySseLink(options: LegacySseOptions): OpenLink {
  return async (events, abort) => {
    const stream = new AbortController();
    const giveUp = (): void => stream.abort(abort.signal.reason);
    abort.signal.addEventListener("abort", giveUp);
    try {
      const answer = await get(options, stream);
      const endpoint = await readUntilEndpoint(options, answer, events, stream);
      return new LegacySseLink(options, endpoint, stream);
    } catch (thrown) {
      stream.abort(thrown);
      throw thrown;
    } finally {
      abort.signal.removeEventListener("abort", giveUp);
    }
  };
}

class LegacySseLink implements Link {
  readonly #options: LegacySseOptions;
  readonly #headers: Headers;
  readonly #endpoint: URL;
  readonly #stream: AbortController;

  constructor(options: LegacySseOptions, endpoint: URL, stream: AbortController) {
    this.#options = options;
    this.#headers = new Headers({ ...options.headers, "content-type": "application/json" });
    this.#endpoint = endpoint;
    this.#stream = stream;
  }

  async write(message: Message, { abort }: SendOptions): Promise<void> {
    const { wire, limit, clock } = this.#options;
    const answer = await fetchOrFail(wire, {
      url: this.#endpoint,
      method: "POST",
      headers: this.#headers,
      body: message.bytes,
      ...(abort === undefined ? {} : { abort }),
    });
    if (answer.status >= 200 && answer.status <= 299) return answer.body.discard();
    const verdict = judgeRefusal(answer, await answer.body.bytes(limit), true, clock.now());
    if (verdict instanceof ChannelFailure) throw verdict;
    throw new ChannelFailure("refused", "http_status", `the server refused the message (${answer.status})`);
  }

  close(): Promise<void> {
    this.#stream.abort(new BridgeError("closing", "the bridge is ending"));
    return Promise.resolve();
  }
}

async function get(options: LegacySseOptions, abort: AbortController): Promise<HttpAnswer> {
  const headers = new Headers({ ...options.headers, accept: "text/event-stream" });
  const answer = await fetchOrFail(options.wire, { url: options.url, method: "GET", headers, abort, lasting: true });
  if (answer.status === 200 && mediaType(answer) === "text/event-stream") return answer;
  const body = await answer.body.bytes(options.limit);
  const verdict = judgeRefusal(answer, body, false, options.clock.now());
  if (answer.status > 299 && verdict instanceof ChannelFailure) throw verdict;
  const what = `the server offers no event stream at ${quoted(options.url.pathname)}`;
  throw new ChannelFailure("refused", "http_status", what, { status: answer.status });
}

/** Reads on in the background once the endpoint is known. */
function readUntilEndpoint(
  options: LegacySseOptions,
  answer: HttpAnswer,
  events: LinkEvents,
  stream: AbortController,
): Promise<URL> {
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  const { clock, patience } = options;
  const late = patience === 0 ? undefined : clock.after(patience, () => {
    stream.abort(refused(`the server's event stream named no endpoint within ${patience / 1_000} s`));
  });
  const waits: Promise<void>[] = [];
  const reader = new SseReader(options.limit, ({ event, data }) => {
    if (event === "endpoint") {
      try {
        resolve(endpointOf(options.url, new TextDecoder().decode(data), answer.sent));
      } catch (failure) {
        stream.abort(failure);
      }
    } else if (event === "message") {
      for (const wait of deliver(data, events)) waits.push(wait);
    }
  }, (ends) => void tellLost(ends, options.limit, events));
  const booking = new Booking(options.budget);
  (async () => {
    for await (const chunk of answer.body.chunks()) {
      events.onactivity();
      reader.push(chunk);
      const settled = booking.settle(reader.held, waits);
      if (settled !== undefined) await settled;
    }
    throw refused("the server ended its event stream");
  })().catch((thrown) => {
    const cause = toBridgeError(stream.signal.aborted ? stream.signal.reason : thrown);
    reject(asChannelFailure(cause));
    events.onclose(brokenBy(cause));
  }).finally(() => {
    late?.cancel();
    booking.end();
  });
  return promise.finally(() => late?.cancel());
}

function endpointOf(url: URL, text: string, sent: Headers | undefined): URL {
  const endpoint = URL.canParse(text, url.href) ? new URL(text, url.href) : undefined;
  if (endpoint !== undefined && endpoint.origin === url.origin) return endpoint;
  throw refused(`the server names an endpoint of another origin, ${quotedReply(text, sent)}`);
}

function refused(message: string): ChannelFailure {
  return new ChannelFailure("refused", "bad_answer", message);
}

import type { HttpWire } from "../net/gate.ts";
import { toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { FarEndEvents } from "./channel.ts";
import { type EventStreamOptions, readEventStream } from "./event_stream.ts";
import { Exchange } from "./exchange.ts";
import { fetchOrFail, mediaType } from "./http_exchange.ts";
import type { HttpSession } from "./http_session.ts";
import type { StreamEnd } from "./server_stream.ts";

/** What reading the server's own stream needs. */
export interface ReadOptions extends EventStreamOptions {
  readonly url: URL;
  readonly wire: HttpWire;
  readonly notify: Notify;
}

/** One attempt to read it; as `attempt` of `ServerStreamOptions`. */
export interface ReadAttempt {
  readonly session: HttpSession;
  readonly events: FarEndEvents;
  readonly wasOpen: boolean;
  readonly abort: AbortController;
  onactivity(): void;
}

/** Asks for the stream on which a server says what answers no request, and reads it to its end. Never rejects. */
export async function readServerStream(options: ReadOptions, attempt: ReadAttempt): Promise<StreamEnd> {
  const { notify, url, wire } = options;
  const { session, events, wasOpen, abort } = attempt;
  const exchange = new Exchange({ send: { abort, onactivity: hear }, events, notify });
  function hear(): void {
    attempt.onactivity();
    events.onactivity();
  }
  try {
    const headers = session.streamHeaders(session.lastEventId);
    const answer = await fetchOrFail(wire, { url, method: "GET", headers, abort, lasting: true });
    session.onlistening?.();
    if (answer.status === 200 && mediaType(answer) === "text/event-stream") {
      exchange.sent = answer.sent;
      const stream = await readEventStream(options, exchange, answer.body, session.lastEventId, (id) => {
        if (!abort.signal.aborted) session.lastEventId = id;
      });
      return { kind: "ended", retry: stream.retry, fruitful: exchange.fruitful };
    }
    answer.body.discard();
    if (answer.status === 404 && session.id !== undefined) return { kind: "lost" };
    const isSurprise = wasOpen && (answer.status === 400 || answer.status === 405);
    if (isSurprise && await session.isForgotten(options)) return { kind: "lost" };
    // 409: the server believes that an earlier stream still stands.
    if (answer.status < 500 && answer.status !== 429 && answer.status !== 409) {
      notify({ level: "debug", text: `${url.host} offers no stream of its own (${answer.status})` });
      return { kind: "unavailable" };
    }
  } catch (thrown) {
    session.onlistening?.();
    notify({ level: "debug", text: `the server's stream failed: ${toBridgeError(thrown).message}` });
  }
  return { kind: "failed" };
}

import { SMALL_BODY } from "../net/body.ts";
import type { HttpAnswer, HttpRequest, HttpWire } from "../net/gate.ts";
import { Abort } from "../platform/abort.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, quoted, toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { readAnswerStream } from "./answer_stream.ts";
import { asChannelFailure, ChannelFailure, type FarEnd, type FarEndEvents, type SendOptions } from "./channel.ts";
import { readEventStream } from "./event_stream.ts";
import { Exchange } from "./exchange.ts";
import { HttpSession } from "./http_session.ts";
import { fetchOrFail, mediaType } from "./http_exchange.ts";
import { composeMessage, type Message } from "./message.ts";
import { isModern, negotiatedRevision, PostHeaders } from "./request_headers.ts";
import { judgeRefusal, knowsNoSessions, PAST_PROXY, speaker } from "./refusal.ts";
import { keepServerStream, type StreamEnd, streamIsOver } from "./server_stream.ts";

/** What a Streamable HTTP end is made of. */
export interface StreamableHttpOptions {
  readonly url: URL;
  readonly wire: HttpWire;
  readonly clock: Clock;
  /** Headers of the person who runs us, sent with every request; those of the protocol win over them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly budget: Budget;
  /** The longest message in bytes. */
  readonly limit: number;
  /** After so long without a byte the server's own stream is asked for again, in ms; 0 for never. */
  readonly idle: number;
  /**
   * Whether what follows the handshake waits, not for long, until that stream stands: a server that asks something on
   * it while nobody listens waits for ever.
   */
  readonly listensFirst?: boolean;
  readonly notify: Notify;
}

/** Also what a server without sessions says of a request that does not name its sender (2026-07-28 basic, "_meta"). */
const INVALID_PARAMS = "-32602";
/** How long the server may take to end a session that another one replaces. */
const REPLACED_DELETE_MS = 5_000;
/** How long a server's own stream is waited for at most; some servers begin it with their first word alone. */
const LISTENS_MS = 1_000;
/** What that wait is beyond twice the time of the handshake, which took a connection as well. */
const LISTENS_BEYOND_MS = 50;

/**
 * The far end of Streamable HTTP (basic/transports, revisions 2025-03-26 to 2025-11-25): every message is a POST,
 * answers come as JSON or as event streams, and a GET stream carries what the server says by itself. Messages of
 * revision 2026-07-28 pass with the headers that it wants, and without a session.
 */
export class StreamableHttp implements FarEnd {
  readonly isLocal = false;
  readonly #options: StreamableHttpOptions;
  readonly #events: FarEndEvents;
  readonly #postHeaders: PostHeaders;
  #session: HttpSession | undefined;
  #listening: Abort | undefined;

  /** `options` may be those of many far ends. */
  constructor(options: StreamableHttpOptions, events: FarEndEvents) {
    this.#options = options;
    this.#events = events;
    this.#postHeaders = new PostHeaders(options.headers);
  }

  async close(deadline: number): Promise<void> {
    await this.#endSession(deadline);
  }

  /** Ends the session, and tells a server that keeps it. */
  async #endSession(deadline: number): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    const listening = this.#listening;
    this.#listening = undefined;
    listening?.abort(streamIsOver());
    await session?.end(this.#options, deadline, closing());
  }

  /** Connects anew what is connected, without losing the session: after a sleep of the machine. */
  reconnect(): void {
    this.#options.wire.forgetConnections();
    if (this.#session !== undefined && this.#listening !== undefined) this.#listen(this.#session);
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    const opens = message.kind === "request" && message.method === "initialize";
    if (opens) void this.#endSession(REPLACED_DELETE_MS);
    const session = this.#session;
    const sentAt = opens ? this.#options.clock.now() : 0;
    let sessionId: string | undefined;
    const exchange = new Exchange({
      ...(message.kind === "request" ? { request: message } : {}),
      send: options,
      events: this.#events,
      notify: this.#options.notify,
      ...(opens ? { onanswer: (answer) => this.#beginSession(answer, sessionId, sentAt) } : {}),
    });
    try {
      const answer = await this.#options.wire.fetch({
        url: this.#options.url,
        method: "POST",
        headers: this.#headersFor(message, session, options.headers),
        body: message.bytes,
        abort: options.abort,
      });
      options.onactivity?.();
      sessionId = answer.headers.get("mcp-session-id") ?? undefined;
      await this.#receive(exchange, session, answer);
    } catch (thrown) {
      throw thrown instanceof BridgeError ? asChannelFailure(thrown) : thrown;
    }
    const isReady = message.kind === "notification" && message.method === "notifications/initialized";
    // Another one may have taken its place meanwhile, or none.
    if (!isReady || session === undefined || session !== this.#session) return;
    this.#listen(session);
    if (this.#options.listensFirst) await this.#untilListening(session);
  }

  async #receive(exchange: Exchange, session: HttpSession | undefined, answer: HttpAnswer): Promise<void> {
    if (answer.status < 200 || answer.status > 299) return this.#receiveRefusal(exchange, session, answer);
    const type = mediaType(answer);
    if (type === "text/event-stream") {
      const received = readAnswerStream(this.#options, exchange, session, answer);
      if (exchange.request !== undefined) return received;
      // Nothing waits for the end of a stream that answers no request.
      received.catch(() => {});
      return;
    }
    if (exchange.request === undefined) return answer.body.discard();
    if (answer.status === 202 || answer.status === 204) {
      answer.body.discard();
      // Some servers accept a request and answer it on the GET stream; the request's own deadlines watch over that.
      await this.#untilAnsweredElsewhere(exchange, session);
      throw refused("no_answer", `the server accepted the request (${answer.status}) without answering it`);
    }
    const body = await answer.body.bytes(this.#options.limit, exchange.send.onactivity);
    if (type !== "application/json") {
      const what = `${speaker(answer)} answered with ${described(type, body)} in place of JSON`;
      throw refused("bad_answer", what, answer.proxy === undefined ? undefined : PAST_PROXY);
    }
    await this.#deliver(exchange, body);
    if (!exchange.answered) throw exchange.unanswered();
  }

  /** What is large counts until the client has taken it. */
  async #deliver(exchange: Exchange, body: Uint8Array): Promise<void> {
    const wait = exchange.deliver(body);
    if (wait === undefined || body.length <= SMALL_BODY) return wait;
    const lease = this.#options.budget.lease();
    lease.hold(body.length);
    await wait.finally(() => lease.end());
  }

  async #receiveRefusal(exchange: Exchange, session: HttpSession | undefined, answer: HttpAnswer): Promise<void> {
    const body = await answer.body.bytes(this.#options.limit, exchange.send.onactivity);
    const verdict = judgeRefusal(answer, body, session?.id !== undefined, this.#options.clock.now());
    const failed = verdict instanceof ChannelFailure;
    if (session !== undefined && !failed && knowsNoSessions(verdict)) throw session.lose();
    const named = !failed && verdict.key === exchange.request?.key;
    const isClear = named && verdict.answerMember("error", "code") !== INVALID_PARAMS;
    if (!isClear && answer.status === 400 && session !== undefined && await this.#hasForgotten(session)) {
      throw session.lose();
    }
    if (failed) throw verdict.kind === "session_lost" && session !== undefined ? session.lose() : verdict;
    if (exchange.request === undefined) return;
    // Whatever id it names: some servers have one of their own for all that they refuse.
    await exchange.hand(named ? verdict : verdict.withId(exchange.request.id!));
  }

  /**
   * Some servers, the reference server among them, answer 400 where the specification wants 404 for a session that
   * they do not know. A session that lives answers a ping.
   */
  async #hasForgotten(session: HttpSession): Promise<boolean> {
    if (session.id === undefined) return false;
    const ping = composeMessage({ id: "mcp-bridge:session", method: "ping" });
    const answer = await this.#fetch({
      url: this.#options.url,
      method: "POST",
      headers: this.#headersFor(ping, session),
      body: ping.bytes,
    });
    answer.body.discard();
    return answer.status === 400 || answer.status === 404;
  }

  /**
   * Waits for the request to be given up, which is also what its answer on another stream leads to, for as long as
   * there may be such a stream.
   */
  async #untilAnsweredElsewhere(exchange: Exchange, session: HttpSession | undefined): Promise<void> {
    const signal = exchange.send.abort?.signal;
    while (signal !== undefined && this.#listening !== undefined) {
      await firstAborted(signal, this.#listening.signal);
      if (signal.aborted) throw signal.reason;
      if (session?.over.aborted === true) throw exchange.unanswered();
    }
  }

  /** Keeps the GET stream of a session open for as long as the session lives, if the server offers one. */
  async #listen(session: HttpSession): Promise<void> {
    const stop = new Abort();
    const before = this.#listening;
    this.#listening = stop;
    before?.abort(streamIsOver());
    await keepServerStream({
      clock: this.#options.clock,
      idle: this.#options.idle,
      attempt: (abort, onactivity, wasOpen) => this.#readServerStream(session, abort, onactivity, wasOpen),
      onlost: () => {
        session.lose();
        if (session === this.#session) this.#events.onloss();
      },
    }, stop);
    if (this.#listening !== stop) return;
    this.#listening = undefined;
    stop.abort(streamIsOver());
  }

  async #untilListening(session: HttpSession): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    session.onlistening = resolve;
    const patience = Math.min(LISTENS_MS, 2 * session.begunIn + LISTENS_BEYOND_MS);
    const timer = this.#options.clock.after(patience, resolve);
    session.over.signal.addEventListener("abort", () => resolve());
    await promise;
    timer.cancel();
  }

  async #readServerStream(
    session: HttpSession,
    abort: AbortController,
    onactivity: () => void,
    wasOpen: boolean,
  ): Promise<StreamEnd> {
    const { notify, url } = this.#options;
    const events = this.#events;
    const exchange = new Exchange({ send: { abort, onactivity: hear }, events, notify });
    function hear(): void {
      onactivity();
      events.onactivity();
    }
    try {
      const headers = session.streamHeaders(session.lastEventId);
      const answer = await this.#fetch({ url, method: "GET", headers, abort, lasting: true });
      session.onlistening?.();
      if (answer.status === 200 && mediaType(answer) === "text/event-stream") {
        const stream = await readEventStream(this.#options, exchange, answer, session.lastEventId);
        session.lastEventId = stream.lastEventId;
        return { kind: "ended", retry: stream.retry, fruitful: exchange.fruitful };
      }
      answer.body.discard();
      if (answer.status === 404 && session.id !== undefined) return { kind: "lost" };
      const isSurprise = wasOpen && (answer.status === 400 || answer.status === 405);
      if (isSurprise && await this.#hasForgotten(session)) return { kind: "lost" };
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

  #fetch(request: HttpRequest): Promise<HttpAnswer> {
    return fetchOrFail(this.#options.wire, request);
  }

  /** A result of `initialize` opens a session. */
  #beginSession(answer: Message, id: string | undefined, sentAt: number): void {
    const revision = negotiatedRevision(answer);
    if (revision === undefined || isModern(revision)) return;
    const { headers, clock } = this.#options;
    this.#session = new HttpSession(id, revision, headers, clock.now() - sentAt);
  }

  #headersFor(message: Message, session: HttpSession | undefined, more?: SendOptions["headers"]): Headers {
    const headers = session === undefined ? this.#postHeaders.of(message, more) : session.postHeaders;
    const trace = message.carrier?.trace;
    if (trace === undefined) return headers;
    const traced = new Headers(headers);
    for (const [name, value] of Object.entries(trace)) traced.set(name, value);
    return traced;
  }
}

async function firstAborted(...signals: AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => resolve();
  for (const signal of signals) signal.addEventListener("abort", stop);
  if (signals.some(({ aborted }) => aborted)) stop();
  await promise;
  for (const signal of signals) signal.removeEventListener("abort", stop);
}

function described(type: string, body: Uint8Array): string {
  if (body.length === 0) return "an empty body";
  return `${type === "" ? "an unnamed type" : quoted(type)} ${
    quoted(new TextDecoder().decode(body.subarray(0, 200)), 80)
  }`;
}

function refused(code: "bad_answer" | "no_answer", message: string, hint?: string): ChannelFailure {
  return new ChannelFailure("refused", code, message, { mayHaveRun: true, ...(hint === undefined ? {} : { hint }) });
}

function closing(): BridgeError {
  return new BridgeError("closing", "the bridge is ending");
}

import { quotedReply } from "../net/echo.ts";
import type { HttpAnswer, HttpWire } from "../net/gate.ts";
import { Abort, type Abortable } from "../platform/abort.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { readAnswerStream } from "./answer_stream.ts";
import { asChannelFailure, ChannelFailure, type FarEnd, type FarEndEvents, type SendOptions } from "./channel.ts";
import { Exchange } from "./exchange.ts";
import { HttpSession } from "./http_session.ts";
import { mediaType } from "./http_exchange.ts";
import type { Message } from "./message.ts";
import { isModern, negotiatedRevision, PostHeaders } from "./request_headers.ts";
import { BODY_SHOWN, judgeRefusal, knowsNoSessions, PAST_PROXY, speaker } from "./refusal.ts";
import { readServerStream } from "./read_server_stream.ts";
import { keepServerStream, streamIsOver } from "./server_stream.ts";

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
    if (this.#options.listensFirst) await session.untilListening(this.#options.clock);
  }

  async #receive(exchange: Exchange, session: HttpSession | undefined, answer: HttpAnswer): Promise<void> {
    if (answer.status < 200 || answer.status > 299) return this.#receiveRefusal(exchange, session, answer);
    const type = mediaType(answer);
    if (type === "text/event-stream") {
      const received = readAnswerStream(this.#during(exchange.send.abort), exchange, session, answer);
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
    exchange.sent = answer.sent;
    // What is large counts until the client has taken it: another one that came meanwhile would come on top of it.
    const lease = this.#options.budget.lease(exchange.send.abort);
    try {
      const body = await answer.body.bytes(this.#options.limit, exchange.send.onactivity, lease);
      lease.grown();
      if (type !== "application/json") {
        const what = `${speaker(answer)} answered with ${described(type, body, answer.sent)} in place of JSON`;
        throw refused("bad_answer", what, answer.proxy === undefined ? undefined : PAST_PROXY);
      }
      await exchange.deliver(body);
    } finally {
      lease.end();
    }
    if (!exchange.answered) throw exchange.unanswered();
  }

  async #receiveRefusal(exchange: Exchange, session: HttpSession | undefined, answer: HttpAnswer): Promise<void> {
    const body = await answer.body.bytes(this.#options.limit, exchange.send.onactivity);
    const verdict = judgeRefusal(answer, body, session?.id !== undefined, this.#options.clock.now());
    const failed = verdict instanceof ChannelFailure;
    if (session !== undefined && !failed && knowsNoSessions(verdict)) throw session.lose();
    const named = !failed && verdict.key === exchange.request?.key;
    const isClear = named && verdict.answerMember("error", "code") !== INVALID_PARAMS;
    if (!isClear && answer.status === 400 && session !== undefined && await session.isForgotten(this.#options)) {
      throw session.lose();
    }
    if (failed) throw verdict.kind === "session_lost" && session !== undefined ? session.lose() : verdict;
    if (exchange.request === undefined) return;
    // Whatever id it names: some servers have one of their own for all that they refuse.
    await exchange.hand(named ? verdict : verdict.withId(exchange.request.id!));
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
      attempt: (abort, onactivity, wasOpen) =>
        readServerStream(this.#during(abort), { session, events: this.#events, wasOpen, abort, onactivity }),
      onlost: () => {
        session.lose();
        if (session === this.#session) this.#events.onloss();
      },
    }, stop);
    if (this.#listening !== stop) return;
    this.#listening = undefined;
    stop.abort(streamIsOver());
  }

  /** What is read then is given up with `abort`, or gives it up. */
  #during(abort: Abortable | undefined): StreamableHttpOptions {
    return { ...this.#options, budget: this.#options.budget.during(abort) };
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

function described(type: string, body: Uint8Array, sent: Headers | undefined): string {
  if (body.length === 0) return "an empty body";
  const kind = type === "" ? "an unnamed type" : quotedReply(type, sent);
  return `${kind} ${quotedReply(body.subarray(0, BODY_SHOWN), sent, 80)}`;
}

function refused(code: "bad_answer" | "no_answer", message: string, hint?: string): ChannelFailure {
  return new ChannelFailure("refused", code, message, { mayHaveRun: true, ...(hint === undefined ? {} : { hint }) });
}

function closing(): BridgeError {
  return new BridgeError("closing", "the bridge is ending");
}

import { tooLarge } from "../net/body.ts";
import type { HttpAnswer, HttpRequest, Wire } from "../net/gate.ts";
import { type Clock, jittered, pause } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { type Channel, type ChannelEvents, ChannelFailure, type SendOptions } from "./channel.ts";
import { composeMessage, MalformedMessage, type Message, readMessage, splitBatch } from "./message.ts";
import { claimedRevision, negotiatedRevision, standardHeaders } from "./request_headers.ts";
import { judgeRefusal, sessionLost } from "./refusal.ts";
import { SseReader } from "./sse.ts";

/** What a Streamable HTTP end is made of. */
export interface StreamableHttpOptions {
  readonly url: URL;
  readonly wire: Wire;
  readonly clock: Clock;
  /** Headers of the person who runs us, sent with every request; those of the protocol win over them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest message in bytes. */
  readonly limit: number;
  readonly notify: Notify;
  readonly events: ChannelEvents & {
    /** Bytes arrived on the server's own stream. */
    onactivity(): void;
    /** The server dropped the session while nothing was being sent. */
    onloss(): void;
  };
}

/** A session of the handshake's era, from one `initialize` to the next. */
interface Session {
  /** The server's `Mcp-Session-Id`; some servers keep no sessions. */
  readonly id: string | undefined;
  /** The negotiated revision. */
  readonly revision: string;
  /** The headers of every POST in it. */
  readonly postHeaders: Headers;
  /** Aborted when another session takes its place, or none. */
  readonly over: AbortController;
}

/** One exchange that a server answers by a stream, which may break off and be resumed. */
interface Exchange {
  readonly request: Message | undefined;
  readonly session: Session | undefined;
  readonly options: SendOptions;
  answered: boolean;
  /** What was wrong with a message that could have been the answer. */
  fault: string | undefined;
}

const POST_HEADERS = { "content-type": "application/json", "accept": "application/json, text/event-stream" };
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** A server that asks for no wait at all gets this much, so that it cannot keep us spinning. */
const SHORTEST_RETRY_MS = 50;
/** How often an interrupted answer is asked for again without anything new arriving. */
const MOST_RESUMPTIONS = 6;
/** A stream that lived this long was a good one: the next wait is short again. */
const GOOD_STREAM_MS = 30_000;
/** How long a stream may stay open behind its answer. */
const AFTER_ANSWER_MS = 2_000;

/**
 * The far end of Streamable HTTP (basic/transports, revisions 2025-03-26 to 2025-11-25): every message is a POST,
 * answers come as JSON or as event streams, and a GET stream carries what the server says by itself. Messages of
 * revision 2026-07-28 pass with the headers that it wants, and without a session.
 */
export class StreamableHttp implements Channel {
  readonly #options: StreamableHttpOptions;
  #session: Session | undefined;
  #modernRevision: string | undefined;
  #listening: AbortController | undefined;

  constructor(options: StreamableHttpOptions) {
    this.#options = options;
  }

  async close(deadline: number): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.over.abort(closing());
    if (session?.id === undefined) return;
    const enough = new AbortController();
    const timer = this.#options.clock.after(deadline, () => enough.abort(closing()));
    try {
      const answer = await this.#options.wire.fetch({
        url: this.#options.url,
        method: "DELETE",
        headers: new Headers(this.#headers(session)),
        abort: enough,
      });
      answer.body.discard();
    } catch {
      // The server keeps the session then, or has lost it: neither concerns anybody any more.
    } finally {
      timer.cancel();
    }
  }

  /** Connects anew what is connected, without losing the session: after a sleep of the machine. */
  reconnect(): void {
    this.#options.wire.forgetConnections();
    if (this.#session !== undefined && this.#listening !== undefined) this.#listen(this.#session);
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    const opens = message.kind === "request" && message.method === "initialize";
    if (opens) this.#endSession();
    const session = this.#session;
    const exchange: Exchange = {
      request: message.kind === "request" ? message : undefined,
      session,
      options,
      answered: false,
      fault: undefined,
    };
    const answer = await this.#fetch({
      url: this.#options.url,
      method: "POST",
      headers: this.#headersFor(message, session),
      body: message.bytes,
      abort: options.abort,
    });
    options.onactivity?.();
    await this.#receive(exchange, answer);
    if (
      message.kind === "notification" && message.method === "notifications/initialized" &&
      session !== undefined
    ) {
      if (session === this.#session) this.#listen(session);
    }
  }

  async #receive(exchange: Exchange, answer: HttpAnswer): Promise<void> {
    if (answer.status < 200 || answer.status > 299) return this.#receiveRefusal(exchange, answer);
    const type = mediaType(answer);
    if (exchange.request === undefined && type !== "text/event-stream") return answer.body.discard();
    if (type === "text/event-stream") return this.#receiveStream(exchange, answer);
    if (answer.status === 202 || answer.status === 204) {
      answer.body.discard();
      // Some servers accept a request and answer it on the GET stream; the request's own deadlines watch over that.
      if (this.#listening !== undefined) return this.#untilAnsweredElsewhere(exchange);
      throw refused("no_answer", `the server accepted the request (${answer.status}) without answering it`);
    }
    const body = await answer.body.bytes(this.#options.limit);
    exchange.options.onactivity?.();
    if (type !== "application/json") {
      throw refused("bad_answer", `the server answered with ${described(type, body)} in place of JSON`);
    }
    await this.#deliver(exchange, body, answer.headers.get("mcp-session-id") ?? undefined);
    if (!exchange.answered) throw this.#unanswered(exchange);
  }

  async #receiveRefusal(exchange: Exchange, answer: HttpAnswer): Promise<void> {
    const body = await answer.body.bytes(this.#options.limit);
    const verdict = judgeRefusal(answer, body, exchange.session?.id !== undefined, this.#options.clock.now());
    const failed = verdict instanceof ChannelFailure;
    const named = !failed && verdict.id !== undefined && verdict.id !== "null";
    if (!named && answer.status === 400 && await this.#hasForgotten(exchange.session)) throw sessionLost();
    if (failed) throw verdict;
    if (exchange.request === undefined) return;
    await this.#hand(exchange, named ? verdict : verdict.withId(exchange.request.id!));
    if (!exchange.answered) throw this.#unanswered(exchange);
  }

  /**
   * Some servers, the reference server among them, answer 400 where the specification wants 404 for a session that
   * they do not know. A session that lives answers a ping.
   */
  async #hasForgotten(session: Session | undefined): Promise<boolean> {
    if (session?.id === undefined) return false;
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

  /** Reads the stream that answers a request, resuming it for as long as the server lets us. */
  async #receiveStream(exchange: Exchange, answer: HttpAnswer): Promise<void> {
    const sessionId = answer.headers.get("mcp-session-id") ?? undefined;
    let lastEventId: string | undefined;
    let retry: number | undefined;
    let fruitless = 0;
    for (;;) {
      const stream = await this.#readStream(exchange, answer, lastEventId, sessionId);
      if (exchange.answered || exchange.request === undefined) return;
      retry = stream.retry ?? retry;
      fruitless = stream.lastEventId === lastEventId ? fruitless + 1 : 0;
      lastEventId = stream.lastEventId;
      const next = await this.#resume(exchange, lastEventId, retry, fruitless);
      if (next === undefined) throw this.#unanswered(exchange, stream.broken);
      answer = next;
    }
  }

  /** Asks for the rest of an interrupted stream (basic/transports, "Resumability and Redelivery"). */
  async #resume(
    exchange: Exchange,
    lastEventId: string | undefined,
    retry: number | undefined,
    fruitless: number,
  ): Promise<HttpAnswer | undefined> {
    const { session, options } = exchange;
    if (lastEventId === undefined || session === undefined) return undefined;
    for (let failures = fruitless; failures < MOST_RESUMPTIONS; failures++) {
      await pause(this.#options.clock, waitBefore(retry, failures), options.abort?.signal);
      if (options.abort?.signal.aborted) throw options.abort?.signal.reason;
      if (session.over.signal.aborted) return undefined;
      try {
        const answer = await this.#fetch({
          url: this.#options.url,
          method: "GET",
          headers: this.#streamHeaders(session, lastEventId),
          abort: options.abort,
        });
        if (answer.status === 200 && mediaType(answer) === "text/event-stream") return answer;
        answer.body.discard();
        if (answer.status < 500) return undefined;
      } catch (thrown) {
        if (!(thrown instanceof ChannelFailure) || thrown.kind !== "broken") throw thrown;
      }
    }
    return undefined;
  }

  /** Reads one stream to its end, or until shortly after the answer. */
  async #readStream(
    exchange: Exchange,
    answer: HttpAnswer,
    lastEventId?: string,
    sessionId?: string,
  ): Promise<{ lastEventId: string | undefined; retry: number | undefined; broken: unknown }> {
    const { clock, limit } = this.#options;
    const waits: Promise<void>[] = [];
    const reader = new SseReader(limit, ({ event, data }) => {
      if (event !== "message") return;
      const wait = this.#deliver(exchange, data, sessionId);
      if (wait !== undefined) waits.push(wait);
    });
    let broken: unknown;
    let lingering: { cancel(): void } | undefined;
    try {
      for await (const chunk of answer.body.chunks()) {
        exchange.options.onactivity?.();
        reader.push(chunk);
        if (waits.length > 0) await Promise.all(waits.splice(0));
        if (reader.isRunaway) throw tooLarge(limit);
        if (exchange.answered && exchange.request !== undefined) {
          lingering ??= clock.after(AFTER_ANSWER_MS, () => answer.body.discard());
        }
      }
    } catch (thrown) {
      if (exchange.options.abort?.signal.aborted) throw exchange.options.abort?.signal.reason;
      broken = thrown;
    } finally {
      lingering?.cancel();
    }
    if (reader.oversize > 0) broken ??= tooLarge(limit);
    return { lastEventId: reader.lastEventId ?? lastEventId, retry: reader.retry, broken };
  }

  /** Hands on what one body or event holds, which may be a batch. */
  #deliver(exchange: Exchange, text: Uint8Array, sessionId: string | undefined): Promise<void> | undefined {
    let waits: Promise<void>[] | undefined;
    for (const part of splitBatch(text)) {
      let message: Message;
      try {
        message = readMessage(part);
      } catch (fault) {
        if (!(fault instanceof MalformedMessage)) throw fault;
        exchange.fault = `the server sent ${
          quoted(new TextDecoder().decode(part.subarray(0, 200)), 80)
        }: ${fault.message}`;
        this.#options.notify({ level: "debug", text: exchange.fault });
        continue;
      }
      if (message.kind === "response") message = this.#recognise(exchange, message, sessionId);
      const wait = this.#hand(exchange, message);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits === undefined ? undefined : waits.length === 1 ? waits[0] : Promise.all(waits).then(() => {});
  }

  /** An error without an id on a request's own stream can only mean that request; a result of `initialize` opens a session. */
  #recognise(exchange: Exchange, message: Message, sessionId: string | undefined): Message {
    const { request } = exchange;
    if (request === undefined) return message;
    if ((message.id === undefined || message.id === "null") && request.id !== "null") {
      message = message.withId(request.id!);
    }
    if (request.method !== "initialize" || message.key !== request.key) return message;
    const revision = negotiatedRevision(message);
    if (revision !== undefined) this.#session = this.#newSession(sessionId, revision);
    return message;
  }

  #hand(exchange: Exchange, message: Message): Promise<void> | undefined {
    if (message.kind === "response" && message.key === exchange.request?.key) exchange.answered = true;
    return this.#options.events.onmessage(message, exchange.request?.key);
  }

  #unanswered(exchange: Exchange, broken?: unknown): ChannelFailure {
    if (exchange.fault !== undefined) return refused("bad_answer", exchange.fault);
    if (broken instanceof BridgeError) {
      return new ChannelFailure("broken", broken.code, broken.message, {
        mayHaveRun: true,
        ...(broken.hint === undefined ? {} : { hint: broken.hint }),
        cause: broken,
      });
    }
    return new ChannelFailure(
      "broken",
      "no_answer",
      "the server ended the exchange without an answer to this request",
      {
        mayHaveRun: true,
      },
    );
  }

  #untilAnsweredElsewhere(exchange: Exchange): Promise<void> {
    return new Promise((_resolve, reject) => {
      const signal = exchange.options.abort?.signal;
      const over = exchange.session?.over.signal;
      if (signal === undefined || signal.aborted) return reject(this.#unanswered(exchange));
      signal.addEventListener("abort", () => reject(signal.reason));
      over?.addEventListener("abort", () => reject(this.#unanswered(exchange)));
    });
  }

  /** Keeps the GET stream of a session open for as long as the session lives, if the server offers one. */
  async #listen(session: Session): Promise<void> {
    this.#listening?.abort();
    const stop = new AbortController();
    this.#listening = stop;
    const end = (): void => stop.abort(closing());
    session.over.signal.addEventListener("abort", end);
    const exchange: Exchange = {
      request: undefined,
      session,
      options: { abort: stop, onactivity: this.#options.events.onactivity },
      answered: false,
      fault: undefined,
    };
    let lastEventId: string | undefined;
    let failures = 0;
    while (!stop.signal.aborted) {
      const opened = this.#options.clock.now();
      const stream = await this.#readServerStream(exchange, lastEventId, failures > 0);
      if (stream === "unavailable") break;
      if (stream === "lost") {
        if (session === this.#session) this.#options.events.onloss();
        break;
      }
      lastEventId = stream.lastEventId;
      failures = this.#options.clock.now() - opened > GOOD_STREAM_MS ? 0 : failures + 1;
      await pause(this.#options.clock, waitBefore(stream.retry, failures - 1), stop.signal);
    }
    if (this.#listening === stop) this.#listening = undefined;
    session.over.signal.removeEventListener("abort", end);
  }

  async #readServerStream(
    exchange: Exchange,
    lastEventId: string | undefined,
    wasOpen: boolean,
  ): Promise<"unavailable" | "lost" | { lastEventId: string | undefined; retry: number | undefined }> {
    const { notify, url } = this.#options;
    try {
      const answer = await this.#fetch({
        url,
        method: "GET",
        headers: this.#streamHeaders(exchange.session!, lastEventId),
        abort: exchange.options.abort,
      });
      if (answer.status === 200 && mediaType(answer) === "text/event-stream") {
        return await this.#readStream(exchange, answer, lastEventId);
      }
      answer.body.discard();
      if (answer.status === 404 && exchange.session!.id !== undefined) return "lost";
      if (answer.status === 400 && wasOpen && await this.#hasForgotten(exchange.session)) return "lost";
      if (answer.status < 500 && answer.status !== 429) {
        notify({ level: "debug", text: `${url.host} offers no stream of its own (${answer.status})` });
        return "unavailable";
      }
    } catch (thrown) {
      if (exchange.options.abort?.signal.aborted) return "unavailable";
      notify({ level: "debug", text: `the server's stream failed: ${(thrown as Error).message}` });
    }
    return { lastEventId, retry: undefined };
  }

  async #fetch(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#options.wire.fetch(request);
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown instanceof ChannelFailure) throw thrown;
      throw new ChannelFailure(
        thrown.code === "bad_answer" ? "refused" : "broken",
        thrown.code,
        thrown.message,
        {
          mayHaveRun: thrown.code === "outcome_unknown" || thrown.code === "timed_out",
          ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
          cause: thrown.cause ?? thrown,
        },
      );
    }
  }

  #endSession(): void {
    this.#session?.over.abort(closing());
    this.#session = undefined;
  }

  #newSession(id: string | undefined, revision: string): Session {
    const session = { id, revision, over: new AbortController() };
    return { ...session, postHeaders: new Headers({ ...this.#headers(session), ...POST_HEADERS }) };
  }

  #streamHeaders(session: Session, lastEventId: string | undefined): Headers {
    const headers = new Headers({ ...this.#headers(session), accept: "text/event-stream" });
    // A header holds bytes: an id beyond ASCII goes as UTF-8 (WHATWG HTML, 9.2.3).
    if (lastEventId !== undefined) headers.set("last-event-id", Buffer.from(lastEventId, "utf8").toString("latin1"));
    return headers;
  }

  #headersFor(message: Message, session: Session | undefined): Headers {
    if (session !== undefined) return session.postHeaders;
    const headers = new Headers({ ...this.#headers(undefined), ...POST_HEADERS });
    if (message.method === "initialize") return headers;
    const revision = message.kind === "request" ? claimedRevision(message) : this.#modernRevision;
    if (revision === undefined) return headers;
    this.#modernRevision = revision;
    for (const [name, value] of Object.entries(standardHeaders(message, revision))) headers.set(name, value);
    return headers;
  }

  #headers(session: Pick<Session, "id" | "revision"> | undefined): Record<string, string> {
    const headers: Record<string, string> = { ...this.#options.headers };
    if (session !== undefined) headers["mcp-protocol-version"] = session.revision;
    if (session?.id !== undefined) headers["mcp-session-id"] = session.id;
    return headers;
  }
}

function waitBefore(retry: number | undefined, failures: number): number {
  if (retry !== undefined && failures < 2) {
    return Math.min(Math.max(retry, SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
  }
  const grown = FIRST_RETRY_MS * 2 ** Math.min(Math.max(failures, 0), 20);
  return Math.min(jittered(Math.max(retry ?? 0, grown)), LONGEST_RETRY_MS);
}

function mediaType(answer: HttpAnswer): string {
  return (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

function described(type: string, body: Uint8Array): string {
  if (body.length === 0) return "an empty body";
  return `${type === "" ? "an unnamed type" : type} ${quoted(new TextDecoder().decode(body.subarray(0, 200)), 80)}`;
}

function refused(code: "bad_answer" | "no_answer", message: string): ChannelFailure {
  return new ChannelFailure("refused", code, message, { mayHaveRun: true });
}

function closing(): BridgeError {
  return new BridgeError("closing", "the bridge is ending");
}

import { tooLarge } from "../net/body.ts";
import { Abort, type Abortable } from "../platform/abort.ts";
import { type Clock, jittered, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { asChannelFailure, ChannelFailure, type FarEnd, type FarEndEvents, type SendOptions } from "./channel.ts";
import { answeredIdOfExcerpt, answersNothing, type Ends } from "./excerpt.ts";
import { splitBatch } from "./batch.ts";
import { MalformedMessage } from "./malformed_message.ts";
import { composeMessage, type Message, readMessage } from "./message.ts";
import { idKey } from "./message_id.ts";
import { claimsRevision } from "./request_headers.ts";

/** A connection on which everything that the server says arrives in one stream. */
export interface Link {
  /**
   * Hands one message over; settles when the server has it, and gives nothing where there is nothing to wait for.
   * Rejects with `ChannelFailure`.
   */
  write(message: Message, options: SendOptions): Promise<void> | undefined;
  /** Ends the connection, within `deadline` ms. */
  close(deadline: number): Promise<void>;
  /** Settles when it has ended, where it is about to end and takes nothing any more. */
  readonly closing?: Promise<void> | undefined;
}

/** What a link tells while it is open. */
export interface LinkEvents {
  onmessage(message: Message): Promise<void> | undefined;
  /**
   * Something arrived that is no message, or is lost by `cause`; the id that it seems to answer, in raw form, where that
   * could be read.
   */
  onmalformed(id: string | undefined, cause?: BridgeError): void;
  /** Bytes arrived. */
  onactivity(): void;
  /** The connection has ended; what was in flight on it failed with `failure`. Nothing follows. */
  onclose(failure: ChannelFailure): void;
}

/** Opens a link; rejects with `ChannelFailure` when that cannot be done. */
export type OpenLink = (events: LinkEvents, abort: AbortController) => Promise<Link>;

/** A request that waits for its answer. */
interface Waiting {
  readonly resolve: (() => void) | undefined;
  reject(reason: unknown): void;
}

/** What a far end with one stream is made of. */
export interface SharedStreamOptions {
  readonly open: OpenLink;
  readonly events: FarEndEvents;
  readonly clock: Clock;
  /** See `FarEnd`. */
  readonly isLocal: boolean;
}

const UNREADABLE = new BridgeError("bad_answer", "the server sent a message that cannot be read");
/** A connection that ends earlier than this, in ms, makes the next one wait. */
const SHORT_LIFE_MS = 5_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 60_000;

/**
 * A far end whose answers come on one stream, whatever carries it. The connection is the session: where it ends, what
 * was in flight has an unknown outcome, and a new one begins with `initialize`, or what begins one in its place. A server whose connections end as soon
 * as they are open gets the next one later each time.
 */
export class SharedStreamEnd implements FarEnd {
  readonly isLocal: boolean;
  readonly #open: OpenLink;
  readonly #events: FarEndEvents;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #closed = new AbortController();
  #link: Promise<Link> | undefined;
  /** The same, as soon as it is open. */
  #ready: Link | undefined;
  #hadSession = false;
  /** Who gives it up ends its coming about. */
  #beganBy: Abortable | undefined;
  #shortLives = 0;

  constructor(options: SharedStreamOptions) {
    this.isLocal = options.isLocal;
    this.#open = options.open;
    this.#events = options.events;
    this.#clock = options.clock;
  }

  send(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    const link = this.#ready;
    if (link === undefined || link.closing !== undefined) return this.#sendLater(message, options);
    if (message.kind !== "request") return link.write(message, options);
    const { onfailure } = options;
    if (onfailure === undefined) {
      return new Promise((resolve, reject) => this.#exchange(link, message, options, reject, resolve));
    }
    this.#exchange(link, message, options, onfailure);
    return undefined;
  }

  async #sendLater(message: Message, options: SendOptions): Promise<void> {
    await this.#ready?.closing;
    if (this.#link === undefined) {
      const begins = options.begins === true || (message.kind === "request" && message.method === "initialize");
      if (this.#hadSession && !begins) throw lost();
      if (begins) this.#hadSession = true;
      this.#link = this.#connect(options.abort);
    }
    const beganBy = this.#beganBy;
    try {
      await this.#link;
    } catch (thrown) {
      // Whoever waits along does not go with the one who gave it up.
      if (beganBy?.signal.aborted !== true || options.abort?.signal.aborted === true) throw thrown;
      return await this.#sendLater(message, options);
    }
    const { onfailure: _, ...rest } = options;
    await this.send(message, rest);
  }

  async close(deadline: number): Promise<void> {
    this.#closed.abort(new BridgeError("closing", "the bridge is ending"));
    const link = await this.#link?.catch(() => undefined);
    await link?.close(deadline);
  }

  /** The connection is the session, so it is ended; the next request makes another. */
  reconnect(): void {
    const link = this.#link;
    this.#end(new ChannelFailure("broken", "outcome_unknown", "the connection was given up", { mayHaveRun: true }));
    link?.then((open) => open.close(0)).catch(() => {});
  }

  #connect(wanted: Abortable | undefined): Promise<Link> {
    this.#beganBy = wanted;
    const abort = new AbortController();
    const giveUp = ({ target }: { target: unknown }): void => abort.abort((target as AbortSignal).reason);
    const signals = wanted === undefined ? [this.#closed.signal] : [this.#closed.signal, wanted.signal];
    for (const signal of signals) {
      if (signal.aborted) abort.abort(signal.reason);
      signal.addEventListener("abort", giveUp);
    }
    const link = this.#openInTurn(abort, () => this.#link === link, (failure) => {
      if (this.#link !== link) return;
      this.#end(failure);
      if (!this.#closed.signal.aborted && this.#hadSession) this.#events.onloss();
    });
    link.then((open) => {
      if (this.#link === link) this.#ready = open;
    }, () => {
      if (this.#link === link) this.#link = undefined;
    }).finally(() => {
      for (const signal of signals) signal.removeEventListener("abort", giveUp);
    });
    return link;
  }

  /** `isOurs` tells whether the link is the one that there is: what comes late on another is nobody's. */
  async #openInTurn(
    abort: AbortController,
    isOurs: () => boolean,
    onclose: (failure: ChannelFailure) => void,
  ): Promise<Link> {
    if (this.#shortLives > 0) {
      const wait = Math.min(FIRST_WAIT_MS * 2 ** (this.#shortLives - 1), LONGEST_WAIT_MS);
      await pause(this.#clock, jittered(wait), abort.signal);
    }
    if (abort.signal.aborted) throw abort.signal.reason;
    const since = this.#clock.now();
    return this.#open({
      onmessage: (message) => isOurs() ? this.#receive(message) : undefined,
      onmalformed: (id, cause) => isOurs() ? this.#spoil(id, cause) : undefined,
      onactivity: () => this.#events.onactivity(),
      onclose: (failure) => {
        this.#shortLives = this.#clock.now() - since < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
        onclose(failure);
      },
    }, abort);
  }

  #exchange(
    link: Link,
    message: Message,
    options: SendOptions,
    onfailure: (reason: unknown) => void,
    resolve?: () => void,
  ): void {
    const { abort } = options;
    const fail = (reason: unknown): void => {
      if (this.#waiting.get(message.key) !== waiting) return;
      this.#waiting.delete(message.key);
      onfailure(reason);
    };
    const waiting: Waiting = { resolve, reject: fail };
    this.#waiting.set(message.key, waiting);
    const giveUp = (reason: unknown): void => {
      if (this.#waiting.get(message.key) === waiting) tellGivenUp(message, link);
      fail(reason);
    };
    if (abort instanceof Abort) {
      if (abort.aborted) return fail(abort.reason);
      abort.onabort = giveUp;
    } else if (abort !== undefined) {
      if (abort.signal.aborted) return fail(abort.signal.reason);
      abort.signal.addEventListener("abort", () => giveUp(abort.signal.reason), { once: true });
    }
    link.write(message, options)?.catch(fail);
  }

  #receive(message: Message): Promise<void> | undefined {
    const waiting = message.kind === "response" ? this.#waiting.get(message.key) : undefined;
    const wait = this.#events.onmessage(message, waiting === undefined ? undefined : message.key);
    if (waiting !== undefined) {
      this.#waiting.delete(message.key);
      waiting.resolve?.();
    }
    return wait;
  }

  /** What cannot be read was perhaps an answer: to the request that it names, or to the only one there is. */
  #spoil(id: string | undefined, cause: BridgeError = UNREADABLE): void {
    const [only] = this.#waiting.size === 1 ? this.#waiting.values() : [];
    const waiting = id === undefined ? only : this.#waiting.get(idKey(id));
    waiting?.reject(asChannelFailure(cause));
  }

  #end(failure: ChannelFailure): void {
    this.#link = this.#ready = undefined;
    for (const waiting of [...this.#waiting.values()]) waiting.reject(failure);
  }
}

/**
 * From 2026-07-28 on, whoever waits no more closes the stream of the request. This one is everybody's, so the server is
 * told (basic/patterns, "Cancellation"); before, the client says so by itself.
 */
function tellGivenUp(request: Message, link: Link): void {
  if (!claimsRevision(request)) return;
  const cancelled = composeMessage({ method: "notifications/cancelled", params: { requestId: 0 } });
  link.write(cancelled.withParam("requestId", request.id!), {})?.catch(() => {});
}

/** Hands on what one frame of a link holds, which may be a batch; the promises ask to wait with reading on. */
export function deliver(frame: Uint8Array, events: LinkEvents): Promise<void>[] {
  const waits: Promise<void>[] = [];
  for (const text of splitBatch(frame)) {
    try {
      const wait = events.onmessage(readMessage(text));
      if (wait !== undefined) waits.push(wait);
    } catch (fault) {
      if (!(fault instanceof MalformedMessage)) throw fault;
      events.onmalformed(fault.id);
    }
  }
  return waits;
}

/** Tells of a message that was beyond the limit of bytes and is lost, if it may be an answer; gives the id of what it answers. */
export function tellLost(ends: Ends, limit: number, events: LinkEvents): string | undefined {
  if (answersNothing(ends)) return undefined;
  const id = answeredIdOfExcerpt(ends);
  events.onmalformed(id, tooLarge(limit));
  return id;
}

function lost(): ChannelFailure {
  return new ChannelFailure(
    "session_lost",
    "session_lost",
    "the connection to the server ended, and the session with it",
  );
}

import { BridgeError } from "../platform/errors.ts";
import { ChannelFailure, type FarEnd, type FarEndEvents, type SendOptions } from "./channel.ts";
import { idKey, MalformedMessage, type Message, readMessage, splitBatch } from "./message.ts";

/** A connection on which everything that the server says arrives in one stream. */
export interface Link {
  /** Hands one message over; settles when the server has it. Rejects with `ChannelFailure`. */
  write(message: Message, options: SendOptions): Promise<void>;
  /** Ends the connection, within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** What a link tells while it is open. */
export interface LinkEvents {
  onmessage(message: Message): Promise<void> | undefined;
  /** Something arrived that is no message; the id that it seems to answer, in raw form, where that could be read. */
  onmalformed(id: string | undefined): void;
  /** Bytes arrived. */
  onactivity(): void;
  /** The connection has ended, for a reason if there is one; nothing follows. */
  onclose(cause?: BridgeError): void;
}

/** Opens a link; rejects with `ChannelFailure` when that cannot be done. */
export type OpenLink = (events: LinkEvents, abort: AbortController) => Promise<Link>;

/** A request that waits for its answer. */
interface Waiting {
  resolve(): void;
  reject(failure: ChannelFailure): void;
}

/**
 * A far end whose answers come on one stream, whatever carries it. The connection is the session: where it ends, what
 * was in flight has an unknown outcome, and a new one begins with `initialize`.
 */
export class SharedStreamEnd implements FarEnd {
  readonly #open: OpenLink;
  readonly #events: FarEndEvents;
  readonly #waiting = new Map<string, Waiting>();
  #link: Promise<Link> | undefined;
  #hadSession = false;
  #closed = false;

  constructor(open: OpenLink, events: FarEndEvents) {
    this.#open = open;
    this.#events = events;
  }

  async send(message: Message, options: SendOptions = {}): Promise<void> {
    if (this.#link === undefined) {
      const begins = message.kind === "request" && message.method === "initialize";
      if (this.#hadSession && !begins) throw lost();
      if (begins) this.#hadSession = true;
      this.#link = this.#connect(options.abort ?? new AbortController());
    }
    const link = await this.#link;
    if (message.kind !== "request") return link.write(message, options);
    await this.#exchange(link, message, options);
  }

  async close(deadline: number): Promise<void> {
    this.#closed = true;
    const link = await this.#link?.catch(() => undefined);
    await link?.close(deadline);
  }

  /** The connection is the session, so it is ended; the next request makes another. */
  reconnect(): void {
    const link = this.#link;
    this.#end();
    link?.then((open) => open.close(0)).catch(() => {});
  }

  #connect(abort: AbortController): Promise<Link> {
    const link = this.#open({
      onmessage: (message) => this.#receive(message),
      onmalformed: (id) => this.#spoil(id),
      onactivity: () => this.#events.onactivity(),
      onclose: (cause) => {
        if (this.#link !== link) return;
        this.#end(cause);
        if (!this.#closed && this.#hadSession) this.#events.onloss();
      },
    }, abort);
    link.catch(() => {
      if (this.#link === link) this.#link = undefined;
    });
    return link;
  }

  async #exchange(link: Link, message: Message, options: SendOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const signal = options.abort?.signal;
    if (signal?.aborted) throw signal.reason;
    const giveUp = (): void => reject(signal!.reason);
    signal?.addEventListener("abort", giveUp);
    this.#waiting.set(message.key, { resolve, reject });
    try {
      await Promise.all([promise, link.write(message, options)]);
    } finally {
      signal?.removeEventListener("abort", giveUp);
      this.#waiting.delete(message.key);
    }
  }

  #receive(message: Message): Promise<void> | undefined {
    const waiting = message.kind === "response" ? this.#waiting.get(message.key) : undefined;
    const wait = this.#events.onmessage(message, waiting === undefined ? undefined : message.key);
    waiting?.resolve();
    return wait;
  }

  /** What cannot be read was perhaps an answer: to the request that it names, or to the only one there is. */
  #spoil(id: string | undefined): void {
    const [only] = this.#waiting.size === 1 ? this.#waiting.values() : [];
    const waiting = id === undefined ? only : this.#waiting.get(idKey(id));
    waiting?.reject(
      new ChannelFailure("refused", "bad_answer", "the server sent a message that cannot be read", {
        mayHaveRun: true,
      }),
    );
  }

  #end(cause?: BridgeError): void {
    this.#link = undefined;
    const failure = new ChannelFailure("broken", cause?.code ?? "outcome_unknown", cause?.message ?? ENDED, {
      mayHaveRun: true,
      ...(cause?.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    });
    for (const waiting of this.#waiting.values()) waiting.reject(failure);
    this.#waiting.clear();
  }
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

const ENDED = "the connection to the server ended";

function lost(): ChannelFailure {
  return new ChannelFailure(
    "session_lost",
    "session_lost",
    "the connection to the server ended, and the session with it",
  );
}

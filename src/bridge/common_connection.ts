import type { BridgeError } from "../platform/errors.ts";
import type { ChannelFailure, LocalEnd, SendOptions } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import type { Link, LinkEvents, OpenLink } from "../transport/shared_stream.ts";
import { Crowd } from "./crowd.ts";

/** How long a connection that nobody needs any more may take to end, in ms. */
export const LAST_WORDS_MS: number = 500;

/** One link to the server, with whoever hears what comes on it. */
export class Connection {
  readonly #link: Promise<Link>;
  /** The same, as soon as it is open. */
  #ready: Link | undefined;
  #events: LinkEvents | undefined;
  #isOver = false;

  constructor(open: OpenLink, abort: AbortController) {
    this.#link = open({
      onmessage: (message) => this.#events?.onmessage(message),
      onmalformed: (id, cause) => this.#events?.onmalformed(id, cause),
      onactivity: () => this.#events?.onactivity(),
      onclose: (failure) => {
        this.#isOver = true;
        this.#events?.onclose(failure);
      },
    }, abort);
    this.#link.then((link) => this.#ready = link, () => this.#isOver = true);
  }

  /** Whether it has ended, or could not be opened. */
  get isOver(): boolean {
    return this.#isOver;
  }

  hear(events: LinkEvents): void {
    this.#events = events;
  }

  write(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    const ready = this.#ready;
    return ready === undefined
      ? this.#link.then((link) => link.write(message, options))
      : ready.write(message, options);
  }

  /** Ends it within `deadline` ms; nobody hears of that. */
  async close(deadline: number): Promise<void> {
    this.#events = undefined;
    const link = await this.#link.catch(() => undefined);
    await link?.close(deadline);
  }
}

/** The connection of all who speak without a handshake; it ends with the last of them. */
export class CommonConnection {
  readonly #connection: Connection;
  readonly #crowd: Crowd;
  readonly #clients = new Map<LocalEnd, LinkEvents>();
  readonly #onended: () => void;

  constructor(connection: Connection, server: string, onended: () => void) {
    this.#connection = connection;
    this.#onended = onended;
    this.#crowd = new Crowd({ pump: { fromClient: (message) => connection.write(message) }, server });
    connection.hear({
      onmessage: (message) => this.#crowd.send(message),
      onmalformed: (id, cause) => this.#malformed(id, cause),
      onactivity: () => this.#clients.forEach(({ onactivity }) => onactivity()),
      onclose: (failure) => this.#ended(failure),
    });
  }

  get isOver(): boolean {
    return this.#connection.isOver;
  }

  /** Takes a client in, which hears what is its own. */
  join(events: LinkEvents): LocalEnd {
    const end: LocalEnd = { send: (message) => events.onmessage(message), close: () => Promise.resolve() };
    this.#clients.set(end, events);
    return end;
  }

  write(message: Message, end: LocalEnd): Promise<void> | undefined {
    return this.#crowd.fromClient(message, end);
  }

  /** The client at `end` goes, and what it asked is given up. */
  async leave(end: LocalEnd, deadline: number): Promise<void> {
    if (!this.#clients.delete(end)) return;
    this.#crowd.leave(end);
    if (this.#clients.size > 0) return;
    this.#onended();
    await this.#connection.close(deadline);
  }

  #malformed(id: string | undefined, cause: BridgeError | undefined): void {
    const call = this.#crowd.callUnder(id);
    if (call !== undefined) this.#clients.get(call.end)?.onmalformed(call.id, cause);
  }

  #ended(failure: ChannelFailure): void {
    this.#onended();
    const all = [...this.#clients.values()];
    this.#clients.clear();
    for (const { onclose } of all) onclose(failure);
  }
}

import type { LocalEnd } from "./channel.ts";
import { EventSink } from "./event_sink.ts";
import type { Message } from "./message.ts";
import { idKey } from "./message_id.ts";

/**
 * A session of HTTP with SSE, on the side of the server (revision 2024-11-05, transports): one stream carries all that
 * the client hears, and the first event on it names the address that it posts to.
 */
export class ServedSse implements LocalEnd {
  readonly #stream: EventSink;
  /** The id keys of the requests; only while there are some, as a session that waits costs less without. */
  #waiting: Set<string> | undefined;
  #handshake: string | undefined;

  /** `address` is where the client posts to; `onleave` is called once when it goes away. */
  constructor(address: string, onleave: () => void) {
    this.#stream = new EventSink({}, onleave, new TextEncoder().encode(`event: endpoint\ndata: ${address}\n\n`));
  }

  /** The response that carries the stream. */
  get response(): Response {
    return this.#stream.response;
  }

  /** How many requests wait for their answers. */
  get inFlight(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Whether a request has the id of one that waits for its answer. */
  repeats(message: Message): boolean {
    return message.kind === "request" && this.#waiting?.has(message.key) === true;
  }

  /** The client has posted a message; a request that it gives up has no answer. */
  heard(message: Message): void {
    if (message.method === "initialize") this.#handshake = message.key;
    if (message.kind === "request") (this.#waiting ??= new Set()).add(message.key);
    if (message.method !== "notifications/cancelled") return;
    const key = idKey(message.param("requestId") ?? "null");
    // Of all requests it is the one that cannot be given up (basic/utilities/cancellation).
    if (key !== this.#handshake) this.#settle(key);
  }

  send(message: Message): Promise<void> | undefined {
    if (message.kind === "response") this.#settle(message.key);
    return this.#stream.send(message);
  }

  /** Tells a client that we are there. */
  beat(): void {
    this.#stream.beat();
  }

  close(): Promise<void> {
    this.#stream.end();
    return Promise.resolve();
  }

  #settle(key: string): void {
    if (key === this.#handshake) this.#handshake = undefined;
    this.#waiting?.delete(key);
    if (this.#waiting?.size === 0) this.#waiting = undefined;
  }
}

import type { LocalEnd } from "./channel.ts";
import { EventSink } from "./event_sink.ts";
import type { Message } from "./message.ts";

/**
 * A session of HTTP with SSE, on the side of the server (revision 2024-11-05, transports): one stream carries all that
 * the client hears, and the first event on it names the address that it posts to.
 */
export class ServedSse implements LocalEnd {
  readonly #stream: EventSink;

  /** `address` is where the client posts to; `onleave` is called once when it goes away. */
  constructor(address: string, onleave: () => void) {
    this.#stream = new EventSink({}, onleave, new TextEncoder().encode(`event: endpoint\ndata: ${address}\n\n`));
  }

  /** The response that carries the stream. */
  get response(): Response {
    return this.#stream.response;
  }

  send(message: Message): Promise<void> | undefined {
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
}

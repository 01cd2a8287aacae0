/** The events of a session's streams, so that a client can go on where a stream broke off. */
import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

interface StreamEvent {
  readonly id: string;
  readonly stream: string;
  readonly message: JSONRPCMessage;
}

/** Keeps all events of one session in memory. */
export class StreamEvents implements EventStore {
  readonly #events: StreamEvent[] = [];

  /** Keeps an event and gives it an id. */
  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = `event-${this.#events.length + 1}`;
    this.#events.push({ id, stream, message });
    return Promise.resolve(id);
  }

  /** The stream that an event went by. */
  getStreamIdForEventId(id: string): Promise<string | undefined> {
    return Promise.resolve(this.#events.find((event) => event.id === id)?.stream);
  }

  /** Sends what came after the event `last` on its stream, and gives that stream. */
  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const place = this.#events.findIndex((event) => event.id === last);
    if (place < 0) throw new Error(`Cannot go on after an unknown event: "${last}"`);
    const { stream } = this.#events[place]!;
    for (const event of this.#events.slice(place + 1)) {
      // The event that opens a stream carries no message.
      if (event.stream === stream && "jsonrpc" in event.message) await send(event.id, event.message);
    }
    return stream;
  }
}

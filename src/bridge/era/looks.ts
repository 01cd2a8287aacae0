import type { FarEnd, FarEndEvents, SendOptions } from "../../transport/channel.ts";
import type { Message } from "../../transport/message.ts";

/**
 * Sees the answer to a request before it is handed on; true where it is kept back, and the promise of who has handed it
 * on where that asks to wait while the client is behind.
 */
export type Look = (answer: Message, causedBy: string | undefined) => boolean | Promise<void>;

/** A far end to which requests can be sent whose answers are looked at before they are handed on. */
export class Looks implements FarEnd, FarEndEvents {
  readonly #far: FarEnd;
  readonly #events: FarEndEvents;
  /** By the id keys of the requests; only while there are some, as a session that waits costs less without. */
  #looks: Map<string, Look> | undefined;

  /** Hands on to `events` whatever no look keeps back. */
  constructor(make: (events: FarEndEvents) => FarEnd, events: FarEndEvents) {
    this.#events = events;
    this.#far = make(this);
  }

  get isLocal(): boolean {
    return this.#far.isLocal;
  }

  send(message: Message, options?: SendOptions): Promise<void> | undefined {
    return this.#far.send(message, options);
  }

  close(deadline: number): Promise<void> {
    return this.#far.close(deadline);
  }

  reconnect(): void {
    this.#far.reconnect();
  }

  onmessage(message: Message, causedBy?: string): Promise<void> | undefined {
    const look = message.kind === "response" ? this.#looks?.get(message.key) : undefined;
    const kept = look?.(message, causedBy) ?? false;
    return kept === false ? this.#events.onmessage(message, causedBy) : kept === true ? undefined : kept;
  }

  onactivity(): void {
    this.#events.onactivity();
  }

  onloss(): void {
    this.#events.onloss();
  }

  /** Sends a request whose answer is looked at; rejects as the far end does. */
  async sendAndLook(request: Message, options: SendOptions, look: Look): Promise<void> {
    (this.#looks ??= new Map()).set(request.key, look);
    // A promise tells all there is to know.
    const { onfailure: _, ...rest } = options;
    try {
      await this.#far.send(request, rest);
    } finally {
      if (this.#looks?.get(request.key) === look) this.#looks.delete(request.key);
      if (this.#looks?.size === 0) this.#looks = undefined;
    }
  }

  /** Sends a request of our own; settles with its answer, of either kind, or with nothing where none came. */
  async ask(request: Message, options: SendOptions = {}): Promise<Message | undefined> {
    let found: Message | undefined;
    await this.sendAndLook(request, options, (answer) => {
      found = answer;
      return true;
    });
    return found;
  }
}

import type { FarEnd, SendOptions } from "../../transport/channel.ts";
import type { Message } from "../../transport/message.ts";

/** Sees the answer to a request before it is handed on; true where it is kept back. */
export type Look = (answer: Message, causedBy: string | undefined) => boolean;

/** Requests to a far end whose answers are looked at before they are handed on. */
export class Looks {
  readonly #looks = new Map<string, Look>();

  /** Sends a request; rejects as the far end does. */
  async send(far: FarEnd, request: Message, options: SendOptions, look: Look): Promise<void> {
    this.#looks.set(request.key, look);
    // A promise tells all there is to know.
    const { onfailure: _, ...rest } = options;
    try {
      await far.send(request, rest);
    } finally {
      if (this.#looks.get(request.key) === look) this.#looks.delete(request.key);
    }
  }

  /** Sends a request of our own; settles with its answer, of either kind, or with nothing where none came. */
  async ask(far: FarEnd, request: Message, options: SendOptions = {}): Promise<Message | undefined> {
    let found: Message | undefined;
    await this.send(far, request, options, (answer) => {
      found = answer;
      return true;
    });
    return found;
  }

  /** Whether a message is an answer that is kept back. */
  keeps(message: Message, causedBy: string | undefined): boolean {
    return this.#looks.size > 0 && message.kind === "response" &&
      this.#looks.get(message.key)?.(message, causedBy) === true;
  }
}

import type { Message } from "../../transport/message.ts";
import type { Presence } from "./presence.ts";

/** What the client has said of itself to all servers, kept for those that come later. */
export class Greeting {
  #initialize: Message | undefined;
  #initialized: Message | undefined;
  #level: Message | undefined;

  /** Whether the client has done a handshake: then it hears of news without asking. */
  get hasBegun(): boolean {
    return this.#initialize !== undefined;
  }

  /** The client begins, or begins anew. */
  begin(initialize: Message): void {
    this.#initialize = initialize;
    this.#initialized = this.#level = undefined;
  }

  /** The client has confirmed its handshake. */
  confirm(initialized: Message): void {
    this.#initialized = initialized;
  }

  /** The client wants the log from a level on, by its `logging/setLevel`. */
  setLevel(request: Message): void {
    this.#level = request;
  }

  /** Says all that to a server that has come. */
  repeatTo(presence: Presence): void {
    if (this.#initialize !== undefined) presence.greet(this.#initialize);
    if (this.#initialized !== undefined) presence.confirm(this.#initialized);
    if (this.#level !== undefined) presence.setLevel(this.#level);
  }
}

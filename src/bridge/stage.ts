import type { LocalEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";

/** Takes what the client says. */
export interface ClientListener {
  /** Takes one message; a promise asks to wait with reading on. */
  fromClient(message: Message): Promise<void> | undefined;
}

/**
 * A place between the client and the pump. To the pump it is the client's end; what the client says comes through
 * it first.
 */
export interface Stage extends LocalEnd, ClientListener {}

/** What a stage stands between. */
export interface Neighbours {
  /** The side of the client. */
  readonly client: LocalEnd;
  /** Hands a message on, toward the pump. */
  onward(message: Message): Promise<void> | undefined;
}

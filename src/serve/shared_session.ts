import { Crowd } from "../bridge/crowd.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import type { Message } from "../transport/message.ts";
import type { Reach, ServerLine } from "./pooled_server.ts";

/** What the session that clients share is made of. */
export interface SharedSessionOptions {
  readonly reach: Reach;
  readonly clock: Clock;
  /** For how long it stays when its last client has gone, in ms. */
  readonly idle: number;
  /** It is over. */
  onended(): void;
}

/** The one session at a server that several clients share; each client of an era without sessions comes for one request. */
export class SharedSession {
  /** Whether it was begun with a handshake. */
  hasHandshake = false;
  readonly #options: SharedSessionOptions;
  readonly #crowd: Crowd;
  readonly #line: ServerLine;
  #clients = 0;
  #ending: Timer | undefined;

  constructor(options: SharedSessionOptions) {
    const { reach } = options;
    this.#options = options;
    this.#crowd = new Crowd({
      pump: { fromClient: (message) => this.#line.fromClient(message) },
      server: reach.name,
      hasOneStream: () => reach.hasOneStream === true,
    });
    this.#line = reach.open(this.#crowd);
  }

  /** A client comes. */
  join(): void {
    this.#clients++;
    this.#ending?.cancel();
    this.#ending = undefined;
  }

  /** Takes a message of the client at `end`. */
  fromClient(message: Message, end: LocalEnd): Promise<void> | undefined {
    return this.#crowd.fromClient(message, end);
  }

  /** What the one at `end` has asked is nobody's any more. */
  forget(end: LocalEnd): void {
    this.#crowd.leave(end);
  }

  /** The client at `end` goes; without any the session ends in a while. */
  leave(end: LocalEnd): void {
    this.forget(end);
    if (--this.#clients > 0) return;
    const { clock, idle } = this.#options;
    this.#ending = clock.after(idle, () => void this.#end());
  }

  async #end(): Promise<void> {
    this.#options.onended();
    await this.#line.leave(0);
    await this.#line.close();
  }
}

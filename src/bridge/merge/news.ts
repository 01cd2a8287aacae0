import type { LocalEnd } from "../../transport/channel.ts";
import type { Message } from "../../transport/message.ts";

/**
 * Tells the client that lists have changed: what several servers say at once is said once. A notification that means
 * the same takes the place of one that has not left yet.
 */
export class News {
  readonly #client: Pick<LocalEnd, "send">;
  /** Whether the client has not read yet what was said. */
  #isBehind = false;
  readonly #waiting = new Map<string, { readonly message: Message; readonly causedBy: string | undefined }>();

  constructor(client: Pick<LocalEnd, "send">) {
    this.#client = client;
  }

  /** Says it at the end of this turn, or once the client has read what was said before; `causedBy` is the client's request whose stream it goes to, by id key. */
  say(message: Message, causedBy?: string): void {
    if (this.#waiting.size === 0 && !this.#isBehind) setImmediate(() => this.#flush());
    this.#waiting.set(`${message.method} ${causedBy ?? ""}`, { message, causedBy });
  }

  #flush(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    const waits = all.map(({ message, causedBy }) => this.#client.send(message, causedBy));
    if (waits.every((wait) => wait === undefined)) return;
    this.#isBehind = true;
    const goOn = (): void => {
      this.#isBehind = false;
      if (this.#waiting.size > 0) this.#flush();
    };
    void Promise.all(waits).then(goOn, goOn);
  }
}

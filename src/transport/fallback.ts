import { ChannelFailure, type FarEnd, type SendOptions } from "./channel.ts";
import type { Message } from "./message.ts";

/**
 * A far end that tries one transport and then another (basic/transports, "Backwards Compatibility"). The server's
 * refusal of the first `initialize` decides, once; a server that is down, busy, or wants credentials decides nothing.
 */
export class FallbackEnd implements FarEnd {
  readonly isLocal = false;
  readonly #onsecond: (() => void) | undefined;
  #chosen: FarEnd;
  /** Makes the other one; nothing once that is decided. */
  #makeSecond: (() => FarEnd) | undefined;

  /** `onsecond` is told where the second one has decided it. */
  constructor(first: FarEnd, makeSecond: () => FarEnd, onsecond?: () => void) {
    this.#chosen = first;
    this.#makeSecond = makeSecond;
    this.#onsecond = onsecond;
  }

  send(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    const makeSecond = this.#makeSecond;
    if (makeSecond === undefined || message.kind !== "request" || message.method !== "initialize") {
      return this.#chosen.send(message, options);
    }
    return this.#decide(message, options, makeSecond);
  }

  async #decide(message: Message, options: SendOptions, makeSecond: () => FarEnd): Promise<void> {
    try {
      await this.#chosen.send(message, options);
      this.#makeSecond = undefined;
    } catch (refusal) {
      if (!speaksAnotherTransport(refusal)) throw refusal;
      await this.#sendBySecond(message, options, makeSecond(), refusal);
    }
  }

  close(deadline: number): Promise<void> {
    return this.#chosen.close(deadline);
  }

  reconnect(): void {
    this.#chosen.reconnect();
  }

  async #sendBySecond(
    message: Message,
    options: SendOptions,
    second: FarEnd,
    refusal: ChannelFailure,
  ): Promise<void> {
    const first = this.#chosen;
    this.#chosen = second;
    try {
      await second.send(message, options);
      this.#makeSecond = undefined;
      this.#onsecond?.();
    } catch (thrown) {
      this.#chosen = first;
      // Where neither transport is spoken, the first refusal is the one that explains.
      throw thrown instanceof ChannelFailure && thrown.kind === "refused" ? refusal : thrown;
    }
  }
}

/** 400, 404 and 405 by the specification; a GET may also be answered with a page, or 406. */
const UNKNOWN_TRANSPORT = new Set([200, 400, 404, 405, 406]);

/** Whether a server refused `initialize` in the way of one that does not know the transport. */
function speaksAnotherTransport(thrown: unknown): thrown is ChannelFailure {
  return thrown instanceof ChannelFailure && thrown.status !== undefined && UNKNOWN_TRANSPORT.has(thrown.status);
}

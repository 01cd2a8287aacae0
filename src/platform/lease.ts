import type { Abortable } from "./abort.ts";
import type { Common, Server } from "./common_budget.ts";
import { BridgeError } from "./errors.ts";

/** A large message came so slowly that it was given up for others. */
export class TooSlow extends BridgeError {
  constructor() {
    super("too_large", "a large message came so slowly that others had to wait for it", {
      hint: "ask for less at a time, or try again later",
    });
    this.name = "TooSlow";
  }
}

/** What one message holds of a budget, in bytes. */
export interface Lease {
  /** Books what is in memory already. */
  hold(bytes: number): void;
  /**
   * Books what is about to be read, as soon as the budget allows.
   *
   * @throws {TooSlow} where others had to wait
   * @throws the reason of `abort` where the exchange is given up
   */
  grow(bytes: number): Promise<void>;
  /** All is read: what follows is the reader's matter. */
  grown(): void;
  /** Gives everything back; the lease may be used again. */
  end(): void;
}

/** One is opened for every answer, few of which are large. */
export class Account implements Lease {
  readonly server: Server;
  /** It is large, and others have waited for it long enough: it goes on beside them. */
  isAmongOthers = false;
  readonly #common: Common;
  readonly #abort: Abortable | undefined;
  #held = 0;
  #fault: BridgeError | undefined;

  constructor(common: Common, server: Server, abort: Abortable | undefined) {
    this.#common = common;
    this.server = server;
    this.#abort = abort;
  }

  get held(): number {
    return this.#held;
  }

  hold(bytes: number): void {
    this.#held += bytes;
    this.#common.hold(this, bytes);
  }

  async grow(bytes: number): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    if (!this.#common.takes(this, bytes)) await this.#turn(bytes);
  }

  grown(): void {
    this.#common.grown(this);
  }

  end(): void {
    this.#common.release(this, this.#held);
    this.#held = 0;
    this.#fault = undefined;
    this.isAmongOthers = false;
  }

  /** What it holds has to go: now, or where nobody can be told, when it is to grow. */
  giveUp(fault: BridgeError): void {
    this.#fault = fault;
    this.#abort?.abort(fault);
  }

  #turn(bytes: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const signal = this.#abort?.signal;
    const waiter = { account: this, bytes, goOn };
    const late = this.#common.hurry();
    const giveUp = (): void => {
      late.cancel();
      this.#common.leave(waiter);
      reject(signal!.reason);
    };
    function goOn(): void {
      late.cancel();
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }
    this.#common.wait(waiter);
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    return promise;
  }
}

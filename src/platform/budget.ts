import type { Abortable } from "./abort.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Common, type Server } from "./common_budget.ts";
import { Account, type Lease } from "./lease.ts";

export type { Lease } from "./lease.ts";

/** Messages up to this size, in bytes, are not booked on their way to a server: they are counted, or few. */
export const SMALL_MESSAGE = 65_536;

/**
 * The bytes of messages that the whole process may hold, beyond which reading waits. One of those that read a large
 * body may always go on, so that half-read bodies cannot block one another for ever; one that drips is given up.
 */
export class Budget {
  readonly #common: Common;
  readonly #server: Server;
  readonly #abort: Abortable | undefined;

  /**
   * `limit` is in bytes. `isForOne` where there is one server and one client: then large bodies come one after the other,
   * each until the client has taken it, since nobody else is held up. Else they do so for as long as they come quickly:
   * two that are slow and each go to the limit take twice that.
   */
  constructor(limit: number, isForOne?: boolean, clock?: Clock);
  constructor(part: Part);
  constructor(of: number | Part, isForOne = false, clock: Clock = systemClock) {
    const part = typeof of === "number" ? { common: new Common(of, isForOne, clock), server: { held: 0 } } : of;
    this.#common = part.common;
    this.#server = part.server;
    this.#abort = part.abort;
  }

  /** How many requests are under way, of all who share the budget. */
  get requests(): number {
    return this.#common.requests;
  }

  set requests(count: number) {
    this.#common.requests = count;
  }

  /** Whether new work should be refused. */
  get exhausted(): boolean {
    return this.#common.exhausted;
  }

  /** The same budget for one of several servers: of those who wait, one whose server holds least goes on. */
  forServer(): Budget {
    return new Budget({ common: this.#common, server: { held: 0 } });
  }

  /** The same budget for one exchange; see `lease`. */
  during(abort: Abortable | undefined): Budget {
    return abort === undefined ? this : new Budget({ common: this.#common, server: this.#server, abort });
  }

  /**
   * Opens an account for one message; nothing is held yet. Who gives `abort` up waits no longer, and where the account
   * has to be given up it is aborted.
   */
  lease(abort: Abortable | undefined = this.#abort): Lease {
    return new Account(this.#common, this.#server, abort);
  }
}

/** One who shares a budget. */
interface Part {
  readonly common: Common;
  readonly server: Server;
  readonly abort?: Abortable;
}

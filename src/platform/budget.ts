/** Messages up to this size, in bytes, are not booked on their way to a server: they are counted, or few. */
export const SMALL_MESSAGE = 65_536;
/** What comes from one server to one client shares so much of a budget; beyond that one goes on, and others wait. */
const SHARED = 1 / 16;
/** What was given back is still there until it is collected, which stops everybody: after so many bytes. */
const COLLECT_AFTER = 16 * 1_048_576;

/**
 * The bytes of messages that the whole process may hold, beyond which reading waits. One of those that read a large
 * body may always go on, so that half-read bodies cannot block one another for ever.
 */
export class Budget {
  /** How many requests are under way, of all who share the budget. */
  requests = 0;
  readonly #limit: number;
  readonly #isForOne: boolean;
  #used = 0;
  #favoured: Lease | undefined;
  #waiters: (() => void)[] = [];
  #uncollected = 0;

  /**
   * `limit` is in bytes. `isForOne` where there is one server and one client: then large bodies come one after the other,
   * each until the client has taken it, since nobody else is held up. Two that each go to the limit take twice that.
   */
  constructor(limit: number, isForOne = false) {
    this.#limit = limit;
    this.#isForOne = isForOne;
  }

  /** Whether new work should be refused. */
  get exhausted(): boolean {
    return this.#used > this.#limit;
  }

  /** Opens an account for one message; nothing is held yet. */
  lease(): Lease {
    return new Account(this);
  }

  /** Books what is in memory already; see `Lease`. */
  hold(bytes: number): void {
    this.#used += bytes;
  }

  /** Whether `lease` may hold so many bytes more. */
  fits(lease: Lease, bytes: number): boolean {
    if (this.#used + bytes <= (this.#isForOne ? SHARED : 1) * this.#limit) return true;
    if (this.#favoured !== undefined && this.#favoured !== lease) return false;
    this.#favoured = lease;
    return true;
  }

  /** Waits until another lease has given something back. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** All of `lease` is read. */
  grown(lease: Lease): void {
    if (!this.#isForOne) this.#letOn(lease);
  }

  /** Takes back what `lease` has held. */
  release(lease: Lease, bytes: number): void {
    this.#used -= bytes;
    this.#uncollected += bytes;
    this.#letOn(lease);
  }

  #letOn(lease: Lease): void {
    if (this.#favoured === lease) this.#favoured = undefined;
    if (this.#waiters.length === 0) return;
    if (this.#uncollected < COLLECT_AFTER) return this.#wake();
    this.#uncollected = 0;
    // In a turn of its own: who gave it back has let go of it by then.
    setImmediate(() => {
      Bun.gc(true);
      this.#wake();
    });
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** What one message holds of a budget, in bytes. */
export interface Lease {
  /** Books what is in memory already. */
  hold(bytes: number): void;
  /** Books what is about to be read, as soon as the budget allows. */
  grow(bytes: number): Promise<void>;
  /** All is read: what follows is the reader's matter. */
  grown(): void;
  /** Gives everything back; the lease may be used again. */
  end(): void;
}

/** One is opened for every answer, few of which are large. */
class Account implements Lease {
  readonly #budget: Budget;
  #held = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  hold(bytes: number): void {
    this.#held += bytes;
    this.#budget.hold(bytes);
  }

  async grow(bytes: number): Promise<void> {
    while (!this.#budget.fits(this, bytes)) await this.#budget.change();
    this.hold(bytes);
  }

  grown(): void {
    this.#budget.grown(this);
  }

  end(): void {
    this.#budget.release(this, this.#held);
    this.#held = 0;
  }
}

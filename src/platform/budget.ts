/**
 * The bytes of messages that the whole process may hold, beyond which reading waits. One of those that read a large
 * body may always go on, so that half-read bodies cannot block one another for ever.
 */
export class Budget {
  /** How many requests are under way, of all who share the budget. */
  requests = 0;
  readonly #limit: number;
  #used = 0;
  #favoured: Lease | undefined;
  #waiters: (() => void)[] = [];

  /** `limit` is in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether new work should be refused. */
  get exhausted(): boolean {
    return this.#used > this.#limit;
  }

  /** Opens an account for one message; nothing is held yet. */
  lease(): Lease {
    let held = 0;
    const lease: Lease = {
      hold: (bytes) => {
        held += bytes;
        this.#used += bytes;
      },
      grow: async (bytes) => {
        while (!this.#fits(lease, bytes)) await this.#change();
        lease.hold(bytes);
      },
      end: () => {
        if (this.#favoured === lease) this.#favoured = undefined;
        this.#used -= held;
        held = 0;
        for (const wake of this.#waiters.splice(0)) wake();
      },
    };
    return lease;
  }

  #fits(lease: Lease, bytes: number): boolean {
    if (this.#used + bytes <= this.#limit) return true;
    if (this.#favoured !== undefined && this.#favoured !== lease) return false;
    this.#favoured = lease;
    return true;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}

/** What one message holds of a budget, in bytes. */
export interface Lease {
  /** Books what is in memory already. */
  hold(bytes: number): void;
  /** Books what is about to be read, as soon as the budget allows. */
  grow(bytes: number): Promise<void>;
  /** Gives everything back; the lease may be used again. */
  end(): void;
}

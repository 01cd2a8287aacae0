import { SMALL_BODY } from "../net/body.ts";
import type { Budget, Lease } from "../platform/budget.ts";

/**
 * Books on a budget what the reader of a stream holds of a message that has not ended, and what a large one holds until
 * the client has taken it.
 */
export class Booking {
  readonly #budget: Budget;
  /** Made where a message is large. */
  #lease: Lease | undefined;
  #booked = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * To be called after each chunk, with the bytes that are held and what asks to wait with reading on, which is taken out.
   * Gives nothing where there is nothing to wait for.
   *
   * @throws what `Lease.grow` throws
   */
  settle(held: number, waits: Promise<void>[]): Promise<void> | undefined {
    if (waits.length === 0 && held <= SMALL_BODY && this.#booked === 0) return undefined;
    return this.#settle(held, waits);
  }

  /** Gives everything back. */
  end(): void {
    this.#lease?.end();
    this.#booked = 0;
  }

  async #settle(held: number, waits: Promise<void>[]): Promise<void> {
    // Then a large message has ended, though the next may have begun with the same chunk.
    const isSmall = held <= SMALL_BODY;
    if (waits.length > 0) {
      // From here on it is the client that takes its time.
      if (isSmall) this.#lease?.grown();
      await Promise.all(waits.splice(0));
    }
    if (isSmall) this.end();
    else if (held > this.#booked) {
      await (this.#lease ??= this.#budget.lease()).grow(held - this.#booked);
      this.#booked = held;
    }
  }
}

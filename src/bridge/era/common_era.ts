import { type Clock, pause } from "../../platform/clock.ts";

/** An era of the protocol: that of the handshake, or the one without, which a server may speak alone. */
export type Era = "legacy" | "modern";

/** What several clients of one server know of its era. */
export interface CommonEra {
  /** What one of them found out last; nothing before. */
  readonly known: Era | undefined;
  /** One of them has found it out. */
  found(era: Era): void;
  /** Carries out what finds the era; while that is unknown one does so at a time, as the others may be spared it. */
  inTurn(find: () => Promise<void>): Promise<void>;
}

/** A server that does not answer holds the others up no longer, in ms. */
const PATIENCE_MS = 10_000;

/** Whose turn it is to find something out that all want to know. */
export class OneByOne {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Carries `work` out once whoever came before is through, or has taken too long; fails as `work` does. */
  async take(work: () => Promise<void>): Promise<void> {
    const { promise: through, resolve } = Promise.withResolvers<void>();
    const before = this.#last;
    this.#last = before.then(() => through);
    const enough = new AbortController();
    await Promise.race([before, pause(this.#clock, PATIENCE_MS, enough.signal)]);
    enough.abort();
    try {
      await work();
    } finally {
      resolve();
    }
  }
}

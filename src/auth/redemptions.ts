import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";

/** What a redemption takes at most, and the keeping of what it brings, in ms. */
const LAST_REDEMPTION_MS = 10_000;
/** When whoever waits wants to know what for, in ms. */
const TELL_MS = 1_000;

/** The redemptions of refresh tokens that are on their way: a process does not end before their answers are kept. */
export class Redemptions {
  readonly #clock: Clock;
  readonly #notify: Notify;
  readonly #running = new Set<Promise<unknown>>();
  #isOver = false;

  constructor(clock: Clock, notify: Notify) {
    this.#clock = clock;
    this.#notify = notify;
  }

  /**
   * Redeems, and keeps what that brings.
   *
   * @throws {BridgeError} `closing` where the process is about to end, with nothing sent, and what `work` throws
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new BridgeError("closing", "the bridge is ending");
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for those that are on their way, up to 10 s; none begins any more. */
  async end(): Promise<void> {
    this.#isOver = true;
    if (this.#running.size === 0) return;
    const late = this.#clock.after(TELL_MS, () => {
      this.#notify({ level: "info", text: "ending once the renewed token is here, in 10 s at most" });
    });
    await Promise.race([Promise.allSettled(this.#running), pause(this.#clock, LAST_REDEMPTION_MS)]);
    late.cancel();
  }
}

/** A timer that was set; `cancel` does nothing once it has fired. */
export interface Timer {
  cancel(): void;
}

/** Time as the rest of the product sees it, so that tests can turn the hands. */
export interface Clock {
  /** Milliseconds since the epoch by the wall clock; it jumps over a machine's sleep, which is how sleep is noticed. */
  now(): number;
  /** Calls `fire` once after `ms` milliseconds; a set timer never keeps the process alive. */
  after(ms: number, fire: () => void): Timer;
}

/** setTimeout treats anything larger as 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms: number, fire: () => void): Timer {
    return new SystemTimer(ms, fire);
  },
};

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(ms: number, fire: () => void) {
    this.#timeout = setTimeout(fire, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    this.#timeout.unref();
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}

/** Resolves after `ms` milliseconds, or at once when `signal` aborts; never rejects. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = clock.after(ms, done);
    function done(): void {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}

/** A wait of about `ms` milliseconds, spread by a quarter either way so that many waiters do not come back at once. */
export function jittered(ms: number): number {
  return ms * (0.75 + Math.random() / 2);
}

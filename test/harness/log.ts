/** Things kept in the order they came, so that a test can wait for one of them instead of sleeping. */
import { runs } from "./counts.ts";

const TAIL = 20;
/** How long somebody waits for what must come, in ms. Full counts may load a machine with 24 processes at once. */
export const PATIENCE_MS = runs(30_000, 60_000);

/** Keeps what is added to it and lets tests wait for what is yet to come. */
export class Log<T> {
  /** All that came so far. */
  readonly items: T[] = [];
  #closed = false;
  #wake: (() => void)[] = [];

  /** Adds `items` at the end. */
  add(...items: T[]): void {
    for (const item of items) this.items.push(item);
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Says that nothing more will come, which ends all waiting. */
  close(): void {
    this.#closed = true;
    this.add();
  }

  /** Waits for the first item at or after the place `from` that `matches`, and gives it. Throws when none comes. */
  async find(matches: (item: T) => boolean, from = 0, withinMs = PATIENCE_MS): Promise<T> {
    const deadline = performance.now() + withinMs;
    for (let place = from;; place++) {
      while (place >= this.items.length) {
        if (!this.#closed && await this.#change(deadline - performance.now())) continue;
        const tail = this.items.slice(-TAIL).map((item) => typeof item === "string" ? item : JSON.stringify(item));
        const when = this.#closed ? "before the end" : `within ${withinMs} ms`;
        throw new Error([`Cannot find it ${when} among ${this.items.length}, the last:`, ...tail].join("\n"));
      }
      if (matches(this.items[place]!)) return this.items[place]!;
    }
  }

  async #change(withinMs: number): Promise<boolean> {
    if (withinMs <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#wake.push(() => resolve(true));
    const timer = setTimeout(() => resolve(false), withinMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

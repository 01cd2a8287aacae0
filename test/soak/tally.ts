/** Keeps account of requests: each is answered once, those that were given up once at most. */

/** Longer than any answer takes that is not lost, in ms: the deadlines of the bridge end before. */
const LOST_AFTER_MS = 90_000;

/** The account. What was answered is forgotten, so that it does not grow. */
export class Tally {
  /** What came of all requests. */
  results = 0;
  errors = 0;
  cancelled = 0;
  /** Answers to nothing that waits for one: a second one, or one that nobody asked for. */
  readonly doubled: string[] = [];
  /** Requests that nobody answered in time. */
  readonly lost: string[] = [];
  readonly #pending = new Map<string, { readonly at: number; isCancelled: boolean }>();

  /** How many requests were made. */
  get made(): number {
    return this.results + this.errors + this.cancelled + this.lost.length + this.#pending.size;
  }

  /** How many wait for an answer that must come. */
  get waiting(): number {
    return [...this.#pending.values()].filter(({ isCancelled }) => !isCancelled).length;
  }

  ask(id: string): void {
    this.#pending.set(id, { at: performance.now(), isCancelled: false });
  }

  /** An answer to it may come or not. Gives whether it waited for one. */
  cancel(id: string): boolean {
    const request = this.#pending.get(id);
    if (request === undefined) return false;
    request.isCancelled = true;
    return true;
  }

  /** An answer to it has come. Gives whether it waited for one. */
  answer(id: string, isError: boolean): boolean {
    const request = this.#pending.get(id);
    if (request === undefined) {
      this.doubled.push(id);
      return false;
    }
    this.#pending.delete(id);
    if (request.isCancelled) this.cancelled++;
    else if (isError) this.errors++;
    else this.results++;
    return !request.isCancelled;
  }

  /** Finds what has waited too long, or all that waits still. */
  sweep(all = false): void {
    for (const [id, { at, isCancelled }] of this.#pending) {
      if (!all && performance.now() - at < LOST_AFTER_MS) continue;
      this.#pending.delete(id);
      if (isCancelled) this.cancelled++;
      else this.lost.push(id);
    }
  }
}

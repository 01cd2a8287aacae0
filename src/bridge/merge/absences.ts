import type { Notify } from "../../platform/notice.ts";

/** Tells a person which servers are left out, and why: once for each cause, until the server is back. */
export class Absences {
  readonly #notify: Notify;
  readonly #told = new Map<string, Set<string>>();

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  /** A server has no part in an answer. */
  tell(slug: string, cause: string): void {
    const told = this.#told.get(slug) ?? new Set();
    if (told.has(cause)) return;
    this.#told.set(slug, told.add(cause));
    this.#notify({ level: "warn", text: `${slug} is left out: ${cause}` });
  }

  /** A server is there. */
  back(slug: string): void {
    this.#told.delete(slug);
  }
}

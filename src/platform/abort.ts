/** Gives work up, with a reason, and tells those who do it: an `AbortController`, or an `Abort`. */
export interface Abortable {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/** As an `AbortController`, but its signal is made for those alone who ask: it costs more than a call without one. */
export class Abort implements Abortable {
  #controller: AbortController | undefined;
  #aborted = false;
  #reason: unknown;
  /** Called when it is given up; one listener, for who needs no signal. */
  onabort: ((reason: unknown) => void) | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason?: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.onabort?.(reason);
  }
}

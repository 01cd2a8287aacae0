/** Whether the endpoint may be sent requests, and why not. */
export class Readiness {
  readonly #reasons = new Set(["the servers are not read yet"]);

  /** Why it may not; empty where it may. */
  get reasons(): readonly string[] {
    return [...this.#reasons];
  }

  /** The servers are in place. */
  begin(): void {
    this.#reasons.clear();
  }

  /** It ends, and takes nothing new. */
  end(): void {
    this.#reasons.add("it is ending");
  }
}

/** What changes at a server while clients use it. */

/** One change. */
export type Change = { kind: "tools" } | { kind: "prompts" } | { kind: "resource"; uri: string };

/** Has `then` called at each change. */
export type Follow = (then: (change: Change) => void) => void;

/** The changes so far, and who is to hear of the next. */
export class Changes {
  /** How often each list has changed. */
  readonly counts: { tools: number; prompts: number } = { tools: 0, prompts: 0 };
  readonly #listeners = new Set<(change: Change) => void>();

  /** Tells `listener` of each change from now on. What is returned ends that. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes the list of tools. */
  changeTools(): void {
    this.counts.tools++;
    this.#tell({ kind: "tools" });
  }

  /** Changes the list of prompts. */
  changePrompts(): void {
    this.counts.prompts++;
    this.#tell({ kind: "prompts" });
  }

  /** Changes what is read at `uri`. */
  changeResource(uri: string): void {
    this.#tell({ kind: "resource", uri });
  }

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** How many questions a server may have open, and how long the key of one's id may be: nobody has use for more. */
export const MOST_ASKED = 1_000;
export const LONGEST_KEY = 1_024;

/**
 * Requests of one server that wait for a client, by id key, in a memory that a server cannot fill: of too many the oldest
 * are forgotten, and what has an enormous id is not kept. Their answers go nowhere.
 */
export class OpenQuestions<Question> {
  readonly #questions = new Map<string, Question>();

  /** Keeps one, in place of another under its id. */
  add(key: string, question: Question): void {
    if (key.length > LONGEST_KEY) return;
    this.#questions.delete(key);
    this.#questions.set(key, question);
    if (this.#questions.size > MOST_ASKED) this.#questions.delete(this.#questions.keys().next().value!);
  }

  /** The one under a key; it stays. */
  get(key: string): Question | undefined {
    return this.#questions.get(key);
  }

  /** The one under a key, which is no longer open then. */
  take(key: string): Question | undefined {
    const question = this.#questions.get(key);
    this.#questions.delete(key);
    return question;
  }

  /** Those that are open, with their keys. */
  entries(): [string, Question][] {
    return [...this.#questions];
  }
}

/** What an entry of the right shape does wrong all the same. */
export class EntryFault extends Error {
  /** The member at fault. */
  readonly path: readonly string[];
  readonly hint: string | undefined;

  constructor(path: readonly string[], text: string, hint?: string) {
    super(text);
    this.path = path;
    this.hint = hint;
  }
}

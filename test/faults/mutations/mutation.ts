/** One place of the code, without which a test of an entry of the catalogue must fail. */
export interface Mutation {
  /** The entry. */
  readonly id: string;
  /** What is gone then. */
  readonly what: string;
  /** The file, and the code in it, which stands there once. */
  readonly file: string;
  readonly code: string;
  /** What is there in its place. */
  readonly instead: string;
  /** A file with tests of the entry. */
  readonly test: string;
}

/** The same in short: a file of ours below `src/` or by `../`, and one of the tests below `test/`. */
export type Row = [id: string, what: string, file: string, code: string, instead: string, test: string];

/** The text of a file without what the mutation takes away. Throws where the code is not there, or not once. */
export function mutated(text: string, { id, file, code, instead }: Mutation): string {
  const parts = text.split(code);
  if (parts.length !== 2) throw new Error(`${id}: the code stands ${parts.length - 1} times in ${file}`);
  return parts.join(instead);
}

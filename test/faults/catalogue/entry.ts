/** One entry of the catalogue: something that goes wrong or is done to us, and what we promise all the same. */
export interface Entry {
  /** A letter for where it comes from and a number, A1. */
  readonly id: string;
  /** What happens. */
  readonly fault: string;
  /** What we promise. */
  readonly promise: string;
  /**
   * Tests that show it and that neither their file (`test/faults/a1_*`) nor their name ("(A1)") ties to it: the file
   * below test/, and where only a part of it is meant, how the names of those tests begin: `file > describe > test`.
   */
  readonly shown?: readonly string[];
  /** Why nothing shows it; then no test is wanted. */
  readonly notShown?: string;
}

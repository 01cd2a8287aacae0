import { BridgeError } from "../platform/errors.ts";

/** What means one server, and would mean something else at each of several: a credential above all. */
export const FOR_ONE: readonly string[] = ["header", "header-file", "account"];

/**
 * Refuses flags that are for one server where several are meant.
 *
 * @throws {BridgeError} `bad_argument`
 */
export function refuseForSeveral(words: readonly string[], names: readonly string[], hint: string): void {
  const needless = names.find((name) => words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`)));
  if (needless !== undefined) {
    throw new BridgeError("bad_argument", `"--${needless}" is for one server`, { hint });
  }
}

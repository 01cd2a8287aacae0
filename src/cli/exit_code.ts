import type { BridgeError } from "../platform/errors.ts";

const FAILED = 1;
/** Wrong words: nothing was done. */
const WRONG_USE = 2;

/** The codes of errors in what a person has said. */
const WORDS = /^(?:bad_argument|bad_url|bad_header|bad_name|unknown_name|unreadable_file)$/;

/** What the process ends with after an error. */
export function exitCodeOf({ code }: BridgeError): number {
  return WORDS.test(code) ? WRONG_USE : FAILED;
}

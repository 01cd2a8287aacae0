import type { BridgeError } from "../platform/errors.ts";
import type { Notice } from "../platform/notice.ts";
import { redacted } from "../platform/redact.ts";
import { isHeard, printRaw, type Verbosity } from "./print.ts";

/** Prints notices as lines of JSON, for programs that collect them: what looks like a credential is taken out. */
export function structuredPrinter(level: Verbosity): (notice: Notice) => void {
  return (notice) => {
    if (isHeard(notice, level)) print(notice);
  };
}

/** Prints an error in the same way. */
export function printStructuredError({ code, message, hint }: BridgeError): void {
  print({ level: "error", text: message, code, ...(hint === undefined ? {} : { hint }) });
}

function print(
  { level, text, ...more }: Omit<Notice, "level"> & { level: string; code?: string; hint?: string },
): void {
  printRaw(`${JSON.stringify({ time: new Date().toISOString(), level, text: redacted(text), ...more })}\n`);
}

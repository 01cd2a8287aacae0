/**
 * Everything that the product prints goes through here. The voice: each line begins with "mcp-bridge:"; lower case, no
 * full stop, no emoji, present tense; an error takes one line, and a hint that names the command or flag that helps
 * takes another. Standard output belongs to the protocol, so people are spoken to on standard error; only what was
 * asked for by name (`--help`, `--version`) goes to standard output.
 */
import { BridgeError } from "../platform/errors.ts";
import type { Notice } from "../platform/notice.ts";
import type { Colours } from "./colour.ts";

const WEIGHT = { warn: 2, info: 1, debug: 0 } as const;

/** Prints an error and its hint. */
export function printError(error: BridgeError, colours?: Colours): void {
  line(`${colours?.red("error:") ?? "error:"} ${error.message}`);
  if (error.hint !== undefined) line(`${colours?.faint("hint:") ?? "hint:"} ${error.hint}`);
}

/** How much is said: `silent` says nothing but errors. */
export type Verbosity = "silent" | "info" | "debug";

/** Whether a notice weighs enough to be said. */
export function isHeard({ level }: Notice, verbosity: Verbosity): boolean {
  return verbosity !== "silent" && WEIGHT[level] >= WEIGHT[verbosity];
}

/** Prints notices of at least the given weight; `silent` prints none. */
export function noticePrinter(level: Verbosity): (notice: Notice) => void {
  return (notice) => {
    if (isHeard(notice, level)) {
      line(notice.level === "warn" ? `warning: ${notice.text}` : notice.text);
    }
  };
}

/** Tells a person how what they asked for has ended. */
export function printLine(text: string): void {
  line(text);
}

/** Prints a line for programs to standard error, as it is. */
export function printRaw(text: string): void {
  write(status === undefined ? text : `${CLEAR_LINE}${text}${status}`);
}

/**
 * Prints what was asked for by name. A reader that has gone has read enough.
 *
 * @throws {BridgeError} `unwritable_output`
 */
export async function printAnswer(text: string): Promise<void> {
  showStatus(undefined);
  // Bun takes nothing for an empty file, and would cut off what stands there before us.
  if (text.length === 0) return;
  try {
    await Bun.write(Bun.stdout, text);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    if (code === "EPIPE") return;
    throw new BridgeError("unwritable_output", `cannot write the answer to standard output (${code})`, { cause });
  }
}

/** Settles when all that was said to people is out, or nobody listens any more. */
export async function flushPrinted(): Promise<void> {
  try {
    await people?.flush();
  } catch {
    // What they asked for is done all the same.
  }
}

/**
 * Shows a line on a terminal that stands below all that is printed, until another takes its place; nothing takes it
 * away. It must fit the terminal's width.
 */
export function showStatus(text: string | undefined): void {
  if (status === text) return;
  const before = status === undefined ? "" : CLEAR_LINE;
  status = text;
  write(before + (text ?? ""));
}

/** Bun's sink; the stream of `process.stderr` costs 6 MiB. */
let people: Bun.FileSink | undefined;

/** What `showStatus` shows. */
let status: string | undefined;

const CLEAR_LINE = "\r\u001b[K";

function line(text: string): void {
  printRaw(`mcp-bridge: ${text}\n`);
}

function write(text: string): void {
  people ??= Bun.stderr.writer();
  try {
    people.write(text);
  } catch {
    // Who has closed standard error hears nothing; what they asked for goes on.
  }
  void flushPrinted();
}

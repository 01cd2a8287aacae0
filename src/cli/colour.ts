import type { Environment } from "./variables.ts";

/** The looks that a text can have; each is the text itself where there is no colour. */
export interface Colours {
  /** What stands out: names, headings. */
  bold(text: string): string;
  /** What may be skipped. */
  faint(text: string): string;
  /** What is broken. */
  red(text: string): string;
  /** What is well. */
  green(text: string): string;
  /** What deserves a look. */
  yellow(text: string): string;
}

/** A text as it is. */
export const NO_COLOURS: Colours = { bold: same, faint: same, red: same, green: same, yellow: same };

const COLOURS: Colours = {
  bold: (text) => `\u001b[1m${text}\u001b[22m`,
  faint: (text) => `\u001b[2m${text}\u001b[22m`,
  red: (text) => `\u001b[31m${text}\u001b[39m`,
  green: (text) => `\u001b[32m${text}\u001b[39m`,
  yellow: (text) => `\u001b[33m${text}\u001b[39m`,
};

/** Where a text goes. */
export type Output = "stdout" | "stderr";

/** Whether somebody sits before an output. */
export async function isTerminal(output: Output): Promise<boolean> {
  const { isatty } = await import("node:tty");
  return isatty(output === "stdout" ? 1 : 2);
}

/** The colours for an output: none where nobody sits before it, and none where `NO_COLOR` is set (no-color.org). */
export async function coloursOf(output: Output, environment: Environment = process.env): Promise<Colours> {
  return await isTerminal(output) ? terminalColours(environment) : NO_COLOURS;
}

/** The colours for what is written to the terminal itself. */
export function terminalColours(environment: Environment): Colours {
  return mayColour(environment) ? COLOURS : NO_COLOURS;
}

/** Whether the environment lets a terminal show colours. */
export function mayColour({ NO_COLOR, TERM }: Environment): boolean {
  return (NO_COLOR ?? "") === "" && TERM !== "dumb";
}

function same(text: string): string {
  return text;
}

import type { TerminalLines } from "../platform/terminal_lines.ts";
import { askFields } from "./form.ts";
import { safeLine, safeText } from "./safe_text.ts";
import { asSchema } from "./schema_words.ts";

/** What a person says to a question: `action` of `elicitation/create`. */
export interface Elicited {
  readonly action: "accept" | "decline" | "cancel";
  readonly content?: Readonly<Record<string, unknown>>;
}

/** What asking takes. */
export interface ElicitationParts {
  readonly terminal: TerminalLines;
  /** Who asks, in words that the person knows. */
  readonly server: string;
  /** Opens a page; whether a program took it. */
  openPage(url: URL): Promise<boolean>;
  /** Takes the question back. */
  readonly signal: AbortSignal;
}

/**
 * Asks the person at the terminal what a server wants to know (`elicitation/create`): field by field, or whether a page
 * may be opened. Nothing is sent and nothing is opened before the person has said yes.
 */
export async function elicit(params: Readonly<Record<string, unknown>>, parts: ElicitationParts): Promise<Elicited> {
  const { terminal, server, signal } = parts;
  terminal.say(`\n${safeLine(server)} asks:\n${indented(safeText(String(params["message"] ?? "")).trim())}\n`);
  const answer = params["mode"] === "url"
    ? await askForPage(String(params["url"] ?? ""), parts)
    : await askForm(params["requestedSchema"], parts);
  if (signal.aborted) terminal.say(`${safeLine(server)} does not want an answer any more\n`);
  return answer;
}

async function askForm(schema: unknown, { terminal, server, signal }: ElicitationParts): Promise<Elicited> {
  terminal.say(`  (what you type goes to ${safeLine(server)}: no passwords, no tokens)\n\n`);
  const first = await decide("answer it?", terminal, signal);
  if (first !== "accept") return { action: first };
  const content = await askFields(asSchema(schema), terminal, signal);
  if (content === undefined) return { action: "cancel" };
  const last = await decide("send these answers?", terminal, signal);
  return last === "accept" ? { action: "accept", content } : { action: last };
}

async function askForPage(text: string, { terminal, signal, openPage }: ElicitationParts): Promise<Elicited> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    terminal.say(`  it names no page that can be opened: ${safeLine(text, 300)}\n`);
    return { action: "decline" };
  }
  // The whole address, and once more the part that says whose it is.
  terminal.say(`\n  ${safeLine(url.href)}\n  (a page of ${safeLine(url.host)})\n\n`);
  const consent = await decide("open it in the browser?", terminal, signal);
  if (consent !== "accept") return { action: consent };
  const isOpen = await openPage(url).catch(() => false);
  if (!isOpen) terminal.say("no browser could be started: open the address above by hand\n");
  return { action: "accept" };
}

/** Asks for a plain word: Enter alone decides nothing, since it may have been meant for something else. */
async function decide(
  question: string,
  terminal: TerminalLines,
  signal: AbortSignal,
): Promise<Elicited["action"]> {
  for (;;) {
    const line = await terminal.ask(`${question} yes, no or cancel: `, signal);
    const word = line?.trim().toLowerCase();
    if (word === undefined) return "cancel";
    if (word === "y" || word === "yes") return "accept";
    if (word === "n" || word === "no") return "decline";
    if (word === "c" || word === "cancel") return "cancel";
  }
}

function indented(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}

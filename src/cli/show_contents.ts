import { isTerminal } from "./colour.ts";
import type { Contents } from "./contents.ts";
import { saveContents, withEnd } from "./output_file.ts";
import { printAnswer, printLine } from "./print.ts";
import { safeJson, safeText } from "./safe_text.ts";

/**
 * Prints texts to standard output, made safe where that is a terminal, and says what else came; or saves it in a file.
 *
 * @throws {BridgeError} `bad_argument` where that cannot be written
 */
export async function showContents(contents: Contents, file: string | undefined): Promise<void> {
  const { texts, binaries } = contents;
  const isSaved = file !== undefined;
  if (isSaved) await saveContents(file, contents);
  if (texts.length > 0 && (!isSaved || binaries.length > 0)) {
    const text = withEnd(texts.join("\n"));
    await printAnswer(await isTerminal("stdout") ? safeText(text) : text);
  }
  if (!isSaved) { for (const { words } of binaries) printLine(`${words}: "--output FILE" saves it`); }
}

/** Prints JSON as it was written; on a terminal with line breaks, and made safe. */
export async function showJson(raw: string): Promise<void> {
  await printAnswer(`${await isTerminal("stdout") ? safeJson(withBreaks(raw)) : raw}\n`);
}

/** The same JSON with a line for each element; numbers keep their digits. */
function withBreaks(raw: string): string {
  const parts = raw.match(/"(?:[^"\\]|\\.)*"|[^\s"{}[\],:]+|[{}[\],:]/g) ?? [];
  let depth = 0;
  let text = "";
  for (const [place, part] of parts.entries()) {
    const isEmpty = /[{[]/.test(parts[place - 1] ?? "");
    if (part === "}" || part === "]") text += isEmpty ? part : `${lineBreak(--depth)}${part}`;
    else text += isEmpty && place > 0 ? `${lineBreak(++depth)}${part}` : part;
    if (part === ",") text += lineBreak(depth);
    if (part === ":") text += " ";
  }
  return text;
}

function lineBreak(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

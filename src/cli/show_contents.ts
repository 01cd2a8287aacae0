import { isTerminal } from "./colour.ts";
import type { Contents } from "./contents.ts";
import { laidOut } from "./json_layout.ts";
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
  await printAnswer(`${await isTerminal("stdout") ? safeJson(laidOut(raw)) : raw}\n`);
}

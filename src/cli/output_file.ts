import { BridgeError } from "../platform/errors.ts";
import type { Contents } from "./contents.ts";
import { printLine } from "./print.ts";

/**
 * Saves contents: what is no text, else the texts. The first goes into `file`, each further one into a file with a
 * number in its name.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function saveContents(file: string, { texts, binaries }: Contents): Promise<void> {
  const parts = binaries.length > 0
    ? binaries
    : [{ words: "text", bytes: new TextEncoder().encode(withEnd(texts.join("\n"))) }];
  for (const [place, { words, bytes }] of parts.entries()) {
    const name = place === 0 ? file : await numbered(file, place + 1);
    await save(name, bytes);
    printLine(`${JSON.stringify(name)} holds ${words}`);
  }
}

/** A text that ends its last line. */
export function withEnd(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

async function numbered(file: string, number: number): Promise<string> {
  const { parse, join } = await import("node:path");
  const { dir, name, ext } = parse(file);
  return join(dir, `${name}-${number}${ext}`);
}

async function save(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await Bun.write(file, bytes, { createPath: false });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("bad_argument", `cannot write ${JSON.stringify(file)} (${code})`, {
      hint: 'give "--output" another file',
      cause,
    });
  }
}

import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { type Command, readWords } from "./command.ts";
import { connectCommand } from "./connect.ts";
import { flushPrinted, printAnswer, printError } from "./print.ts";

declare const BUILD_VERSION: string | undefined;

/** The version that was built in; a run from the sources has none. */
const VERSION = typeof BUILD_VERSION === "string" ? BUILD_VERSION : "0.0.0-source";

const FAILED = 1;
/** Wrong words: nothing was done. */
const WRONG_USE = 2;

/** Runs the command line `words` (without the program's name) and settles with the exit code. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const rest = words[0] === connectCommand.name ? words.slice(1) : words;
  try {
    const said = await readWords(connectCommand, rest);
    const { flags } = said;
    if (flags.version) return await answer(`${VERSION}\n`);
    if (flags.help) {
      const { helpText } = await import("./help.ts");
      return await answer(helpText(connectCommand as Command));
    }
    return await connectCommand.run(said);
  } catch (thrown) {
    const error = toBridgeError(thrown);
    printError(error);
    return error.code === "internal" ? FAILED : WRONG_USE;
  } finally {
    await flushPrinted();
  }
}

/** Says that a defect of ours ended the process: what kind and where, never with what values. */
export function reportCrash(thrown: unknown): void {
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const place = thrown instanceof Error ? /\bat (\S+)/.exec(thrown.stack ?? "")?.[1] : undefined;
  printError(
    new BridgeError("internal", `unexpected failure: ${name}${place === undefined ? "" : ` in ${place}`}`, {
      hint: 'run again with "--debug" and report it',
    }),
  );
}

async function answer(text: string): Promise<number> {
  await printAnswer(text);
  return 0;
}

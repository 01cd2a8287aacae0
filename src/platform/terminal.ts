import { BridgeError } from "./errors.ts";

const ENTER = /[\r\n]/;
/** What a terminal in raw mode sends for the keys that end a program: Ctrl-C and Ctrl-D. */
const GIVE_UP = ["\u0003", "\u0004"];
const BACKSPACE = ["\u007f", "\b"];
/** Rubs out the whole line: Ctrl-U. */
const CLEAR = "\u0015";

/**
 * Asks the person at the terminal for a secret, which is not shown as it is typed; nothing where there is no terminal.
 * The terminal is met as itself: standard input and output may belong to another program.
 *
 * @throws {BridgeError} `closing` where the person gives up.
 */
export async function askSecret(question: string): Promise<string | undefined> {
  return await ask(question, true);
}

/**
 * Asks the person at the terminal for a line, which is shown as it is typed; nothing where there is no terminal.
 *
 * @throws {BridgeError} `closing` where the terminal is gone, or the person ends the line with nothing in it (Ctrl-D).
 */
export async function askLine(question: string): Promise<string | undefined> {
  return await ask(question, false);
}

async function ask(question: string, isSecret: boolean): Promise<string | undefined> {
  const [{ closeSync, openSync, readSync, writeSync }, { ReadStream }] = await Promise.all([
    import("node:fs"),
    import("node:tty"),
  ]);
  const isWindows = process.platform === "win32";
  const opened: number[] = [];
  try {
    for (const [windows, flag] of [["CONIN$", "r"], ["CONOUT$", "w"], ["CONIN$", "r"]] as const) {
      opened.push(openSync(isWindows ? `\\\\.\\${windows}` : "/dev/tty", flag));
    }
  } catch {
    for (const descriptor of opened) closeSync(descriptor);
    return undefined;
  }
  const [keys, paper, modes] = opened as [number, number, number];
  // It reads nothing: a stream of Bun's that was read from once takes keys from whoever asks next.
  const terminal = new ReadStream(modes);
  const chunk = new Uint8Array(1_024);
  try {
    if (isSecret) terminal.setRawMode(true);
    writeSync(paper, question);
    return lineOf(() => chunk.subarray(0, readSync(keys, chunk)));
  } finally {
    if (isSecret) {
      terminal.setRawMode(false);
      writeSync(paper, "\n");
    }
    terminal.destroy();
    closeSync(paper);
    closeSync(keys);
  }
}

/** The line that is typed; `read` gives what the keys send, and nothing at their end. */
function lineOf(read: () => Uint8Array): string {
  const decoder = new TextDecoder();
  let line: string[] = [];
  for (let chunk = read(); chunk.length > 0; chunk = read()) {
    for (const key of decoder.decode(chunk, { stream: true })) {
      if (ENTER.test(key)) return line.join("");
      if (GIVE_UP.includes(key)) throw new BridgeError("closing", "given up at the terminal: nothing was done");
      if (key === CLEAR) line = [];
      else if (BACKSPACE.includes(key)) line.pop();
      else line.push(key);
    }
  }
  throw new BridgeError("closing", "no answer came from the terminal: nothing was done");
}

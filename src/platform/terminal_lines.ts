/** The terminal of the person, for questions that are answered by a line. */
export interface TerminalLines extends Disposable {
  /**
   * Writes a question and gives the line that is typed, without its end; nothing where the person ends the input
   * (Ctrl-D), or where `signal` takes the question back.
   */
  ask(question: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Writes a text as it is. */
  say(text: string): void;
}

/**
 * Opens the terminal as itself, since standard input and output may belong to other programs; nothing where there is
 * none. Reading waits beside everything else, so that whoever waits for the person goes on hearing the server.
 */
export async function openTerminalLines(platform: NodeJS.Platform = process.platform): Promise<
  TerminalLines | undefined
> {
  const { closeSync, openSync, read, writeSync } = await import("node:fs");
  const [input, output] = platform === "win32" ? ["\\\\.\\CONIN$", "\\\\.\\CONOUT$"] : ["/dev/tty", "/dev/tty"];
  let keys: number;
  let paper: number;
  try {
    keys = openSync(input!, "r");
    paper = openSync(output!, "w");
  } catch {
    return undefined;
  }
  const lines = new LineReader((chunk) =>
    new Promise((resolve) => read(keys, chunk, 0, chunk.length, null, (error, count) => resolve(error ? 0 : count)))
  );
  return {
    say: (text) => void writeSync(paper, text),
    async ask(question, signal): Promise<string | undefined> {
      writeSync(paper, question);
      const line = await lines.next(signal);
      if (line === undefined) writeSync(paper, "\n");
      return line;
    },
    [Symbol.dispose](): void {
      // The keys stay open: a read may wait for them, and ends with the process.
      closeSync(paper);
    },
  };
}

/** Lines of what is typed. A read that nobody waits for any more serves the next question. */
export class LineReader {
  readonly #read: (chunk: Uint8Array) => Promise<number>;
  readonly #chunk = new Uint8Array(4_096);
  readonly #decoder = new TextDecoder();
  #reading: Promise<number> | undefined;
  #text = "";

  /** `read` fills a chunk and gives how many bytes came; 0 at the end of the input. */
  constructor(read: (chunk: Uint8Array) => Promise<number>) {
    this.#read = read;
  }

  /** The next line; nothing at the end of the input, or where `signal` comes first. */
  async next(signal?: AbortSignal): Promise<string | undefined> {
    const withdrawn = Promise.withResolvers<undefined>();
    const onabort = (): void => withdrawn.resolve(undefined);
    signal?.addEventListener("abort", onabort);
    try {
      while (!signal?.aborted) {
        const end = this.#text.indexOf("\n");
        if (end >= 0) return this.#taken(end);
        this.#reading ??= this.#read(this.#chunk);
        const count = await Promise.race([this.#reading, withdrawn.promise]);
        if (count === undefined) return undefined;
        this.#reading = undefined;
        if (count === 0) return undefined;
        this.#text += this.#decoder.decode(this.#chunk.subarray(0, count), { stream: true });
      }
      return undefined;
    } finally {
      signal?.removeEventListener("abort", onabort);
    }
  }

  #taken(end: number): string {
    const line = this.#text.slice(0, end).replace(/\r$/, "");
    this.#text = this.#text.slice(end + 1);
    return line;
  }
}

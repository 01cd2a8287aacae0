/** A program at a terminal of the test's: what it shows, and what is typed. */
import type { Subprocess } from "bun";

/** What a program is started with. */
export interface TerminalSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly columns?: number;
}

const PATIENCE_MS = 15_000;

/** The session. Disposing it kills the program. */
export class TerminalSession implements AsyncDisposable {
  /** All that was shown, with line ends as programs write them. */
  shown = "";
  readonly #process: Subprocess;
  #news = Promise.withResolvers<void>();
  /** Up to where `shows` has looked. */
  #seen = 0;

  /** Starts `argv` with a terminal for all of its input and output. */
  constructor(argv: readonly string[], { env, cwd, columns = 80 }: TerminalSettings) {
    const decoder = new TextDecoder();
    this.#process = Bun.spawn([...argv], {
      cwd,
      env: { ...env, TERM: env["TERM"] ?? "xterm-256color" },
      terminal: {
        cols: columns,
        rows: 40,
        data: (_terminal, bytes): void => {
          this.shown += decoder.decode(bytes, { stream: true }).replaceAll("\r\n", "\n");
          this.#news.resolve();
          this.#news = Promise.withResolvers();
        },
      },
    });
  }

  /** Types keys as they are; Enter is `\r`. */
  type(keys: string): void {
    this.#process.terminal!.write(keys);
  }

  /** Waits until a text is shown behind all that was awaited before. Throws when it does not come. */
  async shows(text: string): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE_MS);
    const tooLate = new Promise<void>((resolve) => late.addEventListener("abort", () => resolve()));
    for (;;) {
      const found = this.shown.indexOf(text, this.#seen);
      if (found >= 0) return void (this.#seen = found + text.length);
      if (late.aborted) throw new Error(`Not shown: '${text}'\n${this.shown}`);
      await Promise.race([this.#news.promise, tooLate]);
    }
  }

  /** Waits until the program ends, and gives its exit code. */
  async exit(): Promise<number> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    const exitCode = await this.#process.exited;
    clearTimeout(timer);
    this.#process.terminal!.close();
    return exitCode;
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

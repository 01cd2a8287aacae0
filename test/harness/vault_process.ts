/** Processes that work at a vault, to be raced and killed. */
import type { Subprocess } from "bun";
import { join } from "node:path";
import { LineLog } from "./line_log.ts";

/** One of them, at a job of `vault_child.ts`. Disposing it kills it. */
export class VaultProcess implements AsyncDisposable {
  /** What it has said. */
  readonly output: LineLog;
  readonly #process: Subprocess<"ignore", "pipe", "inherit">;

  /** Starts it; `before` is what stands before it on the command line, and `env` what its environment holds besides. */
  constructor(folder: string, words: readonly string[], before: readonly string[] = [], env = {}) {
    this.#process = Bun.spawn(
      [...before, process.execPath, join(import.meta.dir, "vault_child.ts"), folder, ...words],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "inherit",
        env: { ...process.env, ...env },
      },
    );
    this.output = new LineLog(this.#process.stdout);
  }

  /** Settles with the exit code when it has ended. */
  async ended(): Promise<number> {
    const code = await this.#process.exited;
    await this.output.ended;
    return code;
  }

  /** Ends it where it stands. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

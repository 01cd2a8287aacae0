import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Readable } from "node:stream";
import type { Command } from "../../test/harness/executable.ts";
import { LineLog } from "../../test/harness/line_log.ts";

/** The SDK's own way to start a server on stdio, and the word of how the process ended. Disposing it ends the process. */
export class BridgeProcess extends StdioClientTransport implements AsyncDisposable {
  /** What the process says on stderr. */
  readonly words: LineLog;
  #exitCode: Promise<number | null> = Promise.resolve(null);

  constructor(command: Command) {
    super(command);
    this.words = new LineLog(this.stderr as Readable);
  }

  /** The exit code, once the process has ended; null if a signal ended it or it never ran. */
  get exitCode(): Promise<number | null> {
    return this.#exitCode;
  }

  override async start(): Promise<void> {
    await super.start();
    // The SDK keeps the process to itself and gives nobody its exit code.
    const child = this["_process"]!;
    this.#exitCode = new Promise((resolve) => child.once("exit", resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#exitCode;
  }
}

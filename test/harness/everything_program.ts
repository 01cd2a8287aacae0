/** The reference server of the MCP project as a program that the executable starts. */
import { join } from "node:path";
import { ENTRY, type ReferenceServer } from "./everything_server.ts";
import { Home } from "./home.ts";

/** How to start the server. Each executable starts its own; it ends with that. */
export class EverythingProgram implements ReferenceServer {
  readonly #home = new Home();

  get words(): readonly string[] {
    return ["--", "sh", "-c", 'echo $$ > "$0"; exec "$@"', this.#pidFile, process.execPath, ENTRY, "stdio"];
  }

  /** Kills the program that was started last; the executable is to start another. */
  async restart(): Promise<void> {
    process.kill(Number(await Bun.file(this.#pidFile).text()), "SIGKILL");
  }

  /** What the server says by itself takes the output that the client has. */
  listened(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#home[Symbol.dispose]();
    return Promise.resolve();
  }

  get #pidFile(): string {
    return join(this.#home.folder, "pid");
  }
}

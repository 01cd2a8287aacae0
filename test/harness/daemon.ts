/** Servers of the system, such as nginx and squid, started for a test as the current user. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free_port.ts";

/** Where the programs stand; Debian keeps them off the path of a person who is not root. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
const ATTEMPTS = 5;
const START_MS = 30_000;

/**
 * Whether a test must be skipped since a program is not there. A run of CI on Linux has it, so that there its absence
 * is a failure.
 */
export function isAbsent(program: string): boolean {
  if (process.platform !== "linux") return true;
  return process.env.CI === undefined && Bun.which(program, { PATH }) === null;
}

/** What a server is started with, once its folder and port are known. */
export interface Recipe {
  readonly program: string;
  /** The files to be written into the folder, by name. */
  files(folder: string, port: number): Record<string, string>;
  args(folder: string): string[];
}

/** A running server. Disposing it ends it and removes its folder. */
export class Daemon implements AsyncDisposable {
  /** Where it keeps its files. */
  readonly folder: string;
  /** The port on 127.0.0.1 at which it listens. */
  readonly port: number;
  readonly #process: Bun.Subprocess;

  private constructor(folder: string, port: number, process: Bun.Subprocess) {
    this.folder = folder;
    this.port = port;
    this.#process = process;
  }

  /** Starts a server and waits until it listens. */
  static async start(recipe: Recipe): Promise<Daemon> {
    for (let attempt = 1;; attempt++) {
      const folder = mkdtempSync(join(tmpdir(), `mcp-bridge-${recipe.program}-`));
      // One that gives up being root is somebody else from then on.
      chmodSync(folder, 0o777);
      const port = await freePort();
      for (const [name, text] of Object.entries(recipe.files(folder, port))) {
        writeFileSync(join(folder, name), text, { mode: 0o755 });
      }
      const program = Bun.which(recipe.program, { PATH });
      if (program === null) throw new Error(`Cannot find ${recipe.program}: install it`);
      const child = Bun.spawn([program, ...recipe.args(folder)], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
      const daemon = new Daemon(folder, port, child);
      if (await daemon.#listens()) return daemon;
      child.kill("SIGKILL");
      const said = await new Response(child.stderr).text();
      await daemon[Symbol.asyncDispose]();
      if (attempt === ATTEMPTS) throw new Error(`${recipe.program} does not start: ${said}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #listens(): Promise<boolean> {
    for (const start = performance.now(); performance.now() - start < START_MS && this.#process.exitCode === null;) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const socket = connect(this.port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      const accepted = await promise;
      socket.destroy();
      if (accepted) return true;
      await Bun.sleep(20);
    }
    return false;
  }
}

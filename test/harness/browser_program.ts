/**
 * A program for `$BROWSER`. It only tells the test that it was started: what becomes of the address is done by the test,
 * which can hold, change and count what any number of processes open. Run by itself, this file is that program.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "./log.ts";

/** One start of the program. */
export interface Opening {
  /** The words behind the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The program. Disposing it removes it. */
export class BrowserProgram implements Disposable {
  /** Where it is. */
  readonly path: string;
  /** Every start, in order, whichever process it came from. */
  readonly openings = new Log<Opening>();
  readonly #folder = mkdtempSync(join(tmpdir(), "mcp-bridge-browser-"));
  readonly #server: Bun.Server<undefined>;

  /** Makes the program, which runs as long as `open` takes and ends with the exit code that it gives. */
  constructor(open: (opening: Opening) => Promise<number>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      fetch: async (request) => {
        const opening = await request.json() as Opening;
        this.openings.add(opening);
        return new Response(String(await open(opening)));
      },
    });
    this.path = join(this.#folder, "browser");
    const words = [process.execPath, import.meta.path, String(this.#server.port)].map((word) => `'${word}'`).join(" ");
    writeFileSync(this.path, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  }

  /** What a process needs to be told of the program. */
  get env(): Record<string, string> {
    return { BROWSER: this.path };
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const [port, ...args] = process.argv.slice(2);
  const opening: Opening = { args, env: process.env as Record<string, string> };
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    body: JSON.stringify(opening),
    proxy: false,
    timeout: false,
  });
  process.exitCode = Number(await answer.text());
}

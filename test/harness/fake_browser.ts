/**
 * A browser without a person, to be named by `$BROWSER`. The program that is started only tells the test that it was:
 * the test follows the address, so that it can hold, change and count what any number of processes open. Run by itself,
 * this file is that program.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "./log.ts";
import { type Page, walk } from "./walk.ts";

/** One start of the browser. */
export interface Opening {
  /** The words behind the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where an address led. */
export interface Visit {
  readonly opening: Opening;
  /** The addresses in order, the callback last, as it was visited. */
  readonly way: readonly string[];
  /** What the last of them answered; undefined where nobody did. */
  readonly page: Page | undefined;
}

/** What the person does; each may be changed while the browser waits. */
export interface Person {
  /** Resolves when the person goes on; until then the page stands there. */
  ready: Promise<unknown>;
  /** Changes what is carried back to the client: `state` say, or an `error` in place of the `code`. */
  change: (callback: URLSearchParams) => void;
  /** How often the callback is visited. */
  times: number;
  /** What the program ends with. */
  exitCode: number;
}

/** The browser. Disposing it removes the program; the kind that must not be opened throws then if it was. */
export class FakeBrowser implements Disposable {
  /** The program's path, for `$BROWSER`. */
  readonly program: string;
  /** Every start, in order, whichever process it came from. */
  readonly openings = new Log<Opening>();
  /** The visits that have come to their end. */
  readonly visits = new Log<Visit>();
  /** Why visits came to no end: addresses that are none, or that lead away from loopback. */
  readonly lost: string[] = [];
  /** What the person does from now on. */
  readonly person: Person = { ready: Promise.resolve(), change: () => {}, times: 1, exitCode: 0 };
  readonly #folder = mkdtempSync(join(tmpdir(), "mcp-bridge-browser-"));
  readonly #server: Bun.Server<undefined>;
  readonly #forbidden: boolean;
  readonly #tls: Bun.TLSOptions | undefined;

  /** Makes the program. `ca` holds authorities to trust beyond the system's, in PEM. */
  constructor({ forbidden = false, ca }: { forbidden?: boolean; ca?: string } = {}) {
    this.#forbidden = forbidden;
    this.#tls = ca === undefined ? undefined : { ca };
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      fetch: async (request) => new Response(String(await this.#open(await request.json() as Opening))),
    });
    this.program = join(this.#folder, "browser");
    const words = [process.execPath, import.meta.path, String(this.#server.port)].map((word) => `'${word}'`).join(" ");
    writeFileSync(this.program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  }

  /** One that must not be opened. */
  static forbidden(): FakeBrowser {
    return new FakeBrowser({ forbidden: true });
  }

  /** What a process needs to be told of this browser. */
  get env(): Record<string, string> {
    return { BROWSER: this.program };
  }

  /** How often it was opened so far. */
  get count(): number {
    return this.openings.items.length;
  }

  /** Lets the person say no: the callback gets an error in place of a code. */
  deny(): void {
    this.person.change = (callback) => {
      callback.delete("code");
      callback.set("error", "access_denied");
    };
  }

  /** Lets the person wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.person.ready = promise;
    return resolve;
  }

  /** Follows an address as the person would, a link from a log say. */
  visit(address: string): Promise<Visit> {
    return this.#follow({ args: [address], env: {} });
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
    rmSync(this.#folder, { recursive: true, force: true });
    if (!this.#forbidden || this.count === 0) return;
    throw new Error(`The browser must not be opened, and was: ${JSON.stringify(this.openings.items[0]!.args)}`);
  }

  async #open(opening: Opening): Promise<number> {
    this.openings.add(opening);
    if (this.#forbidden) return 1;
    await this.#follow(opening);
    return this.person.exitCode;
  }

  async #follow(opening: Opening): Promise<Visit> {
    await this.person.ready;
    const start = opening.args.at(-1) ?? "";
    const { way, page } = await walk(start, { arrive: (url) => this.#arrive(url), tls: this.#tls }).catch((error) => {
      this.lost.push(error.message);
      return { way: [start], page: undefined };
    });
    const visit = { opening, way, page };
    this.visits.add(visit);
    return visit;
  }

  async #arrive(callback: URL): Promise<URL> {
    this.person.change(callback.searchParams);
    for (let n = 1; n < this.person.times; n++) {
      await fetch(callback, { proxy: false }).then((answer) => answer.text(), () => {});
    }
    return callback;
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

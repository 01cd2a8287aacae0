/** A browser without a window, and the person before it, who agrees to everything unless the test says otherwise. */
import { BrowserProgram, type Opening } from "./browser_program.ts";
import { Log } from "./log.ts";
import { type Page, walk, type Walker } from "./walk.ts";

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

/** The browser. The kind that must not be opened throws on disposal if it was. */
export class FakeBrowser implements Disposable {
  /** The visits that have come to their end. */
  readonly visits = new Log<Visit>();
  /** Why visits came to no end: addresses that are none, or that lead away from loopback. */
  readonly lost: string[] = [];
  /** What the person does from now on. */
  readonly person: Person = { ready: Promise.resolve(), change: () => {}, times: 1, exitCode: 0 };
  readonly #program = new BrowserProgram((opening) => this.#open(opening));
  readonly #forbidden: boolean;
  readonly #network: Pick<Walker, "tls" | "proxy">;

  /**
   * Makes the program. `ca` holds the authorities to trust, in PEM, in place of the system's, and `proxy` is the way to
   * other machines.
   */
  constructor({ forbidden = false, ca, proxy }: { forbidden?: boolean; ca?: string; proxy?: string } = {}) {
    this.#forbidden = forbidden;
    this.#network = { ...(ca === undefined ? {} : { tls: { ca } }), ...(proxy === undefined ? {} : { proxy }) };
  }

  /** One that must not be opened. */
  static forbidden(): FakeBrowser {
    return new FakeBrowser({ forbidden: true });
  }

  /** What a process needs to be told of this browser. */
  get env(): Record<string, string> {
    return this.#program.env;
  }

  /** Every start, in order, whichever process it came from. */
  get openings(): Log<Opening> {
    return this.#program.openings;
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
    this.#program[Symbol.dispose]();
    if (!this.#forbidden || this.count === 0) return;
    throw new Error(`The browser must not be opened, and was: ${JSON.stringify(this.openings.items[0]!.args)}`);
  }

  async #open(opening: Opening): Promise<number> {
    if (this.#forbidden) return 1;
    await this.#follow(opening);
    return this.person.exitCode;
  }

  async #follow(opening: Opening): Promise<Visit> {
    await this.person.ready;
    const start = opening.args.at(-1) ?? "";
    const { way, page } = await walk(start, { arrive: (url) => this.#arrive(url), ...this.#network }).catch((error) => {
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

import type { Clock } from "../../platform/clock.ts";
import { type BridgeError, quoted, toBridgeError } from "../../platform/errors.ts";
import type { Notice, Notify } from "../../platform/notice.ts";
import { Health } from "../health/health.ts";
import type { ServerHealth } from "../health/health_state.ts";
import type { IsOpen } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import { Pool } from "../pool.ts";
import { Prober } from "../health/prober.ts";
import { Readiness } from "../health/readiness.ts";
import type { CallRecord } from "../watched.ts";

/** What looking at the endpoint needs. */
export interface ViewOptions {
  readonly clock: Clock;
  readonly notify: Notify;
  /** Whether the session of a client is open. */
  readonly isOpen: IsOpen;
  /** Is told of each call that has ended, too. */
  readonly record?: (call: CallRecord) => void;
  /** For how long a session that clients share stays when its last client has gone, in ms. */
  readonly sessionIdle: number;
  /** Whether each call is told of. */
  readonly tellsCalls: boolean;
}

/** What can be seen of the endpoint from outside: how its servers stand, and what passes. */
export class View {
  readonly health: Health;
  readonly ledger: Ledger;
  readonly readiness = new Readiness();
  /** The pool that is looked at. */
  readonly pool: Pool;
  readonly #options: ViewOptions;
  /** Where somebody is asked to sign in by a word of the page's. */
  readonly #signingIn = new Set<string>();

  constructor(options: ViewOptions) {
    const { clock } = options;
    this.#options = options;
    this.ledger = new Ledger(clock, options.isOpen);
    this.pool = new Pool({
      clock,
      idle: options.sessionIdle,
      record: (call) => this.#record(call),
      signInEvents: (server, account) => ({
        onheld: (cause) => this.health.held(server, account, cause),
        onsignedin: () => this.health.signedIn(server, account),
      }),
    });
    const prober = new Prober(this.pool, clock);
    this.health = new Health({
      clock,
      probe: (server, account) => prober.probe(server, account),
      onrecovered: (server, account) => void prober.refresh(server, account),
      onchange: (health) => this.#tell(health),
    });
  }

  /** Other servers have been put in place. */
  replaced(): void {
    this.health.prune((server, account) => this.pool.find(server, account) !== undefined);
    this.readiness.begin();
  }

  /** Begins a sign-in, whose course the health tells; false where this server knows none. */
  signIn(server: string, account: string): boolean {
    const signing = this.pool.entry(server)?.signing;
    if (signing === undefined) return false;
    const key = `${server}@${account}`;
    if (!this.#signingIn.has(key)) {
      this.#signingIn.add(key);
      const cause = { message: "somebody is asked to sign in, in the browser of this machine" };
      this.health.held(server, account, cause);
      signing.signIn(account, (why) => void (why && this.health.held(server, account, why)))
        .then(() => this.health.signedIn(server, account), (thrown) => this.#failed(server, account, thrown))
        .finally(() => this.#signingIn.delete(key));
    }
    return true;
  }

  /** Whether a sign-in that was begun here goes on. */
  isSigningIn(server: string, account: string): boolean {
    return this.#signingIn.has(`${server}@${account}`);
  }

  /** Looks no more. */
  close(): void {
    this.readiness.end();
    this.health.close();
  }

  #record(call: CallRecord): void {
    this.health.record(call);
    this.ledger.record(call);
    this.#options.record?.(call);
    if (this.#options.tellsCalls) this.#options.notify(noticeOf(call));
  }

  #failed(server: string, account: string, thrown: unknown): void {
    const error: BridgeError = toBridgeError(thrown);
    this.health.notSignedIn(server, account, error);
    const text = `nobody was signed in at ${named(server, account)}: ${error.message}`;
    this.#options.notify({ level: "warn", text });
  }

  #tell({ server, account, now, history }: ServerHealth): void {
    const before = history.at(-2)?.state;
    // What goes well from the beginning is no news.
    const level = now.state === "down" || now.state === "degraded"
      ? "warn"
      : before === "idle" || now.state === "idle"
      ? "debug"
      : "info";
    this.#options.notify({ level, text: `${named(server, account)} is ${now.state}: ${now.reason}` });
  }
}

function noticeOf({ server, account, method, name, client, ms, outcome, code, request }: CallRecord): Notice {
  const what = name === undefined ? quoted(method) : `${quoted(method)} of ${quoted(name)}`;
  const end = code === undefined ? outcome : `${outcome} ${code}`;
  const who = client === undefined ? "" : ` for ${quoted(client)}`;
  const text = `${what} at ${named(server, account)}${who}: ${end} in ${ms.toFixed(1)} ms`;
  return { level: "debug", text, ...(request === undefined ? {} : { request }) };
}

function named(server: string, account: string): string {
  return account === "default" ? quoted(server) : `${quoted(server)} (account ${quoted(account)})`;
}

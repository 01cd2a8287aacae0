import type { Clock } from "../platform/clock.ts";
import type { BridgeError } from "../platform/errors.ts";
import { PooledServer, type Reach } from "./pooled_server.ts";
import type { CallRecord } from "./watched.ts";

/** A server that may be asked for. */
export interface PoolEntry {
  readonly slug: string;
  /** The account that is meant where nobody names one. */
  readonly account: string;
  readonly isShared: boolean;
  /** What it is made of, as text: two entries with the same need not be told apart. */
  readonly fingerprint: string;
  /** Makes the way to it, for an account; dials nothing. */
  reach(account: string, events: SignInEvents): Reach;
  /** How people sign in there; nothing where nobody does. */
  readonly signing?: Signing;
  /** What a process of this user must mean by its name to be carried here; nothing where none is. */
  readonly attachable?: string | undefined;
}

/** A server that people sign in at. */
export interface Signing {
  /** Under which address its tokens are kept. */
  readonly address: string;
  /**
   * Signs in for an account, in the browser of this machine; `onwaiting` is told where somebody is awaited.
   *
   * @throws {BridgeError} what stands in the way
   */
  signIn(account: string, onwaiting: (cause: BridgeError | undefined) => void): Promise<void>;
}

/** What a server's way tells of sign-ins that requests have led to. */
export interface SignInEvents {
  /** Why everything waits for a person; nothing once it does not, whether somebody came or not. */
  onheld(cause: BridgeError | undefined): void;
  /** Somebody has signed in. */
  onsignedin(): void;
}

const NOBODY: SignInEvents = { onheld: () => {}, onsignedin: () => {} };

/** What the servers of a pool have in common. */
export interface PoolOptions {
  readonly clock: Clock;
  /** For how long a session that clients share stays when its last client has gone, in ms. */
  readonly idle: number;
  /** Is told of each call that has ended. */
  record(call: CallRecord): void;
  /** Is told of sign-ins at a server. */
  signInEvents?(server: string, account: string): SignInEvents;
}

/** All servers, by slug and account: each is made when somebody asks for it, and there once. */
export class Pool {
  readonly #options: PoolOptions;
  #entries: ReadonlyMap<string, PoolEntry> = new Map();
  readonly #servers = new Map<string, PooledServer>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The slugs that may be asked for, in the order of the registry. */
  get slugs(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Those that somebody has asked for. */
  get servers(): readonly PooledServer[] {
    return [...this.#servers.values()];
  }

  /** What is known of a slug; nothing where there is no such server. */
  entry(slug: string): PoolEntry | undefined {
    return this.#entries.get(slug);
  }

  /** The server of a slug, for an account or for its own; nothing where there is none. */
  get(slug: string, account?: string): PooledServer | undefined {
    const entry = this.#entries.get(slug);
    if (entry === undefined) return undefined;
    const who = account ?? entry.account;
    const key = `${slug}@${who}`;
    let server = this.#servers.get(key);
    if (server === undefined) {
      const { clock, idle, record, signInEvents } = this.#options;
      const reach = entry.reach(who, signInEvents?.(slug, who) ?? NOBODY);
      server = new PooledServer({ slug, account: who, isShared: entry.isShared, reach, clock, idle, record });
      this.#servers.set(key, server);
    }
    return server;
  }

  /** The server of a slug and account where somebody has asked for it already. */
  find(slug: string, account: string): PooledServer | undefined {
    return this.#servers.get(`${slug}@${account}`);
  }

  /**
   * Puts other entries in place: what is gone or has changed is ended, the rest goes on untouched. Gives the slugs of
   * what has ended; `onreplaced` gets them before the ending begins, in the same turn in which the entries change.
   */
  async replace(
    entries: ReadonlyMap<string, PoolEntry>,
    onreplaced: (over: ReadonlySet<string>) => void = () => {},
  ): Promise<ReadonlySet<string>> {
    const before = this.#entries;
    this.#entries = entries;
    const over = [...this.#servers].filter(([, { slug }]) =>
      before.get(slug)?.fingerprint !== entries.get(slug)?.fingerprint
    );
    for (const [key] of over) this.#servers.delete(key);
    const slugs = new Set(over.map(([, { slug }]) => slug));
    onreplaced(slugs);
    await Promise.all(over.map(([, server]) => server.close()));
    return slugs;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const all = this.servers;
    this.#servers.clear();
    await Promise.all(all.map((server) => server.close()));
  }
}

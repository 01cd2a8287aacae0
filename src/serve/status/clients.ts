import type { CallRecord } from "../watched.ts";

/** A client that is there. Times in ms since 1970. */
export interface ConnectedClient {
  /** As it calls itself; nothing where it does not. */
  readonly name: string | undefined;
  /** The beginning of its session's id; nothing for one that speaks without. */
  readonly session: string | undefined;
  /** The servers that it has called, and as whom, in the order of its first calls. */
  readonly uses: readonly Use[];
  /** When its first and its last call have ended. */
  readonly since: number;
  readonly seen: number;
  readonly calls: number;
}

/** A server that a client has called, and the account. */
export interface Use {
  readonly server: string;
  readonly account: string;
}

interface Known {
  readonly name: string | undefined;
  readonly session: string | undefined;
  readonly uses: Use[];
  readonly since: number;
  seen: number;
  calls: number;
}

/** Whether the session of an id is open. */
export type IsOpen = (session: string) => boolean;

/** A client without a session is gone when it has said nothing for so long, in ms. */
const GONE_MS = 10 * 60_000;
/** More are not kept; names are given by clients. */
const MOST_CLIENTS = 5_000;
/** Of each client; there may be a hundred servers behind one address. */
const MOST_USES = 128;
const SHOWN_OF_SESSION = 8;
/** Fewer are kept whether they have gone or not. */
const FEW_CLIENTS = 64;

/** Which clients are there, by the calls that they make. */
export class Clients {
  /** The one that was seen last stands last. */
  readonly #clients = new Map<string, Known>();
  readonly #isOpen: IsOpen;
  /** At so many those that have gone are forgotten, so that they need room no longer than those that are there. */
  #most = FEW_CLIENTS;

  constructor(isOpen: IsOpen) {
    this.#isOpen = isOpen;
  }

  /** A call has ended at `now`. */
  record({ client, session, server, account }: CallRecord, now: number): void {
    const key = session ?? `${server}@${account} ${client ?? ""}`;
    const known = this.#clients.get(key) ??
      { name: client, session, uses: [], since: now, seen: now, calls: 0 };
    const isNew = !known.uses.some((use) => use.server === server && use.account === account);
    if (isNew && known.uses.length < MOST_USES) known.uses.push({ server, account });
    known.seen = now;
    known.calls++;
    this.#clients.delete(key);
    this.#clients.set(key, known);
    if (this.#clients.size > this.#most) this.#forgetGone(now);
    if (this.#clients.size > MOST_CLIENTS) this.#clients.delete(this.#clients.keys().next().value!);
  }

  /** Those that are there at `now`, the one that was seen last first. */
  connected(now: number): ConnectedClient[] {
    this.#forgetGone(now);
    return [...this.#clients.values()].reverse().map((client) => ({
      ...client,
      uses: [...client.uses],
      session: client.session?.slice(0, SHOWN_OF_SESSION),
    }));
  }

  #forgetGone(now: number): void {
    for (const [key, { session, seen }] of this.#clients) {
      if (session === undefined ? now - seen >= GONE_MS : !this.#isOpen(session)) this.#clients.delete(key);
    }
    this.#most = Math.max(FEW_CLIENTS, 2 * this.#clients.size);
  }
}

import type { ClientListener } from "../bridge/stage.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { Clock } from "../platform/clock.ts";
import type { Connection } from "./health/probe.ts";
import { SharedSession } from "./shared_session.ts";
import { type CallOrigin, type CallRecord, type Load, type Onward, type Visitor, Watched } from "./watched.ts";

/** One client's way to a server. */
export interface ServerLine extends ClientListener {
  /** Takes nothing any more, and waits up to `patience` ms for answers that are on their way. */
  leave(patience: number): Promise<void>;
  /** Ends the session. */
  close(): Promise<void>;
}

/** One server and account as the pool is given it. */
export interface Reach {
  /** The server's name to a person. */
  readonly name: string;
  /** Whether all that it says to a client comes on one stream, as far as is known; else each request may have its own. */
  readonly hasOneStream?: boolean;
  /** Makes a client's own way to it; `isHurried` where the client has others beside it, which should not wait. */
  open(local: LocalEnd, isHurried?: boolean): ServerLine;
  /** Ends every way, within a second. */
  close(): Promise<void>;
}

/** A client's place at a server. */
export interface Seat extends ClientListener {
  /** The client has gone; answers on their way are nobody's. */
  leave(): Promise<void>;
}

/** What a server of the pool is made of. */
export interface PooledServerOptions {
  readonly slug: string;
  readonly account: string;
  /** Whether its clients share one session though the server may keep state in it. */
  readonly isShared: boolean;
  readonly reach: Reach;
  readonly clock: Clock;
  /** For how long a session that is shared stays when its last client has gone, in ms. */
  readonly idle: number;
  /** Is told of each call that has ended. */
  readonly record: (call: CallRecord) => void;
}

/**
 * One server and account of the pool, with all its clients: each has a session of its own where the server may keep
 * state in it, and those of the era without sessions are one client to it.
 */
export class PooledServer {
  readonly slug: string;
  readonly account: string;
  readonly #options: PooledServerOptions;
  readonly #seats = new Set<Seat>();
  /** The clients that have a session of their own. */
  readonly #sessions = new Set<Watched>();
  readonly #load: Load = { calls: 0 };
  #shared: SharedSession | undefined;

  constructor(options: PooledServerOptions) {
    this.#options = options;
    this.slug = options.slug;
    this.account = options.account;
  }

  /** See `Reach`. */
  get hasOneStream(): boolean {
    return this.#options.reach.hasOneStream === true;
  }

  /** How many clients are there. */
  get clients(): number {
    return this.#seats.size;
  }

  /** How many calls have no answer yet. */
  get inFlight(): number {
    return this.#load.calls;
  }

  /** The connections that something of ours may be asked on. */
  get connections(): Connection[] {
    const own = [...this.#sessions].filter(({ isAgreed }) => isAgreed).map((end) => connectionOf(end, false));
    const shared = this.#shared;
    if (shared === undefined) return own;
    const ours = new Watched(
      { send: () => undefined, close: () => Promise.resolve() },
      this.#describe(NOBODY),
      () => {},
    );
    ours.onward = (message) => shared.fromClient(message, ours);
    return [...own, connectionOf(ours, !shared.hasHandshake, () => shared.forget(ours))];
  }

  /** Gives the client at `end` a session; `isHurried` where it has other servers beside this one. */
  seat(end: LocalEnd, visitor: Visitor, isHurried = false): Seat {
    if (this.#options.isShared) return this.#among(end, visitor, true);
    const watched = this.#watched(end, visitor);
    const line = this.#options.reach.open(watched, isHurried);
    this.#sessions.add(watched);
    return this.#taken(watched, (message) => line.fromClient(message), async () => {
      this.#sessions.delete(watched);
      await line.leave(0);
      await line.close();
    });
  }

  /** Takes in the client at `end`, which speaks without a session. */
  stand(end: LocalEnd, visitor: Visitor): Seat {
    return this.#among(end, visitor, false);
  }

  #among(end: LocalEnd, visitor: Visitor, hasHandshake: boolean): Seat {
    const shared = this.#shared ??= this.#share();
    if (hasHandshake) shared.hasHandshake = true;
    shared.join();
    const watched = this.#watched(end, visitor);
    return this.#taken(watched, (message) => shared.fromClient(message, watched), () => {
      shared.leave(watched);
      return Promise.resolve();
    });
  }

  #taken(watched: Watched, onward: Onward, leave: () => Promise<void>): Seat {
    watched.onward = onward;
    const seat: Seat = {
      // Who has left says nothing any more, though it may be on its way.
      fromClient: (message) => this.#seats.has(seat) ? watched.fromClient(message) : undefined,
      leave: () => {
        if (!this.#seats.delete(seat)) return Promise.resolve();
        watched.leave();
        return leave();
      },
    };
    this.#seats.add(seat);
    return seat;
  }

  #watched(end: LocalEnd, visitor: Visitor): Watched {
    return new Watched(end, this.#describe(visitor), this.#options.record, this.#load);
  }

  #describe(visitor: Visitor): CallOrigin {
    return { ...visitor, server: this.slug, account: this.account };
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await this.#options.reach.close();
  }

  #share(): SharedSession {
    const { reach, clock, idle } = this.#options;
    return new SharedSession({ reach, clock, idle, onended: () => this.#shared = undefined });
  }
}

const NOBODY: Visitor = { client: undefined };

function connectionOf(end: Watched, isModern: boolean, leave = (): void => {}): Connection {
  return { isModern, ask: (request) => end.ask(request), tell: (message) => void end.onward(message), leave };
}

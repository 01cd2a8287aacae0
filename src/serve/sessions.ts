import type { Clock, Timer } from "../platform/clock.ts";
import type { Seat } from "./pooled_server.ts";

/** A client's session with the endpoint. */
export interface ClientSession {
  readonly id: string;
  /** What it was opened for: the path of the endpoint. */
  readonly target: string;
  readonly seat: Seat;
  /** Whether the client hears us now: one that does is not idle, however long it says nothing. */
  isHeard(): boolean;
  /** Tells the client that we are there. */
  beat(): void;
  /** Ends what the client has open. */
  hangUp(): void;
}

/** A client that waits for an answer without a session. */
export type Guest = Pick<ClientSession, "beat">;

/** How many sessions there may be, and for how long a client may be gone, in ms. */
export interface SessionLimits {
  readonly most: number;
  readonly idle: number;
}

const BEAT_MS = 20_000;
/** A session's handshake leaves up to 8 KiB behind, with which the collector takes its time: 2 ms for so many sessions. */
const COLLECT_AFTER = 64;

/** The sessions of all clients, by their ids. */
export class Sessions {
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, { readonly session: ClientSession; seenAt: number }>();
  /** Who waits for an answer without a session. */
  readonly #guests = new Set<Guest>();
  #beating: Timer | undefined;
  #added = 0;

  constructor(clock: Clock, limits: SessionLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** How many there are. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether one more would be too many. */
  get isFull(): boolean {
    return this.#sessions.size >= this.#limits.most;
  }

  /** Whether a session is open; it is no sign of life of its client to ask that. */
  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** Takes a session in. */
  add(session: ClientSession): void {
    this.#sessions.set(session.id, { session, seenAt: this.#clock.now() });
    if (this.#beating === undefined) this.#beatLater();
    if (++this.#added % COLLECT_AFTER === 0) Bun.gc(false);
  }

  /** How many clients wait for an answer without a session. */
  get guests(): number {
    return this.#guests.size;
  }

  /** Takes a client in that waits for an answer without a session, until `dismiss`. */
  receive(guest: Guest): void {
    this.#guests.add(guest);
    if (this.#beating === undefined) this.#beatLater();
  }

  /** A client has its answer, or has gone. */
  dismiss(guest: Guest): void {
    this.#guests.delete(guest);
  }

  /** The session of an id, where the endpoint is the one that it was opened at; it is alive then. */
  get(id: string, target: string): ClientSession | undefined {
    const found = this.#sessions.get(id);
    if (found?.session.target !== target) return undefined;
    found.seenAt = this.#clock.now();
    return found.session;
  }

  /** Ends a session, on both sides. */
  async end(id: string): Promise<void> {
    const found = this.#sessions.get(id);
    if (found === undefined) return;
    this.#sessions.delete(id);
    found.session.hangUp();
    await found.session.seat.leave();
  }

  /** Ends all sessions, or those that are meant. */
  async endAll(isMeant: (session: ClientSession) => boolean = () => true): Promise<void> {
    const all = [...this.#sessions.values()].map(({ session }) => session);
    await Promise.all(all.filter(isMeant).map(({ id }) => this.end(id)));
  }

  /** Tells nobody anything any more. */
  stop(): void {
    this.#beating?.cancel();
  }

  #beatLater(): void {
    this.#beating = this.#clock.after(BEAT_MS, () => {
      this.#beat();
      this.#beating = undefined;
      if (this.#sessions.size + this.#guests.size > 0) this.#beatLater();
    });
  }

  #beat(): void {
    const now = this.#clock.now();
    for (const guest of this.#guests) guest.beat();
    for (const found of this.#sessions.values()) {
      const { session } = found;
      if (session.isHeard()) {
        found.seenAt = now;
        session.beat();
      } else if (now - found.seenAt >= this.#limits.idle) void this.end(session.id);
    }
  }
}

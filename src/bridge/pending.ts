import { Abort } from "../platform/abort.ts";
import type { Lease } from "../platform/budget.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { ChannelFailure } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { NO_TRIES, type Tries } from "./next_step.ts";

/** One request of the client that has no answer yet. Times are in ms by the clock. */
export interface PendingRequest {
  readonly message: Message;
  readonly receivedAt: number;
  /** Whether it stays open for news until somebody ends it (2026-07-28): no answer is on its way, however late. */
  readonly isSubscription: boolean;
  /** Gives the exchange up; its reason says why. Each exchange has its own. */
  abort: Abort;
  /** The session that it was last sent in; 0 while it waits to be sent. */
  generation: number;
  /** When something of its answer arrived last; 0 before that. */
  heardAt: number;
  /** What was done before it was last sent. */
  tries: Tries;
  /** Whether it has been answered or cancelled. */
  settled: boolean;
  /** See `InLine`. */
  hasTurn: boolean;
  readonly lease: Lease | undefined;
  /** Under which key its progress is told, once that has been looked at. */
  tokenKey: string | undefined;
}

/** The deadlines that bind a request, in ms; 0 for none. A subscription has none. */
export interface Deadlines {
  /** From receipt to answer. */
  readonly total: number;
  /** Of silence once an answer has begun to arrive; progress counts as a sound. */
  readonly idle: number;
}

const NO_DEADLINES: Deadlines = { total: 0, idle: 0 };

/** What the deadlines tell their owner. */
export interface PendingEvents {
  /** A request's time is over. */
  onexpired(request: PendingRequest, error: BridgeError): void;
  /** Nothing was heard for a while though requests are in flight. */
  onsilence(): void;
  /** The clock jumped: the machine slept, or the process was stopped. */
  onjump(): void;
}

const BUSY_TICK_MS = 1_000;
const IDLE_TICK_MS = 10_000;
/** A tick that comes so much too late means that time stood still for us, in ms. */
const JUMP_MS = 15_000;
/** How long the far end may be silent with something in flight before we knock, in ms. */
const SILENCE_MS = 30_000;

/** How long a request waits for what only a person can do; hosts wait about a minute, in ms. */
export const HELD_PATIENCE_MS = 45_000;

/** The client's requests in flight, and every deadline that they have. */
export class Pending {
  #requests = new Map<string, PendingRequest>();
  /** By the key under which progress is told; made when the server first tells some, since most never do. */
  #byToken: Map<string, PendingRequest> | undefined;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #events: PendingEvents;
  #heardAt = 0;
  #tickedAt = 0;
  #ticking: Timer | undefined;
  #tickMs = 0;
  #stopped = false;
  #held: BridgeError | undefined;
  #drained: (() => void)[] = [];

  constructor(clock: Clock, deadlines: Deadlines, events: PendingEvents) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#events = events;
  }

  /** How many requests are in flight. */
  get size(): number {
    return this.#requests.size;
  }

  /** Opens an entry, or answers nothing where the id is in flight already. */
  add(message: Message, lease?: Lease): PendingRequest | undefined {
    if (this.#requests.has(message.key)) return undefined;
    const now = this.#clock.now();
    this.#noticeJump(now);
    const request: PendingRequest = {
      message,
      receivedAt: now,
      isSubscription: message.method === "subscriptions/listen",
      abort: new Abort(),
      generation: 0,
      heardAt: 0,
      tries: NO_TRIES,
      settled: false,
      hasTurn: false,
      lease,
      tokenKey: undefined,
    };
    if (this.#requests.size === 0) this.#heardAt = now;
    this.#requests.set(message.key, request);
    if (this.#byToken !== undefined) enter(request, this.#byToken);
    if (this.#tickMs !== BUSY_TICK_MS) this.#arm(BUSY_TICK_MS);
    return request;
  }

  /** The request in flight under an id key. */
  get(key: string): PendingRequest | undefined {
    return this.#requests.get(key);
  }

  /** Closes the entry of an id key: who gets it may answer, and nobody after. */
  settle(key: string): PendingRequest | undefined {
    const request = this.#requests.get(key);
    if (request === undefined) return undefined;
    request.settled = true;
    request.lease?.end();
    this.#requests.delete(key);
    // One that was used keeps its room for ever, and a session mostly waits.
    if (this.#requests.size === 0) this.#requests = new Map();
    if (this.#drained.length > 0 && this.#isDrained()) { for (const wake of this.#drained.splice(0)) wake(); }
    const { tokenKey } = request;
    if (tokenKey !== undefined && this.#byToken?.get(tokenKey) === request) this.#byToken.delete(tokenKey);
    return request;
  }

  /** Why requests cannot go on for now, where that is so. */
  get held(): BridgeError | undefined {
    return this.#held;
  }

  /**
   * Requests cannot go on for a reason that lies outside, a sign-in that a person has to do: those that wait for longer
   * than a host does are told so. Nothing, once they can.
   */
  hold(cause: BridgeError | undefined): void {
    this.#held = cause;
    this.#heardAt = this.#clock.now();
  }

  /** Something arrived from the far end, for `request` if it is known for whom. */
  heard(request?: PendingRequest): void {
    this.#heardAt = this.#clock.now();
    if (request !== undefined) request.heardAt = this.#heardAt;
  }

  /** A progress notification came for a token, given in raw form. */
  progressed(token: string): void {
    if (this.#byToken === undefined) {
      this.#byToken = new Map();
      for (const request of this.#requests.values()) enter(request, this.#byToken);
    }
    const request = this.#byToken.get(idKey(token));
    if (request !== undefined && request.heardAt > 0) request.heardAt = this.#clock.now();
  }

  /** All requests in flight, those of one session only if `generation` is given. */
  all(generation?: number): PendingRequest[] {
    const requests = [...this.#requests.values()];
    return generation === undefined ? requests : requests.filter((request) => request.generation === generation);
  }

  /** Settles as soon as no answer is to come; an answer may set off the next request, as the pages of a list do. */
  async drained(): Promise<void> {
    while (!this.#isDrained()) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Ends the clockwork; entries stay. */
  stop(): void {
    this.#stopped = true;
    this.#ticking?.cancel();
  }

  #isDrained(): boolean {
    return this.#requests.values().every(({ isSubscription }) => isSubscription);
  }

  #arm(ms: number): void {
    if (this.#stopped) return;
    this.#ticking?.cancel();
    this.#tickMs = ms;
    this.#tickedAt = this.#clock.now();
    this.#ticking = this.#clock.after(ms, () => this.#tick());
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#noticeJump(now);
    this.#arm(this.#requests.size > 0 ? BUSY_TICK_MS : IDLE_TICK_MS);
    for (const request of this.all()) this.#judge(request, now);
    if (this.#requests.size > 0 && this.#held === undefined && now - this.#heardAt >= SILENCE_MS) {
      this.#heardAt = now;
      this.#events.onsilence();
    }
  }

  /** A tick that is long overdue has been slept over: by the tick itself, or by the client who comes before it. */
  #noticeJump(now: number): void {
    if (this.#ticking === undefined || now - this.#tickedAt <= this.#tickMs + JUMP_MS) return;
    this.#heardAt = this.#tickedAt = now;
    for (const request of this.#requests.values()) if (request.heardAt > 0) request.heardAt = now;
    this.#events.onjump();
  }

  #judge(request: PendingRequest, now: number): void {
    const { total, idle } = request.isSubscription ? NO_DEADLINES : this.#deadlines;
    if (total > 0 && now - request.receivedAt >= total) {
      this.#events.onexpired(request, late(`no answer within ${total / 1000} s`, "--timeout SECONDS"));
    } else if (this.#held !== undefined) {
      // Who asks for the handshake is answered in another way.
      if (request.message.method === "initialize" || now - request.receivedAt < HELD_PATIENCE_MS) return;
      this.#events.onexpired(request, this.#held);
    } else if (idle > 0 && request.heardAt > 0 && now - request.heardAt >= idle) {
      const silence = `the server began to answer and was then silent for ${idle / 1000} s`;
      this.#events.onexpired(request, late(silence, "--body-timeout SECONDS"));
    }
  }
}

function enter(request: PendingRequest, byToken: Map<string, PendingRequest>): void {
  const token = request.message.param("_meta", "progressToken");
  if (token === undefined) return;
  request.tokenKey = idKey(token);
  byToken.set(request.tokenKey, request);
}

function late(message: string, flag: string): BridgeError {
  return new ChannelFailure("broken", "timed_out", message, {
    mayHaveRun: true,
    hint: `allow more with "${flag}" or "timeouts" in servers.json`,
  });
}

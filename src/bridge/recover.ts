import { type BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { ChannelFailure } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import type { OwnRequests } from "./own_requests.ts";

/** How the session with the server stands. */
type SessionState =
  /** The client asked for none, or the server refused it; requests go as they are. */
  | { kind: "none" }
  | { kind: "opening"; done: Promise<unknown> }
  | { kind: "open" }
  /** It is to be made (again) before the next request. */
  | { kind: "absent"; since: number };

const FIRST_GENERATION = 1;
/** However many requests wait, a server that has just refused a session is not asked for the next one sooner, in ms. */
const PAUSE_MS = 200;

/** What recovering needs of its surroundings. */
export interface RecoverOptions {
  readonly clock: Clock;
  readonly notify: Notify;
}

/** What it needs of the pump. */
export interface RecoverParts {
  readonly own: OwnRequests;
  /** The server has agreed to an `initialize`, the client's or ours. */
  onagreed(initialize: Message, answer: Message): void;
  /** Another session took the place of the one of `previous` generation. */
  onremade(previous: number): void;
}

/** A step of the handshake may take long: some servers start only when they are called. */
const HANDSHAKE_MS = 5 * 60_000;

/**
 * The client's handshake, kept so that it can be made again: a server that restarts, or forgets the session, gets the
 * same `initialize`, `notifications/initialized`, log level and subscriptions once more, and the client notices nothing
 * (basic/transports, "Session Management": a client starts anew after 404).
 */
export class Recover {
  readonly #options: RecoverOptions;
  readonly #parts: RecoverParts;
  #state: SessionState = { kind: "none" };
  #initialize: Message | undefined;
  #initialized: Message | undefined;
  /** Whether the handshake that is under way has yet to look whether the client has confirmed. */
  #looksLater = false;
  #level: Message | undefined;
  /** By the resource's URI; most clients have none. */
  #subscriptions: Map<string, Message> | undefined;
  #generation = FIRST_GENERATION;
  #lastCause: BridgeError | undefined;

  constructor(options: RecoverOptions, parts: RecoverParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Counts the sessions; a request belongs to the one that it was sent in. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether a request may be sent at once. */
  get isReady(): boolean {
    return this.#state.kind === "none" || this.#state.kind === "open";
  }

  /** Whether there is a session that a ping could be sent in. */
  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Whether there was a session at any time. */
  get wasOpen(): boolean {
    return this.#generation > FIRST_GENERATION;
  }

  /** Whether the client has begun a handshake. */
  get wantsSession(): boolean {
    return this.#initialize !== undefined;
  }

  /** Why there is no session yet, where that is known. */
  get cause(): BridgeError | undefined {
    return this.isReady ? undefined : this.#lastCause;
  }

  /** Carries the client's own `initialize` out; `onanswer` sees the server's answer of either kind. */
  open(initialize: Message, onanswer: (answer: Message) => void): Promise<void> {
    this.#initialize = initialize;
    this.#initialized = this.#level = undefined;
    this.#subscriptions = undefined;
    return this.#handshake(initialize, onanswer);
  }

  /** The client has confirmed the handshake; what follows waits until the server has heard it. */
  confirm(initialized: Message): Promise<void> {
    this.#initialized = initialized;
    const { kind } = this.#state;
    const isOver = kind === "opening" && !this.#looksLater;
    if (kind !== "open" && !isOver) return Promise.resolve();
    return this.#during(this.#unlessRefused(this.#parts.own.tell(initialized)));
  }

  /**
   * Settles once requests may be sent, making the session if there is none.
   *
   * @throws {ChannelFailure} why that failed; the request that waits was not sent.
   */
  async ready(): Promise<void> {
    while (!this.isReady) {
      try {
        if (this.#state.kind === "opening") await this.#state.done;
        else if (this.#hasJustFailed) throw this.#lastCause;
        else await this.remake(this.#generation);
      } catch (thrown) {
        throw withoutSession(toBridgeError(thrown));
      }
    }
  }

  get #hasJustFailed(): boolean {
    return this.#state.kind === "absent" && this.#options.clock.now() - this.#state.since < PAUSE_MS;
  }

  /** The session of `generation` is lost: makes another, unless that has happened already. */
  async remake(generation: number): Promise<void> {
    if (this.#state.kind === "opening") return this.ready();
    if (generation !== this.#generation || this.#initialize === undefined) return;
    await this.#handshake(this.#initialize.withId(this.#parts.own.nextId()));
    if (generation === this.#generation) return;
    this.#options.notify({ level: "debug", text: "made the session with the server again" });
    this.#parts.onremade(generation);
  }

  /** Remembers what a session was told, once the server has agreed to it. */
  remember(request: Message): void {
    if (request.method === "logging/setLevel") this.#level = request;
    if (request.method !== "resources/subscribe" && request.method !== "resources/unsubscribe") return;
    const uri = request.stringParam("uri");
    if (uri === undefined) return;
    if (request.method === "resources/subscribe") (this.#subscriptions ??= new Map()).set(uri, request);
    else this.#subscriptions?.delete(uri);
  }

  async #handshake(initialize: Message, onanswer?: (answer: Message) => void): Promise<void> {
    this.#looksLater = true;
    const made = (async () => {
      const answer = await this.#ask(initialize, (said) => {
        // What the server asks right behind its answer belongs to the new session.
        if (!said.isError) this.#generation++;
        onanswer?.(said);
      });
      if (answer.isError) return false;
      this.#parts.onagreed(initialize, answer);
      this.#looksLater = false;
      if (this.#initialized !== undefined) await this.#unlessRefused(this.#parts.own.tell(this.#initialized));
      for (const request of [this.#level, ...this.#subscriptions?.values() ?? []]) {
        if (request === undefined) continue;
        await this.#unlessRefused(this.#ask(request.withId(this.#parts.own.nextId())));
      }
      return true;
    })();
    await this.#during(made);
    if (!(await made)) this.#state = { kind: "none" };
  }

  #ask(request: Message, onanswer?: (answer: Message) => void): Promise<Message> {
    return this.#parts.own.ask(request, HANDSHAKE_MS, onanswer);
  }

  /** A server that refuses a step behind `initialize` may serve well all the same. */
  async #unlessRefused(step: Promise<unknown>): Promise<void> {
    try {
      await step;
    } catch (thrown) {
      if (!(thrown instanceof ChannelFailure) || thrown.kind !== "refused") throw thrown;
      this.#options.notify({ level: "info", text: `the server refused a step of the handshake: ${thrown.message}` });
    }
  }

  async #during(work: Promise<unknown>): Promise<void> {
    const done = work.then(() => {}, () => {});
    const opening: SessionState = { kind: "opening", done };
    this.#state = opening;
    try {
      await work;
      if (this.#state === opening) this.#state = { kind: "open" };
    } catch (thrown) {
      this.#lastCause = toBridgeError(thrown);
      if (this.#state === opening) this.#state = { kind: "absent", since: this.#options.clock.now() };
      throw thrown;
    }
  }
}

function withoutSession(cause: BridgeError): ChannelFailure {
  if (cause instanceof ChannelFailure && !cause.mayHaveRun) return cause;
  const hint = cause.hint === undefined ? {} : { hint: cause.hint };
  return new ChannelFailure("broken", "unreachable", `no session with the server: ${cause.message}`, {
    ...hint,
    cause,
  });
}

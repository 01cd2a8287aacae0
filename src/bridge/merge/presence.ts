import type { Clock, Timer } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import type { Message } from "../../transport/message.ts";
import { errorAnswer, isObject } from "../answers.ts";

/** How a server of the handshake's era stands. */
type State =
  /** Nobody has asked for a handshake: requests go as they are. */
  | { kind: "none" }
  | { kind: "opening"; readonly waiting: Then[]; readonly timer: Timer }
  | { kind: "open"; readonly capabilities: Record<string, unknown> }
  /** It is to be made again, by the first request after `retryAt`, in ms. */
  | { kind: "absent"; readonly cause: Message; readonly retryAt: number };

/** Goes on with a request: nothing speaks against it, or the error that does. */
export type Then = (refusal?: Message) => void;

/** What a presence needs. */
export interface PresenceOptions {
  readonly slug: string;
  readonly clock: Clock;
  /** Sends a request of ours, under an id of ours. */
  ask(request: Message, onanswer: (answer: Message) => void): void;
  tell(notification: Message): void;
  /** The server has agreed to a handshake. */
  onarrived(): void;
}

/** A server says yes or no to a handshake within this time, in ms: the pump in front of it answers in its place. */
const OPENING_MS = 30_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/**
 * The client's handshake with one of several servers: made when the client makes its own, and made again for the next
 * request where the server could not be had.
 */
export class Presence {
  readonly #options: PresenceOptions;
  #state: State = { kind: "none" };
  #initialize: Message | undefined;
  #initialized: Message | undefined;
  #level: Message | undefined;
  #wait = FIRST_WAIT_MS;
  /** Counts the handshakes; only the newest one's answer counts. */
  #attempt = 0;
  /** What a server without a handshake has said that it offers. */
  #offered: Record<string, unknown> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Whether the server has agreed to the client's handshake. */
  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** The client has begun a handshake. */
  greet(initialize: Message): void {
    this.#initialize = initialize;
    this.#initialized = this.#level = undefined;
    this.#open();
  }

  /** The client has confirmed its handshake. */
  confirm(initialized: Message): void {
    this.#initialized = initialized;
    if (this.isOpen) this.#options.tell(initialized);
  }

  /** The client wants the log from a level on, by its `logging/setLevel`. */
  setLevel(request: Message): void {
    this.#level = request;
    if (this.isOpen && this.mayOffer("logging")) this.#options.ask(request, () => {});
  }

  /** What the server has said without a handshake. */
  learn(capabilities: Record<string, unknown>): void {
    this.#offered = capabilities;
  }

  /** Whether the server has a capability, or may have it for all that is known. */
  mayOffer(capability: string): boolean {
    const known = this.#state.kind === "open" ? this.#state.capabilities : this.#offered;
    return known === undefined || isObject(known[capability]);
  }

  /** Goes on as soon as the server can be asked something, or cannot be; at once where that is known. */
  ready(then: Then): void {
    if (this.#state.kind === "absent" && this.#options.clock.now() >= this.#state.retryAt) this.#open();
    switch (this.#state.kind) {
      case "opening":
        return void this.#state.waiting.push(then);
      case "absent":
        return then(this.#state.cause);
      default:
        return then();
    }
  }

  #open(): void {
    const { ask, clock, slug } = this.#options;
    const attempt = ++this.#attempt;
    const waiting: Then[] = [];
    if (this.#state.kind === "opening") {
      this.#state.timer.cancel();
      waiting.push(...this.#state.waiting);
    }
    const timer = clock.after(OPENING_MS, () => {
      const error = new BridgeError("timed_out", `the server did not say within ${OPENING_MS / 1000} s what it is`);
      // It is still being asked: its answer counts whenever it comes.
      if (attempt === this.#attempt) this.#close(errorAnswer("null", error, slug), Infinity);
    });
    this.#state = { kind: "opening", waiting, timer };
    ask(this.#initialize!, (answer) => {
      if (attempt !== this.#attempt || this.isOpen) return;
      if (answer.isError) this.#refuse(answer);
      else this.#agree(answer);
    });
  }

  #agree(answer: Message): void {
    const { ask, tell, onarrived } = this.#options;
    const raw: unknown = JSON.parse(answer.answerMember("result", "capabilities") ?? "{}");
    this.#wait = FIRST_WAIT_MS;
    const goOn = this.#leave({ kind: "open", capabilities: isObject(raw) ? raw : {} });
    if (this.#initialized !== undefined) tell(this.#initialized);
    if (this.#level !== undefined && this.mayOffer("logging")) ask(this.#level, () => {});
    onarrived();
    for (const then of goOn) then();
  }

  #refuse(cause: Message): void {
    const wait = this.#wait;
    this.#wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    this.#close(cause, this.#options.clock.now() + wait);
  }

  #close(cause: Message, retryAt: number): void {
    for (const then of this.#leave({ kind: "absent", cause, retryAt })) then(cause);
  }

  /** Takes another state; gives who has waited for it. */
  #leave(next: State): readonly Then[] {
    const last = this.#state;
    this.#state = next;
    if (last.kind !== "opening") return [];
    last.timer.cancel();
    return last.waiting;
  }
}

import { jittered, type Timer } from "../../platform/clock.ts";
import { signOf } from "./health_signs.ts";
import type { HealthChange, HealthOptions, HealthState, ServerHealth } from "./health_state.ts";
import type { OwnFailure } from "./own_failure.ts";
import type { CallRecord } from "../watched.ts";

/** How often a server is looked at that does well, in ms. */
const PROBE_MS = 30_000;
/** For so long after a client's last call, in ms. */
const USED_MS = 10 * 60_000;
/** A server that has answered a call so shortly before need not be asked, in ms. */
const HEARD_MS = 15_000;
/** How soon, and how late, a server in trouble is looked at again, in ms. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** A ping that takes longer is a slow one, in ms. */
const SLOW_MS = 2_000;
/** The handshake of a server that is late, or in trouble, may be answered in its place, and tells nothing, in ms. */
const LATE_HANDSHAKE_MS = 10_000;
/** So many failures in a row are no bad luck. */
const DOWN_AFTER = 3;
/** So many answers in a row end bad luck. */
const UP_AFTER = 3;
const MOST_CHANGES = 50;
/** Of the address of a sign-in page, what a person reads. */
const LONG_ADDRESS = /\b(https?:\/\/[^\s/]+\/)\S{40,}/g;

/** How one server and account stands, and the hands that look after it. */
export class ServerWatch {
  readonly #server: string;
  readonly #account: string;
  readonly #options: HealthOptions;
  readonly #history: HealthChange[] = [];
  #now: HealthChange;
  #usedAt = 0;
  #heardAt = -Infinity;
  #failures = 0;
  #answers = 0;
  #retry = FIRST_RETRY_MS;
  #timer: Timer | undefined;
  #isProbing = false;
  /** Whether a person is awaited: until the server answers, calls that fail tell of that alone. */
  #isHeld = false;
  #signInPage: string | undefined;

  constructor(server: string, account: string, options: HealthOptions) {
    this.#server = server;
    this.#account = account;
    this.#options = options;
    this.#now = { state: "idle", reason: "nobody has asked it yet", at: options.clock.now() };
    this.#history.push(this.#now);
  }

  /** How it stands. */
  get health(): ServerHealth {
    return {
      server: this.#server,
      account: this.#account,
      now: this.#now,
      history: [...this.#history],
      signInPage: this.#signInPage,
    };
  }

  /** A call of a client has ended. */
  called({ method, ms, outcome, failure }: CallRecord): void {
    this.#usedAt = this.#options.clock.now();
    const isShaken = method === "initialize" && outcome === "result" && failure === undefined;
    const isInPlace = isShaken && (ms >= LATE_HANDSHAKE_MS || isTrouble(this.#now.state));
    if (outcome !== "cancelled" && !isInPlace) this.#take(failure, 1);
    if (this.#timer === undefined && !this.#isProbing) {
      this.#lookAfter(this.#now.state === "idle" ? FIRST_RETRY_MS : undefined);
    }
  }

  /** Why all waits for a person; nothing once it does not, whether somebody came or not. */
  held(reason: string | undefined): void {
    this.#isHeld = reason !== undefined;
    this.#signInPage = reason === undefined ? undefined : /\bhttps?:\/\/\S+/.exec(reason)?.[0];
    if (reason !== undefined) this.#become("signed-out", reason);
    else if (this.#now.state === "signed-out") this.#become("signed-out", "nobody has signed in");
  }

  /** Somebody has signed in. */
  signedIn(): void {
    this.#isHeld = false;
    this.#signInPage = undefined;
    if (this.#now.state !== "signed-out") return;
    this.#become("idle", "somebody has signed in");
    this.#lookAfter(0);
  }

  /** A sign-in has come to nothing. */
  notSignedIn(reason: string): void {
    this.held(undefined);
    this.#become("signed-out", reason);
  }

  /** Looks no more, until somebody calls. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** `weight` is how many answers this one is worth. */
  #take(failure: OwnFailure | undefined, weight: number): void {
    const sign = signOf(failure);
    if (sign === "nothing") return;
    if (sign === "answered") return this.#answered(weight);
    if (this.#isHeld || (sign === "failing" && this.#now.state === "signed-out")) return;
    this.#answers = 0;
    this.#failures++;
    const { text } = failure!;
    if (sign === "signed-out") return this.#become("signed-out", text);
    // A call that takes long holds up the pings of some servers: late answers alone never make one `down`.
    const isDown = sign === "unreachable" || (this.#failures >= DOWN_AFTER && failure!.code !== "timed_out");
    if (isDown || this.#now.state === "down") this.#become("down", text);
    else this.#become("degraded", text);
  }

  #answered(weight: number): void {
    this.#heardAt = this.#options.clock.now();
    this.#failures = 0;
    this.#answers += weight;
    this.#isHeld = false;
    this.#signInPage = undefined;
    const { state } = this.#now;
    if (state === "up" || (state === "degraded" && this.#answers < UP_AFTER)) return;
    this.#become("up", state === "idle" ? "it answers" : "it answers again");
    if (state === "down") this.#options.onrecovered(this.#server, this.#account);
  }

  #become(state: HealthState, why: string): void {
    const before = this.#now;
    const reason = why.replace(LONG_ADDRESS, "$1");
    if (before.state === state) {
      if (before.reason === reason) return;
      // Another reason for the same is no change of state: the time stays.
      this.#now = { state, reason, at: before.at };
      this.#history[this.#history.length - 1] = this.#now;
      return;
    }
    this.#now = { state, reason, at: this.#options.clock.now() };
    this.#history.push(this.#now);
    if (this.#history.length > MOST_CHANGES) this.#history.shift();
    const wasInTrouble = isTrouble(before.state);
    if (isTrouble(state) && !wasInTrouble) this.#retry = FIRST_RETRY_MS;
    if (state === "signed-out") this.stop();
    else if (!this.#isProbing && isTrouble(state) !== wasInTrouble) this.#lookAfter();
    this.#options.onchange(this.health);
  }

  /** Nobody is asked while a person is awaited: a question might open one more page before them. */
  #lookAfter(ms = this.#pause()): void {
    this.stop();
    if (this.#now.state !== "signed-out") this.#timer = this.#options.clock.after(ms, () => void this.#look());
  }

  #pause(): number {
    if (!isTrouble(this.#now.state)) return jittered(PROBE_MS);
    const wait = this.#retry;
    this.#retry = Math.min(wait * 2, LONGEST_RETRY_MS);
    return jittered(wait);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const now = this.#options.clock.now();
    if (now - this.#usedAt >= USED_MS) {
      if (this.#now.state === "idle") return;
      return this.#become("idle", `nobody has asked it for ${USED_MS / 60_000} min`);
    }
    if (this.#now.state !== "up" || now - this.#heardAt >= HEARD_MS) await this.#probe();
    this.#lookAfter();
  }

  async #probe(): Promise<void> {
    const probing = this.#options.probe(this.#server, this.#account);
    if (probing === undefined) return;
    this.#isProbing = true;
    const { ms, failure } = await probing;
    if (failure === undefined && ms >= SLOW_MS && !this.#isHeld) {
      this.#answers = 0;
      this.#become("degraded", `it took ${(ms / 1_000).toFixed(1)} s to answer a ping`);
    } else this.#take(failure, UP_AFTER);
    this.#isProbing = false;
  }
}

function isTrouble(state: HealthState): boolean {
  return state === "degraded" || state === "down";
}

import type { Clock, Timer } from "./clock.ts";
import { type Account, TooSlow } from "./lease.ts";

/** What comes from one server to one client shares so much of a budget; beyond that one goes on, and others wait. */
const SHARED = 1 / 16;
/** A message of more bytes waits for another one of that kind, for so many ms: of two that come quickly one is held. */
const MUCH = 4 * 1_048_576;
const PATIENCE_MS = 2_000;
/** What was given back is still there until it is collected, which stops everybody: after so many bytes. */
const COLLECT_AFTER = 16 * 1_048_576;
/** Whoever goes on beyond the limit while others wait brings so many bytes in so many ms, or is given up. */
const PACE_BYTES = 8 * 1_048_576;
const PACE_MS = 10_000;

/** How many bytes are held of what one server says. */
export interface Server {
  held: number;
}

/** Who waits for room. */
interface Waiter {
  readonly account: Account;
  readonly bytes: number;
  goOn(): void;
}

/** What all who share a budget have in common. */
export class Common {
  requests = 0;
  readonly #limit: number;
  readonly #isForOne: boolean;
  readonly #clock: Clock;
  #used = 0;
  /** Goes on beyond the limit. */
  #favoured: Account | undefined;
  /** Is a large one, for which others of that kind wait. */
  #leading: Account | undefined;
  readonly #waiting = new Set<Waiter>();
  #uncollected = 0;
  /** Whoever waits goes on behind that. */
  #isCollecting = false;
  /** Runs while somebody waits for the one that goes on. */
  #pace: Timer | undefined;

  constructor(limit: number, isForOne: boolean, clock: Clock) {
    this.#limit = limit;
    this.#isForOne = isForOne;
    this.#clock = clock;
  }

  get exhausted(): boolean {
    return this.#used > this.#limit;
  }

  hold(account: Account, bytes: number): void {
    this.#used += bytes;
    account.server.held += bytes;
  }

  /** Books `bytes` for `account`, where there is room or it is the one that goes on. */
  takes(account: Account, bytes: number, hasWaited = false): boolean {
    // Those who wait for the leading one have it go first.
    const isNext = this.#waiting.size === 0 || hasWaited || this.#leading === account;
    const isFavoured = this.#favoured === account;
    const leads = !isFavoured && !account.isAmongOthers && account.held + bytes > MUCH && this.#leading !== account;
    if (leads && (this.#leading !== undefined || !isNext)) return false;
    if (!isFavoured && this.#used + bytes > (this.#isForOne ? SHARED : 1) * this.#limit) {
      if (this.#favoured !== undefined || !isNext) return false;
      this.#favoured = account;
    }
    if (leads) this.#leading = account;
    account.hold(bytes);
    return true;
  }

  /** Somebody waits, and after a while no longer for the large one that takes its time. */
  hurry(): Timer {
    return this.#clock.after(PATIENCE_MS, () => {
      if (this.#leading !== undefined) this.#leading.isAmongOthers = true;
      this.#leading = undefined;
      this.#wake();
    });
  }

  wait(waiter: Waiter): void {
    this.#waiting.add(waiter);
    this.#watch();
  }

  /** It waits no longer. */
  leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    this.#watch();
  }

  /** All of `account` is read. */
  grown(account: Account): void {
    if (!this.#isForOne) this.#letOn(account);
  }

  /** Takes back what `account` has held. */
  release(account: Account, bytes: number): void {
    this.#used -= bytes;
    account.server.held -= bytes;
    this.#uncollected += bytes;
    if (this.#leading === account) this.#leading = undefined;
    this.#letOn(account);
  }

  #letOn(account: Account): void {
    if (this.#favoured === account) this.#noneGoesOn();
    if (this.#isCollecting) return;
    if (this.#uncollected >= COLLECT_AFTER) this.#collect();
    else if (this.#waiting.size > 0) this.#wake();
  }

  #collect(): void {
    this.#isCollecting = true;
    // In a turn of its own: who gave it back has let go of it by then.
    setImmediate(() => {
      this.#isCollecting = false;
      this.#uncollected = 0;
      Bun.gc(true);
      this.#wake();
    });
  }

  /** A server that holds much already comes after all others. */
  #wake(): void {
    const inTurn = [...this.#waiting].sort((one, other) => one.account.server.held - other.account.server.held);
    for (const waiter of inTurn) {
      if (!this.takes(waiter.account, waiter.bytes, true)) continue;
      this.#waiting.delete(waiter);
      waiter.goOn();
    }
    this.#watch();
  }

  #noneGoesOn(): void {
    this.#favoured = undefined;
    this.#watch();
  }

  /** With one server and one client nobody else is held up, and it may be the client that takes its time. */
  #watch(): void {
    if (this.#favoured === undefined || this.#waiting.size === 0 || this.#isForOne) {
      this.#pace?.cancel();
      this.#pace = undefined;
    } else this.#pace ??= this.#startPace(this.#favoured);
  }

  #startPace(favoured: Account): Timer {
    const before = favoured.held;
    return this.#clock.after(PACE_MS, () => {
      this.#pace = undefined;
      if (favoured.held - before >= PACE_BYTES) return this.#watch();
      this.#noneGoesOn();
      favoured.giveUp(new TooSlow());
      this.#collect();
    });
  }
}

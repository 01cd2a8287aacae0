import type { Clock, Timer } from "../platform/clock.ts";
import type { Message } from "../transport/message.ts";

/** What goes to the server in its turn. */
export interface InLine {
  readonly message: Message;
  /** Whether it is on its way; kept here, since nearly all go at once and at the cost of a number. */
  hasTurn: boolean;
}

/** How much may be on its way at a time. */
export interface TurnLimits {
  /** How many messages where the server is quick, and where it is not: those that take long should hold up nobody. */
  readonly count: number;
  readonly slowCount: number;
  /** How much their texts hold together, in bytes. */
  readonly bytes: number;
  /** Longer texts are counted elsewhere, in bytes. */
  readonly counted: number;
}

/** What one that waits costs beside its text, in bytes. */
const OVERHEAD = 1_024;
/** Beyond so much that waits, reading waits too, in bytes. */
const MOST_WAITING = 32 * 1_048_576;
/** What has been read stays twice in memory until it is collected: after so much of it that waits, in bytes. */
const COLLECT_AFTER = 8 * 1_048_576;
/** How often it is looked at whether the server is quick, in ms. */
const TICK_MS = 1_000;
/** A server that answers a smaller share of what is on its way in a tick is slow: each takes longer than four. */
const SLOW_SHARE = 0.25;
/** Where nothing has moved for so many ticks, what is behind in the input may be what all others wait for. */
const STANDSTILL_TICKS = 5;

/**
 * Lets messages go to a server so many at a time, and the others in the order in which they came. Those that wait cost
 * little, and where they are many the client is not read for a while: one that writes without waiting for answers
 * fills its own memory then, and not ours.
 */
export class Turns<Item extends InLine> {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #go: (item: Item) => void;
  readonly #waiting = new Set<Item>();
  /** Where the line begins: to look for that anew among those that have left takes long in a long one. */
  #front = this.#waiting.values();
  #gone = 0;
  #goneBytes = 0;
  #waitingBytes = 0;
  #uncollected = 0;
  #count: number;
  #isMoving = false;
  /** How many have left since the last tick, and how many ticks ago one did. */
  #left = 0;
  #stillTicks = 0;
  #ticking: Timer | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  /** `go` sends one on its way. */
  constructor(clock: Clock, limits: TurnLimits, go: (item: Item) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#count = limits.count;
    this.#go = go;
  }

  /** Whether the next one has to wait. */
  get isBusy(): boolean {
    return this.#waiting.size > 0 || !this.#hasTurn();
  }

  /** Whether no more can be kept: nothing has moved for a while, and the memory for what waits is full. */
  get isClosed(): boolean {
    return this.#isFull && this.#standsStill;
  }

  /** Sends one on its way, now or later. The promise asks to wait with reading on. */
  enter(item: Item): Promise<void> | undefined {
    if (this.isBusy) this.#wait(item);
    else this.#send(item);
    if (!this.#isFull || this.#standsStill) return undefined;
    return (this.#room ??= Promise.withResolvers()).promise;
  }

  /** One is over, whether it was sent or not. */
  leave(item: Item): void {
    if (item.hasTurn) {
      item.hasTurn = false;
      this.#gone--;
      this.#goneBytes -= this.#bytesOf(item);
    } else if (this.#waiting.delete(item)) this.#waitingBytes -= this.#bytesOf(item) + OVERHEAD;
    else return;
    this.#left++;
    this.#stillTicks = 0;
    if (this.#isMoving || (this.#waiting.size === 0 && this.#room === undefined)) return;
    this.#isMoving = true;
    // Not at once: where all are given up, one after the other, none of those behind is to be sent in between.
    queueMicrotask(() => {
      this.#isMoving = false;
      this.#advance();
    });
  }

  get #isFull(): boolean {
    return this.#waitingBytes > MOST_WAITING;
  }

  get #standsStill(): boolean {
    return this.#stillTicks >= STANDSTILL_TICKS;
  }

  #hasTurn(): boolean {
    return this.#gone < this.#count && this.#goneBytes < this.#limits.bytes;
  }

  #advance(): void {
    while (this.#waiting.size > 0 && this.#hasTurn()) this.#send(this.#takeFirst());
    if (!this.#isFull || this.#standsStill) this.#giveRoom();
  }

  #wait(item: Item): void {
    const bytes = this.#bytesOf(item) + OVERHEAD;
    this.#waiting.add(item);
    this.#waitingBytes += bytes;
    this.#ticking ??= this.#clock.after(TICK_MS, () => this.#tick());
    this.#uncollected += bytes;
    if (this.#uncollected < COLLECT_AFTER) return;
    this.#uncollected = 0;
    Bun.gc(true);
  }

  #takeFirst(): Item {
    let first = this.#front.next();
    if (first.done === true) {
      this.#front = this.#waiting.values();
      first = this.#front.next();
    }
    const item: Item = first.value!;
    this.#waiting.delete(item);
    this.#waitingBytes -= this.#bytesOf(item) + OVERHEAD;
    return item;
  }

  #send(item: Item): void {
    item.hasTurn = true;
    this.#gone++;
    this.#goneBytes += this.#bytesOf(item);
    this.#go(item);
  }

  #bytesOf({ message: { bytes: { length } } }: Item): number {
    return length > this.#limits.counted ? 0 : length;
  }

  #tick(): void {
    this.#stillTicks = this.#left === 0 ? this.#stillTicks + 1 : 0;
    if (this.#left < SLOW_SHARE * this.#count) this.#count = Math.min(2 * this.#count, this.#limits.slowCount);
    else if (this.#left >= this.#count) this.#count = Math.max(this.#count / 2, this.#limits.count);
    this.#left = 0;
    if (this.#waiting.size === 0) {
      this.#ticking = undefined;
      // Those that take long go on taking long: what comes next would wait for the number to grow again.
      if (this.#gone < this.#limits.count) this.#count = this.#limits.count;
      return;
    }
    this.#ticking = this.#clock.after(TICK_MS, () => this.#tick());
    this.#advance();
  }

  #giveRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

/** Where bytes go, in the form of Bun's FileSink: a promise comes back while the reader is behind. */
export interface ByteSink {
  /** The bytes may be used again at once, or where they are `lasting` once the promise has settled. */
  write(bytes: Uint8Array, lasting?: boolean): number | Promise<number>;
  flush(): number | Promise<number>;
  /** How much it holds for a reader that is behind, in bytes; nothing where that is not known. */
  readonly unsent?: number;
}

/** Messages that are collected before they are written together. */
const BATCH_BYTES = 65_536;
/** How much of a burst is written first, so that the reader begins while we go on; twice as much each time after. */
const FIRST_BYTES = 2_048;
/** What a sink, or the runtime, gets of a large message at once, in bytes: it copies what its reader does not take. */
export const PIECE_BYTES = 262_144;
const LINE_FEED = 0x0a;

/**
 * Writes lines to a reader that may be slow. The few lines that come in one turn of the event loop leave in one
 * write, and many in a few; while the reader is behind, `write` answers with a promise, and a caller that waits for it
 * keeps memory bounded.
 */
export class Outbox {
  readonly #sink: ByteSink;
  readonly #onbroken: (cause: unknown) => void;
  readonly #batch = new Uint8Array(BATCH_BYTES);
  #used = 0;
  #early = FIRST_BYTES;
  #scheduled = false;
  #draining: Promise<void> | undefined;
  #broken = false;
  /** A large line that is on its way, and what is behind it. */
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;

  /** `onbroken` is called once, when the reader is gone. */
  constructor(sink: ByteSink, onbroken: (cause: unknown) => void) {
    this.#sink = sink;
    this.#onbroken = onbroken;
  }

  /** Writes one line; its end is added. Lines written after the reader has gone are dropped. */
  write(line: Uint8Array): Promise<void> | undefined {
    if (this.#broken) return undefined;
    if (this.#used + line.length + 1 > BATCH_BYTES) this.#flush();
    if (line.length + 1 > BATCH_BYTES) this.#give(line);
    else {
      this.#batch.set(line, this.#used);
      this.#used += line.length;
    }
    this.#batch[this.#used++] = LINE_FEED;
    if (this.#used >= this.#early && this.#draining === undefined) {
      this.#early = Math.min(2 * this.#early, BATCH_BYTES);
      this.#flush();
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#early = FIRST_BYTES;
        this.#flush();
      });
    }
    return this.#draining;
  }

  /** Settles when everything written so far is with the reader, or the reader is gone. */
  async drained(): Promise<void> {
    this.#flush();
    while (this.#draining !== undefined) await this.#draining;
  }

  /** How much of what was written the reader has not taken, in bytes. */
  get behind(): number {
    return this.#used + this.#queuedBytes + (this.#sink.unsent ?? 0);
  }

  #give(bytes: Uint8Array): void {
    if (this.#queued.length > 0 || bytes.length > PIECE_BYTES) return this.#queue(bytes);
    try {
      this.#watch(this.#sink.write(bytes));
    } catch (cause) {
      this.#break(cause);
    }
  }

  #flush(): void {
    if (this.#used === 0 || this.#broken) return;
    this.#give(this.#batch.subarray(0, this.#used));
    this.#used = 0;
    if (this.#broken || this.#queued.length > 0) return;
    try {
      this.#watch(this.#sink.flush());
    } catch (cause) {
      this.#break(cause);
    }
  }

  #queue(bytes: Uint8Array): void {
    this.#queued.push(bytes.buffer === this.#batch.buffer ? bytes.slice() : bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queued.length === 1) this.#watch(this.#giveQueued());
  }

  async #giveQueued(): Promise<number> {
    for (let next = this.#queued[0]; next !== undefined; next = this.#queued[0]) {
      for (let at = 0; at < next.length; at += PIECE_BYTES) {
        const piece = next.subarray(at, at + PIECE_BYTES);
        this.#queuedBytes -= piece.length;
        const result = this.#sink.write(piece, true);
        if (result instanceof Promise) await result;
      }
      // Only now: what comes meanwhile queues up behind it.
      this.#queued.shift();
    }
    return await this.#sink.flush();
  }

  #watch(result: number | Promise<number>): void {
    if (!(result instanceof Promise)) return;
    const draining = result.then(() => {}, (cause) => this.#break(cause)).then(() => {
      if (this.#draining === draining) this.#draining = undefined;
    });
    this.#draining = draining;
  }

  #break(cause: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#used = 0;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#onbroken(cause);
  }
}

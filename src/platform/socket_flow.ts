import { BridgeError } from "./errors.ts";

/** Bytes to and from the other side of a connection. */
export interface ByteFlow {
  /** Whether neither side has ended it yet. */
  readonly isOpen: boolean;
  /** What the other side sends; reading is paused while nobody takes it. Ends when the connection does. */
  readonly input: AsyncIterable<Uint8Array>;
  /**
   * Hands bytes over; a promise comes back while the other side is behind. They may be used again at once, or where they
   * are `lasting` once that has settled: then they are not copied.
   */
  write(bytes: Uint8Array, lasting?: boolean): number | Promise<number>;
  flush(): number | Promise<number>;
  /** How much of that the system has not taken yet, in bytes. */
  readonly unsent: number;
  /** Ends it; what the system has not taken yet is dropped. */
  end(): void;
}

/** How much may lie unread on our side before the other one has to wait, in bytes. */
const MOST_UNREAD = 262_144;

/** What the runtime tells a `SocketFlow` that is the data of its socket. */
export const flowHandlers: Omit<Bun.SocketHandler<SocketFlow>, "open"> = {
  data: ({ data }, chunk) => data.take(chunk),
  drain: ({ data }) => data.drain(),
  close: ({ data }) => data.close(),
  error: ({ data }) => data.close(),
};

/** A socket of the runtime as a flow of bytes: whoever is slow to read holds the other side up, and the reverse. */
export class SocketFlow implements ByteFlow, AsyncIterableIterator<Uint8Array> {
  readonly #raw: Bun.Socket<SocketFlow>;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #isPaused = false;
  #wake: (() => void) | undefined;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #drained: PromiseWithResolvers<number> | undefined;
  #isClosed = false;

  constructor(raw: Bun.Socket<SocketFlow>) {
    this.#raw = raw;
  }

  get input(): AsyncIterable<Uint8Array> {
    return this;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get unsent(): number {
    return this.#unsentBytes;
  }

  write(bytes: Uint8Array, lasting = false): number | Promise<number> {
    if (this.#isClosed) throw gone();
    if (this.#unsent.length === 0) {
      const sent = Math.max(this.#raw.write(bytes), 0);
      if (sent === bytes.length) return sent;
      bytes = bytes.subarray(sent);
    }
    this.#unsent.push(lasting ? bytes : bytes.slice());
    this.#unsentBytes += bytes.length;
    this.#drained ??= Promise.withResolvers<number>();
    return this.#drained.promise;
  }

  flush(): number | Promise<number> {
    return this.#drained?.promise ?? 0;
  }

  end(): void {
    this.#raw.end();
    this.close();
  }

  /** The number by which the system knows it. */
  get fd(): number {
    return (this.#raw as unknown as { fd: number }).fd;
  }

  take(chunk: Uint8Array): void {
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > MOST_UNREAD && !this.#isPaused) {
      this.#isPaused = true;
      this.#raw.pause();
    }
    this.#wake?.();
  }

  drain(): void {
    while (this.#unsent.length > 0) {
      const [next] = this.#unsent as [Uint8Array];
      const sent = Math.max(this.#raw.write(next), 0);
      this.#unsentBytes -= sent;
      if (sent < next.length) {
        this.#unsent[0] = next.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    this.#drained?.resolve(0);
    this.#drained = undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(gone());
    this.#drained = undefined;
    this.#wake?.();
  }

  /** The next of the input; a generator would hold the last one for as long as it waits. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const value = this.#unread.shift();
      if (value !== undefined) {
        this.#unreadBytes -= value.length;
        return { done: false, value };
      }
      if (this.#isClosed) return { done: true, value: undefined };
      if (this.#isPaused) {
        this.#isPaused = false;
        this.#raw.resume();
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }
}

function gone(): BridgeError {
  return new BridgeError("closing", "the other process has ended the connection");
}

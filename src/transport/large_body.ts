import { PIECE_BYTES } from "./outbox.ts";

/** Pieces are taken one by one. */
const STRATEGY: QueuingStrategy<Uint8Array> = { highWaterMark: 1, size: () => 1 };

/** A large text as the body of a response: the runtime would copy it whole, and gets as much as the client reads. */
export class LargeBody implements Bun.UnderlyingSource<Uint8Array> {
  /** Settles once the client has taken all of it, or has gone. */
  readonly taken: Promise<void>;
  /** What carries it. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly #settle: () => void;
  #pieces: Iterator<Uint8Array> | undefined;

  constructor(bytes: Uint8Array) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.taken = promise;
    this.#settle = resolve;
    this.#pieces = piecesOf(bytes);
    this.stream = new ReadableStream<Uint8Array>(this, STRATEGY);
  }

  /** The client reads. */
  pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const next = this.#pieces!.next();
    if (next.done !== true) return controller.enqueue(next.value);
    controller.close();
    this.#end();
  }

  /** The client goes away. */
  cancel(): void {
    this.#end();
  }

  #end(): void {
    this.#pieces = undefined;
    this.#settle();
  }
}

/** A large text in pieces of what is handed over at once; who still has the last does not hold all of it. */
function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const last = bytes.length - PIECE_BYTES;
  let at = 0;
  for (; at < last; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  yield bytes.slice(at);
}

import type { Message } from "./message.ts";
import { PIECE_BYTES } from "./outbox.ts";

const encoder = new TextEncoder();
const BEFORE = encoder.encode("event: message\ndata: ");
const AFTER = encoder.encode("\n\n");
const BEAT = encoder.encode(":\n\n");
/** What may lie unread before the writer is asked to wait, in bytes. */
const HIGH_WATER = 65_536;
/** In units of that mark: Bun takes the number for a size and sets so many bytes aside for each response. */
const STRATEGY: QueuingStrategy<Uint8Array> = {
  highWaterMark: 1,
  size: (chunk) => (chunk?.byteLength ?? 0) / HIGH_WATER,
};
/**
 * What may lie unread where the writer does not wait, in bytes, beside the message that the client is behind with: that
 * one may be of any length. Who is further behind is cut off.
 */
const MOST_BEHIND = 1_048_576;

/** The headers of an event stream; `X-Accel-Buffering` keeps proxies from collecting it. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** The first event of a stream that can be resumed: its id, and nothing said (revision 2025-11-25, transports). */
export function openingEvent(id: string): Uint8Array {
  return encoder.encode(`id: ${id}\ndata: \n\n`);
}

/**
 * An event stream to a client (HTML, "Server-sent events"): one event for each message. It is the source of the stream
 * itself, since there may be thousands.
 */
export class EventSink implements Bun.UnderlyingSource<Uint8Array> {
  /** The response that carries it. */
  readonly response: Response;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #onleave: () => void;
  #isOpen = true;
  /** How long the message is that the client is behind with. */
  #first = 0;
  /** A large message, and what is behind it, as far as it is not handed over. */
  #rest: Uint8Array[] | undefined;
  #restBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;

  /** `onleave` is called once when the client goes away or is cut off; `first` stands at the beginning. */
  constructor(headers: Readonly<Record<string, string>>, onleave: () => void, first: Uint8Array = BEAT) {
    this.#onleave = onleave;
    const body = new ReadableStream<Uint8Array>(this, STRATEGY);
    // Without a first byte the head of the response would not leave.
    this.#controller.enqueue(first);
    this.response = new Response(body, { headers: { ...STREAM_HEADERS, ...headers } });
  }

  /** The stream begins. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** The client reads. */
  pull(): void {
    if (this.#rest !== undefined) return this.#pass(this.#rest);
    this.#makeRoom();
    if (!this.#isOpen) this.#controller.close();
  }

  /** The client goes away. */
  cancel(): void {
    this.#rest = undefined;
    this.#makeRoom();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onleave();
  }

  /** Whether the client may still read. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends a message, as an event with an `id` where there is one; a promise asks to wait while the client is behind. */
  send({ bytes }: Message, id?: string): Promise<void> | undefined {
    const before = id === undefined ? BEFORE : encoder.encode(`id: ${id}\nevent: message\ndata: `);
    if (bytes.length > PIECE_BYTES) return this.#write(bytes, before);
    const event = new Uint8Array(before.length + bytes.length + AFTER.length);
    event.set(before);
    event.set(bytes, before.length);
    event.set(AFTER, before.length + bytes.length);
    return this.#write(event);
  }

  /** Says nothing, so that a client that is gone is noticed. */
  beat(): void {
    if ((this.#controller.desiredSize ?? 0) > 0) void this.#write(BEAT);
  }

  /** Ends the stream behind what was sent; whoever waits does so until the client has read that. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A stream that is closed tells no more how far it is read.
    if (this.#room === undefined) this.#controller.close();
  }

  /** Writes all of an event, or of a large one its message between what stands before and after that. */
  #write(bytes: Uint8Array, before?: Uint8Array): Promise<void> | undefined {
    if (!this.#isOpen) return undefined;
    const behind = this.#restBytes - HIGH_WATER * (this.#controller.desiredSize ?? 0);
    if (behind < 0) this.#first = bytes.length;
    else if (behind > this.#first + MOST_BEHIND) return this.#cutOff();
    if (before === undefined && this.#rest === undefined) this.#controller.enqueue(bytes);
    else {
      const parts = before === undefined ? [bytes] : [before, bytes, AFTER];
      (this.#rest ??= []).push(...parts);
      for (const { length } of parts) this.#restBytes += length;
      if (behind < 0) this.#pass(this.#rest);
    }
    if (this.#rest === undefined && (this.#controller.desiredSize ?? 1) > 0) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Hands the next piece of the rest over. Whoever has the last one of a message still does not hold all of it. */
  #pass(rest: Uint8Array[]): void {
    const [first] = rest as [Uint8Array];
    const piece = first.length > PIECE_BYTES ? first.subarray(0, PIECE_BYTES) : first.slice();
    if (first.length > PIECE_BYTES) rest[0] = first.subarray(PIECE_BYTES);
    else rest.shift();
    this.#restBytes -= piece.length;
    if (rest.length === 0) this.#rest = undefined;
    this.#controller.enqueue(piece);
  }

  /** Ends it at once, with what was not read. */
  #cutOff(): undefined {
    this.#isOpen = false;
    this.#rest = undefined;
    this.#makeRoom();
    this.#controller.error(new Error("the client does not read"));
    this.#onleave();
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

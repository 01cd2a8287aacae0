import { Pieces } from "../platform/pieces.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What is kept of a line beyond the limit, at either end, to find its id: 64 KiB. */
const EXCERPT_BYTES = 65_536;
const MOST_TAIL_PARTS = 16;

/** What a splitter finds; a line comes without its end, and is valid only until the next call of `push`. */
export interface LineEvents {
  line(bytes: Uint8Array): void;
  /** A line was longer than the limit and is lost; its first and its last bytes. */
  oversize(head: Uint8Array, tail: Uint8Array): void;
}

/** Cuts a stream of bytes into lines that end with LF or CRLF, however the stream was cut into chunks. */
export class LineSplitter {
  readonly #limit: number;
  readonly #events: LineEvents;
  readonly #held: Pieces;
  #head: Uint8Array | undefined;
  #tail: Uint8Array[] = [];

  /** `limit` is the longest line in bytes. */
  constructor(limit: number, events: LineEvents) {
    this.#limit = limit;
    this.#held = new Pieces(limit + 2);
    this.#events = events;
  }

  /** Takes the next chunk in; the chunk may be reused by the caller afterwards only if no line is left open. */
  push(chunk: Uint8Array): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      if (end < 0) break;
      this.#close(chunk.subarray(from, end));
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** The stream has ended: what is left counts as a line. */
  end(): void {
    if (this.#held.length > 0 || this.#head !== undefined) this.#close(new Uint8Array());
  }

  #keep(part: Uint8Array): void {
    if (this.#head !== undefined) {
      this.#keepTail(part);
      return;
    }
    // The last byte may turn out to belong to the line's end.
    if (this.#held.length + part.length > this.#limit + 1) this.#giveUp(part);
    else this.#held.push(part);
  }

  /** The line is lost: what is held, and the part behind that. */
  #giveUp(part: Uint8Array): void {
    const [head, tail] = [this.#held.head(EXCERPT_BYTES), this.#held.tail(EXCERPT_BYTES)];
    this.#head = Buffer.concat([head, part.subarray(0, EXCERPT_BYTES)]).subarray(0, EXCERPT_BYTES);
    this.#tail = [Buffer.concat([tail, part.subarray(-EXCERPT_BYTES)])];
    this.#held.clear();
    // Dropped memory of this size is worth a collection of its own.
    if (this.#limit > 16 * EXCERPT_BYTES) Bun.gc(true);
  }

  #keepTail(part: Uint8Array): void {
    this.#tail.push(part);
    if (this.#tail.length > MOST_TAIL_PARTS) this.#trimTail();
  }

  #trimTail(): void {
    let from = this.#tail.length;
    for (let length = 0; from > 0 && length < EXCERPT_BYTES;) length += this.#tail[--from]!.length;
    this.#tail = [Buffer.concat(this.#tail.slice(from)).subarray(-EXCERPT_BYTES)];
  }

  #close(last: Uint8Array): void {
    if (this.#head === undefined) {
      if (this.#held.length > 0) {
        if (this.#held.length + last.length > this.#limit + 1) this.#giveUp(last);
        else {
          this.#held.push(last);
          last = this.#held.take();
        }
      }
      if (this.#head === undefined && withoutReturn(last).length > this.#limit) {
        this.#giveUp(last);
      }
    } else this.#keepTail(last);
    if (this.#head !== undefined) {
      const head = this.#head;
      this.#trimTail();
      const [tail] = this.#tail.splice(0);
      this.#head = undefined;
      this.#events.oversize(head, tail!);
      return;
    }
    this.#events.line(withoutReturn(last));
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

import { Pieces } from "../platform/pieces.ts";
import { type Ends, Excerpt } from "./excerpt.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Dropped memory of this size is worth a collection of its own. */
const WORTH_COLLECTING = 1_048_576;

/** What a splitter finds; a line comes without its end, and is valid only until the next call of `push`. */
export interface LineEvents {
  line(bytes: Uint8Array): void;
  /** A line was longer than the limit and is lost. */
  oversize(ends: Ends): void;
}

/** Cuts a stream of bytes into lines that end with LF or CRLF, however the stream was cut into chunks. */
export class LineSplitter {
  readonly #limit: number;
  readonly #events: LineEvents;
  readonly #held: Pieces;
  /** Of a line that is lost. */
  #lost: Excerpt | undefined;

  /** `limit` is the longest line in bytes. */
  constructor(limit: number, events: LineEvents) {
    this.#limit = limit;
    this.#held = new Pieces(limit + 2);
    this.#events = events;
  }

  /** The bytes that are held of a line which has not ended. */
  get held(): number {
    return this.#held.length;
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
    if (this.#held.length > 0 || this.#lost !== undefined) this.#close(new Uint8Array());
  }

  #keep(part: Uint8Array): void {
    if (this.#lost !== undefined) return this.#lost.push(part);
    // The last byte may turn out to belong to the line's end.
    if (this.#held.length + part.length > this.#limit + 1) this.#giveUp(part);
    else this.#held.push(part);
  }

  /** The line is lost: what is held, and the part behind that. */
  #giveUp(part: Uint8Array): void {
    this.#lost = new Excerpt();
    this.#lost.pushHeld(this.#held);
    this.#lost.push(part);
    this.#held.clear();
    if (this.#limit > WORTH_COLLECTING) Bun.gc(true);
  }

  #close(last: Uint8Array): void {
    if (this.#lost !== undefined) this.#lost.push(last);
    else if (this.#held.length > 0) {
      if (this.#held.length + last.length > this.#limit + 1) this.#giveUp(last);
      else {
        this.#held.push(last);
        last = this.#held.take();
      }
    }
    if (this.#lost === undefined && withoutReturn(last).length > this.#limit) {
      this.#giveUp(last);
    }
    const lost = this.#lost;
    this.#lost = undefined;
    if (lost === undefined) this.#events.line(withoutReturn(last));
    else this.#events.oversize(lost);
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}

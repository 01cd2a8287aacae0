import { Pieces } from "../platform/pieces.ts";
import { type Ends, Excerpt, EXCERPT_BYTES } from "./excerpt.ts";

/**
 * Server-sent events (WHATWG HTML, section 9.2.6 "Interpreting an event stream"), read from bytes: an event's data
 * is handed on as it lies in the chunk.
 */

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf];
const NOTHING = new Uint8Array();
/** Of a line that holds no data, in bytes. */
const LONGEST_OTHER = 65_536;

const decoder = new TextDecoder();

/** One event of a stream. */
export interface ServerSentEvent {
  /** The `event` field, `message` where there is none. */
  readonly event: string;
  /** The `data` lines joined by line feeds. */
  readonly data: Uint8Array;
}

/** Reads one event stream; `lastEventId` and `retry` are kept as the stream states them. */
export class SseReader {
  readonly #limit: number;
  readonly #onevent: (event: ServerSentEvent) => void;
  readonly #onlost: ((ends: Ends) => void) | undefined;
  readonly #pending: Pieces;
  #pendingBytes = 0;
  #lineLost = false;
  #isDataLost = false;
  #afterReturn = false;
  #started = false;
  /** The bytes of a mark of the byte order that was cut. */
  #first: Uint8Array = NOTHING;
  #event = "";
  #data: Uint8Array | undefined;
  #more: Pieces | undefined;
  #dataBytes = 0;
  #overflow = false;
  /** Of data beyond the limit, where somebody asks for that. */
  #lost: Excerpt | undefined;
  #id: string | undefined;
  /** The id to resume from: that of the last whole event; nothing where the stream never named one, or an empty one. */
  lastEventId: string | undefined;
  /** The reconnection time in ms that the stream asked for. */
  retry: number | undefined;
  /** The bytes that are held of an event which has not ended. */
  get held(): number {
    return this.#overflow || this.#lineLost ? 0 : this.#dataBytes + this.#pendingBytes;
  }

  /** Whether an event that has not ended yet is so far beyond the limit that its end is not worth waiting for. */
  get isRunaway(): boolean {
    return this.#overflow && this.#dataBytes + this.#pendingBytes > 2 * this.#limit;
  }

  /** How many events were dropped since their data went over the limit. */
  oversize = 0;

  /** `limit` is the most bytes that the data of one event may have; `onlost` is told of messages with more. */
  constructor(limit: number, onevent: (event: ServerSentEvent) => void, onlost?: (ends: Ends) => void) {
    this.#limit = limit;
    this.#onlost = onlost;
    this.#pending = new Pieces(limit + 8);
    this.#onevent = onevent;
  }

  /** Takes the next chunk in. Data handed on may point into it. */
  push(chunk: Uint8Array): void {
    if (!this.#started) chunk = this.#begin(chunk);
    let from = 0;
    if (this.#afterReturn && chunk.length > 0) {
      this.#afterReturn = false;
      if (chunk[0] === LINE_FEED) from = 1;
    }
    let feed = chunk.indexOf(LINE_FEED, from);
    let back = chunk.indexOf(CARRIAGE_RETURN, from);
    while (feed >= 0 || back >= 0) {
      const end = feed < 0 || (back >= 0 && back < feed) ? back : feed;
      this.#closeLine(chunk.subarray(from, end));
      from = end + 1;
      if (end === back) {
        if (from === chunk.length) this.#afterReturn = true;
        else if (chunk[from] === LINE_FEED) from++;
        back = chunk.indexOf(CARRIAGE_RETURN, from);
      }
      if (feed >= 0 && feed < from) feed = chunk.indexOf(LINE_FEED, from);
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** What follows a mark of the byte order; nothing yet while the stream may still be within one. */
  #begin(chunk: Uint8Array): Uint8Array {
    const head = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    const isMark = BYTE_ORDER_MARK.every((byte, at) => at >= head.length || head[at] === byte);
    if (isMark && head.length < BYTE_ORDER_MARK.length) {
      this.#first = head.slice();
      return NOTHING;
    }
    this.#started = true;
    this.#first = NOTHING;
    return isMark ? head.subarray(BYTE_ORDER_MARK.length) : head;
  }

  /** Of a line, in bytes: its data and the name of the field. */
  get #longest(): number {
    return this.#limit + 8;
  }

  #keep(part: Uint8Array): void {
    this.#pendingBytes += part.length;
    if (this.#lineLost) {
      if (this.#isDataLost) this.#lose(part);
      return Pieces.dropped(part);
    }
    const isLong = this.#pendingBytes > this.#longest;
    if (!isLong && this.#pendingBytes <= LONGEST_OTHER) return this.#pending.push(part);
    const isData = textOf(Buffer.concat([this.#pending.head(5), part.subarray(0, 5)])).startsWith("data:");
    if (!isLong && isData) return this.#pending.push(part);
    // No line may grow without end; that of a comment or an unknown field is no loss.
    this.#lineLost = true;
    this.#isDataLost = isData;
    if (isData) {
      this.#overflow = true;
      this.#loseLine(part);
    }
    this.#pending.clear();
    // Dropped memory of this size is worth a collection of its own.
    if (isData && this.#limit > 1_048_576) Bun.gc(true);
  }

  #closeLine(last: Uint8Array): void {
    if (this.#pendingBytes === 0 && last.length <= this.#longest) return this.#line(last);
    this.#keep(last);
    const line = this.#lineLost ? undefined : this.#pending.take();
    this.#pending.clear();
    this.#pendingBytes = 0;
    this.#lineLost = false;
    if (line !== undefined) this.#line(line);
  }

  #line(line: Uint8Array): void {
    if (line.length === 0) return this.#dispatch();
    const colon = line.indexOf(COLON);
    if (colon === 0) return;
    // "data" is by far the commonest field.
    if (
      (colon === 4 || (colon < 0 && line.length === 4)) && line[0] === 0x64 && line[1] === 0x61 &&
      line[2] === 0x74
    ) {
      if (line[3] === 0x61) return this.#addData(valueOf(line, colon));
    }
    if (line.length > LONGEST_OTHER) return;
    const name = textOf(colon < 0 ? line : line.subarray(0, colon));
    const value = textOf(valueOf(line, colon));
    if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }

  #addData(value: Uint8Array): void {
    this.#dataBytes += value.length + 1;
    if (this.#dataBytes > this.#limit + 1) this.#overflow = true;
    if (this.#overflow) {
      this.#lose(value);
      this.#data = this.#more = undefined;
      return;
    }
    if (this.#data === undefined) this.#data = value;
    else {
      if (this.#more === undefined) (this.#more = new Pieces(this.#limit)).push(this.#data);
      this.#more.push(LINE_FEED_BYTES);
      this.#more.push(value);
    }
  }

  /** Takes the beginning of a line of data, of which `part` goes beyond the limit. */
  #loseLine(part: Uint8Array): void {
    const isLong = this.#pending.length > EXCERPT_BYTES;
    const start = this.#pending.head(EXCERPT_BYTES);
    this.#lose(valueOf(isLong ? start : Buffer.concat([start, part]), "data".length));
    if (!isLong) return;
    this.#lose(this.#pending.tail(EXCERPT_BYTES));
    this.#lose(part);
  }

  /** Takes of data that is beyond the limit what is kept of it. */
  #lose(part: Uint8Array): void {
    if (this.#onlost === undefined) return;
    if (this.#lost === undefined) {
      this.#lost = new Excerpt();
      if (this.#more !== undefined) this.#lost.pushHeld(this.#more);
      else if (this.#data !== undefined) this.#lost.push(this.#data);
    }
    this.#lost.push(part);
  }

  #dispatch(): void {
    const data = this.#more === undefined ? this.#data : this.#more.take();
    const event = this.#event;
    const [isLost, lost] = [this.#overflow, this.#lost];
    this.lastEventId = this.#id === "" ? undefined : this.#id;
    this.#event = "";
    this.#data = this.#more = undefined;
    this.#dataBytes = 0;
    this.#overflow = false;
    this.#lost = undefined;
    if (isLost) {
      this.oversize++;
      if (lost !== undefined && (event === "" || event === "message")) this.#onlost?.(lost);
    } else if (data !== undefined && data.length > 0) {
      this.#onevent({ event: event === "" ? "message" : event, data });
    }
  }
}

const LINE_FEED_BYTES = new Uint8Array([LINE_FEED]);

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function valueOf(line: Uint8Array, colon: number): Uint8Array {
  if (colon < 0) return line.subarray(line.length);
  return line.subarray(line[colon + 1] === SPACE ? colon + 2 : colon + 1);
}

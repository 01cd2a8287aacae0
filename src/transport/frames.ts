import { BridgeError } from "../platform/errors.ts";
import { Pieces } from "../platform/pieces.ts";
import { type Ends, Excerpt } from "./excerpt.ts";

/** Frames of a WebSocket as its client reads and writes them (RFC 6455, section 5), without extensions. */

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const IS_LAST = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
/** Lengths that say where the real one stands. */
const IN_TWO_BYTES = 126;
const IN_EIGHT_BYTES = 127;
const LONGEST_CONTROL = 125;
const LONGEST_HEAD = 10;
/** So many bytes beyond the limit are read and dropped; of what goes on, nobody waits for the end. */
const MOST_DROPPED = 67_108_864;
/** Dropped memory of this size is worth a collection of its own. */
const WORTH_COLLECTING = 1_048_576;

/** What a server says by frames. */
export interface FrameEvents {
  /** A message, valid only until the next call of `push`. */
  message(bytes: Uint8Array): void;
  /** A message was longer than the limit and is lost. */
  oversize(ends: Ends): void;
  /** It wants to know whether we are there, and the same bytes back. */
  ping(payload: Uint8Array): void;
  /** It ends the connection, for a reason that is a number of section 7.4; 1005 where it gives none. */
  close(code: number): void;
}

/** Reads the messages of a server from its bytes, however these are cut. */
export class FrameReader {
  readonly #limit: number;
  readonly #events: FrameEvents;
  /** Of a frame's head. */
  readonly #head = new Uint8Array(LONGEST_HEAD);
  #headLength = 0;
  /** How many bytes of the frame are missing; nothing while its head is read. */
  #left: number | undefined;
  #opcode = CONTINUATION;
  #isLast = true;
  /** Whether frames of a message have come, but not its last. */
  #isWithin = false;
  /** Of the message: how many bytes its frames have so far, and those. */
  #length = 0;
  readonly #held: Pieces;
  #lost: Excerpt | undefined;
  /** Of a frame that is no message. */
  #control: Uint8Array = new Uint8Array();

  /** `limit` is the longest message in bytes. */
  constructor(limit: number, events: FrameEvents) {
    this.#limit = limit;
    this.#held = new Pieces(limit);
    this.#events = events;
  }

  /** The bytes that are held of a message which has not ended. */
  get held(): number {
    return this.#held.length;
  }

  /**
   * Takes the next chunk in.
   *
   * @throws {BridgeError} `too_large` for a message so far beyond the limit that its end is not worth waiting for,
   * `bad_answer` for what is no frame; the connection is of no use any more.
   */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#left === undefined) {
        this.#head[this.#headLength++] = chunk[at++]!;
        if (this.#headLength === this.#headSize) this.#begin();
        continue;
      }
      const part = chunk.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      this.#take(part);
    }
  }

  /** As far as that is known. */
  get #headSize(): number {
    if (this.#headLength < 2) return 2;
    const length = this.#head[1]! & ~MASKED;
    return length === IN_EIGHT_BYTES ? LONGEST_HEAD : length === IN_TWO_BYTES ? 4 : 2;
  }

  #begin(): void {
    const [first, second] = [this.#head[0]!, this.#head[1]!];
    this.#isLast = (first & IS_LAST) !== 0;
    this.#opcode = first & 0x0f;
    const length = this.#statedLength(second);
    this.#headLength = 0;
    if ((first & RESERVED) !== 0) throw bad("uses an extension that nobody offered");
    if ((second & MASKED) !== 0) throw bad("is masked, as only a client's are");
    if (this.#opcode >= CLOSE) this.#beginControl(length);
    else this.#beginData(length);
    this.#left = length;
    if (length === 0) this.#take(new Uint8Array());
  }

  #statedLength(second: number): number {
    const length = second & ~MASKED;
    if (length < IN_TWO_BYTES) return length;
    const view = new DataView(this.#head.buffer);
    return length === IN_TWO_BYTES ? view.getUint16(2) : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
  }

  #beginControl(length: number): void {
    if (this.#opcode > PONG) throw bad("is of an unknown kind");
    if (length > LONGEST_CONTROL || !this.#isLast) throw bad("is of a kind that must be short");
  }

  #beginData(length: number): void {
    if (this.#opcode > BINARY) throw bad("is of an unknown kind");
    if ((this.#opcode === CONTINUATION) !== this.#isWithin) throw bad("goes on with no message, or begins within one");
    this.#isWithin = !this.#isLast;
    this.#length += length;
    if (this.#length <= this.#limit + MOST_DROPPED) return;
    const mib = Math.floor((this.#limit + MOST_DROPPED) / 1_048_576);
    throw new BridgeError("too_large", `the server's message is longer than ${mib} MiB, and ended the connection`);
  }

  #take(part: Uint8Array): void {
    const isEnd = this.#left === 0;
    if (isEnd) this.#left = undefined;
    if (this.#opcode >= CLOSE) {
      this.#control = this.#control.length === 0 ? part : Buffer.concat([this.#control, part]);
      if (isEnd) this.#endControl();
    } else this.#takeData(part, isEnd && this.#isLast);
  }

  #endControl(): void {
    const payload = this.#control;
    this.#control = new Uint8Array();
    if (this.#opcode === PING) this.#events.ping(payload);
    else if (this.#opcode === CLOSE) this.#events.close(payload.length < 2 ? 1005 : payload[0]! * 256 + payload[1]!);
  }

  #takeData(part: Uint8Array, isEnd: boolean): void {
    if (this.#lost === undefined && this.#length > this.#limit) this.#lose();
    if (this.#lost !== undefined) this.#lost.push(part);
    else if (!isEnd || this.#held.length > 0) this.#held.push(part);
    if (!isEnd) return;
    const lost = this.#lost;
    this.#length = 0;
    this.#lost = undefined;
    if (lost !== undefined) this.#events.oversize(lost);
    else this.#events.message(this.#held.length > 0 ? this.#held.take() : part);
  }

  /** What is too long is known by its length, before its bytes are there. */
  #lose(): void {
    this.#lost = new Excerpt();
    if (this.#held.length === 0) return;
    this.#lost.pushHeld(this.#held);
    this.#held.clear();
    if (this.#limit > WORTH_COLLECTING) Bun.gc(true);
  }
}

/** A message as one frame of a client: masked by what no page and no server can foresee (RFC 6455, 10.3). */
export function textFrame(message: Uint8Array): Uint8Array {
  return frame(TEXT, message);
}

/** The answer to a ping. */
export function pongFrame(payload: Uint8Array): Uint8Array {
  return frame(PONG, payload);
}

/** Says that the connection is to end, for a reason that is a number of section 7.4. */
export function closeFrame(code: number): Uint8Array {
  return frame(CLOSE, new Uint8Array([code >> 8, code & 0xff]));
}

function frame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const stated = length < IN_TWO_BYTES ? length : length < 65_536 ? IN_TWO_BYTES : IN_EIGHT_BYTES;
  const maskAt = stated === IN_EIGHT_BYTES ? 10 : stated === IN_TWO_BYTES ? 4 : 2;
  const bytes = new Uint8Array(maskAt + 4 + length);
  bytes[0] = IS_LAST | opcode;
  bytes[1] = MASKED | stated;
  const view = new DataView(bytes.buffer);
  if (stated === IN_TWO_BYTES) view.setUint16(2, length);
  else if (stated === IN_EIGHT_BYTES) view.setBigUint64(2, BigInt(length));
  const mask = crypto.getRandomValues(bytes.subarray(maskAt, maskAt + 4));
  const [a, b, c, d] = mask as unknown as [number, number, number, number];
  const at = maskAt + 4;
  let from = 0;
  for (; from + 4 <= length; from += 4) {
    bytes[at + from] = payload[from]! ^ a;
    bytes[at + from + 1] = payload[from + 1]! ^ b;
    bytes[at + from + 2] = payload[from + 2]! ^ c;
    bytes[at + from + 3] = payload[from + 3]! ^ d;
  }
  for (; from < length; from++) bytes[at + from] = payload[from]! ^ mask[from % 4]!;
  return bytes;
}

function bad(what: string): BridgeError {
  return new BridgeError("bad_answer", `a frame of the server ${what}`);
}

import type { Pieces } from "../platform/pieces.ts";

/** What is kept of a message beyond the limit, at either end: 64 KiB. */
export const EXCERPT_BYTES = 65_536;
const MOST_TAIL_PARTS = 16;

/** The beginning and the end of a text. */
export interface Ends {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Both ends of a message that is too long to be kept, in which its id may be found. */
export class Excerpt implements Ends {
  #head: Uint8Array = new Uint8Array();
  #tail: Uint8Array[] = [];

  get head(): Uint8Array {
    return this.#head;
  }

  get tail(): Uint8Array {
    this.#trim();
    return this.#tail[0]!;
  }

  /** Takes the next part, which must stay as it is. */
  push(part: Uint8Array): void {
    const missing = EXCERPT_BYTES - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, part.subarray(0, missing)]);
    // What is long lies in memory that need not be kept for its end.
    this.#tail.push(part.length > EXCERPT_BYTES ? part.slice(-EXCERPT_BYTES) : part);
    if (this.#tail.length > MOST_TAIL_PARTS) this.#trim();
  }

  /** Takes what is held so far. */
  pushHeld(held: Pieces): void {
    this.push(held.head(EXCERPT_BYTES));
    if (held.length > EXCERPT_BYTES) this.push(held.tail(EXCERPT_BYTES));
  }

  #trim(): void {
    let from = this.#tail.length;
    for (let length = 0; from > 0 && length < EXCERPT_BYTES;) length += this.#tail[--from]!.length;
    this.#tail = [Buffer.concat(this.#tail.slice(from)).subarray(-EXCERPT_BYTES)];
  }
}

const ID = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)\s*`;
const FIRST_MEMBER_ID = new RegExp(
  String.raw`^\s*\{(?:\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,)*\s*${ID}[,}]`,
);
const LAST_MEMBER_ID = new RegExp(
  String.raw`,\s*${ID}(?:,\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*)*\}\s*$`,
);
const BEFORE = String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"[^"\\]*"\s*,\s*|${ID},\s*)*`;
/** Behind its version and its id, where it has them in front, stands what a message is for. */
const ANSWER = new RegExp(String.raw`${BEFORE}"(?:result|error)"\s*:`);
const NO_ANSWER = new RegExp(String.raw`${BEFORE}"(?:method|params)"\s*:`);

/** Both ends of a message that is there as a whole. */
export function endsOf(message: Uint8Array | string): Ends {
  const [head, tail] = [message.slice(0, EXCERPT_BYTES), message.slice(-EXCERPT_BYTES)];
  return { head: Buffer.from(head), tail: Buffer.from(tail) };
}

/** The raw id of a message, where it can be found: SDKs print it first, or last behind `params`. */
export function idOfExcerpt({ head, tail }: Ends): string | undefined {
  return FIRST_MEMBER_ID.exec(new TextDecoder().decode(head))?.[1] ??
    LAST_MEMBER_ID.exec(new TextDecoder().decode(tail))?.[1];
}

/** The raw id of the request that a message answers, where it can be found; a request has an id of its sender's own. */
export function answeredIdOfExcerpt(ends: Ends): string | undefined {
  return ANSWER.test(new TextDecoder().decode(ends.head)) ? idOfExcerpt(ends) : undefined;
}

/** Whether a message is certain to answer nothing: it is a request or a notification. */
export function answersNothing({ head }: Ends): boolean {
  return NO_ANSWER.test(new TextDecoder().decode(head));
}

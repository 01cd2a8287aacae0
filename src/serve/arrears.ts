import type { Message } from "../transport/message.ts";

/** How much may be unread of what no request of the client led to, in bytes. */
const MOST_NEWS = 1_048_576;
/** How much may be unread in all behind a message of any length, in bytes. */
const MOST_UNREAD = 64 * 1_048_576;

/**
 * What a client has not read yet, where nobody may have waited for it. News comes without end, and who does not read
 * soon has too much of it. Answers are as many as the client asks for and as long as a message may be, so that one
 * which reads, however slowly, loses none.
 */
export class Arrears {
  readonly #most: number;
  /** How much has been said since the client was behind, in bytes. */
  #said = 0;
  /** The news of that: where it ends, and how long it is. */
  #news: { readonly end: number; readonly length: number }[] = [];
  #newsBytes = 0;

  /** `limit` is the longest message in bytes. */
  constructor(limit: number) {
    this.#most = limit + MOST_UNREAD;
  }

  /** Takes a message in that was said; `unread` is how much the client has not read, with it. Tells if that is too much. */
  add({ kind, bytes: { length } }: Message, causedBy: string | undefined, unread: number): boolean {
    this.#said += length + 1;
    if (kind !== "response" && causedBy === undefined) {
      this.#news.push({ end: this.#said, length });
      this.#newsBytes += length;
    }
    while (this.#news.length > 0 && this.#news[0]!.end <= this.#said - unread) {
      this.#newsBytes -= this.#news.shift()!.length;
    }
    // Of the first message that it is behind with nothing says that it does not read.
    const firstNews = this.#news[0]?.length ?? 0;
    return unread > this.#most || this.#newsBytes - firstNews > MOST_NEWS;
  }
}

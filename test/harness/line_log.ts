/** A stream of text as a log of lines. */
import { Log } from "./log.ts";

/** Reads a stream to its end, from the moment it is made. */
export class LineLog extends Log<string> {
  /** Resolves when the stream has ended; a last line without its newline counts as a line. */
  readonly ended: Promise<void>;

  /** Starts reading. */
  constructor(stream: AsyncIterable<Uint8Array>) {
    super();
    this.ended = this.#read(stream);
  }

  /** The lines so far as one text. */
  override toString(): string {
    return this.items.join("\n");
  }

  async #read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    // Pieces of one line are joined once, or a line of megabytes would be copied for each of its pieces.
    let pieces: string[] = [];
    try {
      for await (const chunk of stream) {
        const [first, ...others] = decoder.decode(chunk, { stream: true }).split("\n");
        pieces.push(first!);
        for (const other of others) {
          this.add(pieces.join(""));
          pieces = [other];
        }
      }
    } finally {
      const rest = pieces.join("");
      if (rest !== "") this.add(rest);
      this.close();
    }
  }
}

import type { ChannelEvents, LocalEnd } from "./channel.ts";
import { idOfExcerpt } from "./excerpt.ts";
import { LineSplitter } from "./lines.ts";
import { splitBatch } from "./batch.ts";
import { MalformedMessage } from "./malformed_message.ts";
import { type Message, readMessage } from "./message.ts";
import { type ByteSink, Outbox } from "./outbox.ts";

/** What the local end tells its owner beyond messages. */
export interface StdioEvents extends ChannelEvents {
  /** A line that is no message; reading goes on with the next one. */
  onmalformed(fault: MalformedMessage): void;
  /** A line longer than the limit; `id` is the raw id of the request, where one could be found. */
  onoversize(id: string | undefined): void;
  /** The input has ended, or the reader of the output is gone. Called once. */
  onend(): void;
}

/** What a stdio end is made of. */
export interface StdioOptions {
  input: AsyncIterable<Uint8Array>;
  output: ByteSink;
  /** The longest line in bytes. */
  limit: number;
  events: StdioEvents;
}

/** MCP on standard input and output (transports, "stdio"): one JSON-RPC message a line, in UTF-8. */
export class StdioEnd implements LocalEnd {
  readonly #options: StdioOptions;
  readonly #outbox: Outbox;
  #waits: Promise<void>[] = [];
  #ended = false;

  constructor(options: StdioOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.output, () => this.#end());
  }

  /** Reads until the input ends. Settles then; never rejects. */
  async read(): Promise<void> {
    const { input, limit, events } = this.#options;
    const splitter = new LineSplitter(limit, {
      line: (bytes) => this.#take(bytes),
      oversize: (ends) => events.onoversize(idOfExcerpt(ends)),
    });
    try {
      for await (const chunk of input) {
        if (this.#ended) return;
        splitter.push(chunk);
        if (this.#waits.length > 0) await Promise.all(this.#waits.splice(0));
      }
      splitter.end();
    } catch {
      // An input that cannot be read any more has ended.
    }
    this.#end();
  }

  send(message: Message): Promise<void> | undefined {
    return this.#outbox.write(message.bytes);
  }

  /** How much of what was sent the reader has not taken, in bytes. */
  get behind(): number {
    return this.#outbox.behind;
  }

  /** Says a line that is no message, behind what was sent: a large message goes in pieces, and is not to be cut. */
  say(line: string): void {
    void this.#outbox.write(new TextEncoder().encode(line));
  }

  /** Hands over what was written and stops reading. A reader that does not take it loses it at the deadline. */
  async close(deadline: number): Promise<void> {
    this.#ended = true;
    await Promise.race([
      this.#outbox.drained(),
      new Promise<void>((resolve) => setTimeout(resolve, deadline).unref()),
    ]);
  }

  #take(line: Uint8Array): void {
    if (isBlank(line)) return;
    for (const text of splitBatch(line)) {
      try {
        const wait = this.#options.events.onmessage(readMessage(text));
        if (wait !== undefined) this.#waits.push(wait);
      } catch (fault) {
        if (!(fault instanceof MalformedMessage)) throw fault;
        this.#options.events.onmalformed(fault);
      }
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.events.onend();
  }
}

function isBlank(line: Uint8Array): boolean {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}

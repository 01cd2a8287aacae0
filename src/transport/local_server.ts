import type { Budget } from "../platform/budget.ts";
import { type Child, type ChildOptions, startChild } from "../platform/child.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { Booking } from "./booking.ts";
import { asChannelFailure, brokenBy, ChannelFailure } from "./channel.ts";
import { OPEN_BRACE, OPEN_BRACKET } from "./json_signs.ts";
import { LineSplitter } from "./lines.ts";
import type { Message } from "./message.ts";
import { Outbox } from "./outbox.ts";
import { deliver, type Link, type LinkEvents, type OpenLink, tellLost } from "./shared_stream.ts";

/** What a link to a server on this machine is made of. */
export interface LocalServerOptions extends ChildOptions {
  /** The longest message in bytes. */
  readonly limit: number;
  readonly notify: Notify;
  readonly budget: Budget;
}

/** How much of what a server writes beside its messages is told: lines in a period, in ms, and bytes of a line. */
const MOST_LINES = 100;
const PERIOD_MS = 10_000;
const LONGEST_LINE = 4_096;
/** What a program has written may still be on its way when it has ended, in ms. */
const LAST_WORDS_MS = 200;
/** That is counted in pieces, in ms, and not while reading waits for the client. */
const TICK_MS = 20;

/** How the reading of a program stands. */
interface Reading {
  /** Whether it waits for the client to take what was read. */
  isWaiting: boolean;
  /** Whether the client has gone, and there is nobody to wait for. */
  isLeft: boolean;
  /** Whether nothing is taken any more. */
  isOver: boolean;
  /** Lets go of the program's output, which others may hold open. */
  stop(): void;
}

/**
 * MCP with a program on this machine by its standard input and output (basic/transports, "stdio"). Each link is a
 * process of its own. One that never said a message is not worth starting again by itself; one that did is.
 */
export function localServerLink(options: LocalServerOptions): OpenLink {
  let hasWorked = false;
  return (events) => {
    let child: Child;
    try {
      child = startChild(options);
    } catch (thrown) {
      return Promise.reject(asChannelFailure(thrown));
    }
    const spoken = new SpokenLines(options);
    const reading: Reading = { isWaiting: false, isLeft: false, isOver: false, stop: () => {} };
    const listening = listen(child, options, spoken, reading, {
      ...events,
      onmessage(message): Promise<void> | undefined {
        hasWorked = true;
        return events.onmessage(message);
      },
    });
    const heard = Promise.allSettled([listening, spoken.hear(child.errors)]);
    // A server that closes its output says nothing any more, whether it goes on or not.
    void listening.catch(() => {}).then(() => child.end(LAST_WORDS_MS));
    const ended = child.ended.then(async (how) => {
      await lastWords(heard, reading);
      reading.isOver = true;
      reading.stop();
      await child.end(0);
      events.onclose(endedServer(options.command, how, spoken.last, hasWorked));
    });
    return Promise.resolve(new LocalServerLink(child, reading, ended));
  };
}

/** Waits for what a program has written before its end; the pipe may be held open by what it has started in turn. */
async function lastWords(heard: Promise<unknown>, reading: Reading): Promise<void> {
  let isHeard = false;
  void heard.then(() => isHeard = true);
  for (let waited = 0; !isHeard && waited < LAST_WORDS_MS;) {
    await Promise.race([heard, Bun.sleep(TICK_MS)]);
    if (!reading.isWaiting || reading.isLeft) waited += TICK_MS;
  }
}

class LocalServerLink implements Link {
  readonly #child: Child;
  readonly #reading: Reading;
  readonly #ended: Promise<void>;
  readonly #outbox: Outbox;

  constructor(child: Child, reading: Reading, ended: Promise<void>) {
    this.#child = child;
    this.#reading = reading;
    this.#ended = ended;
    // How it ended says more than that it does not read.
    this.#outbox = new Outbox(child.input, () => {});
  }

  write(message: Message): Promise<void> | undefined {
    return this.#outbox.write(message.bytes);
  }

  async close(deadline: number): Promise<void> {
    this.#reading.isLeft = true;
    await Promise.race([this.#outbox.drained(), Bun.sleep(deadline / 5)]);
    await this.#child.end(deadline * 0.8);
    await this.#ended;
  }
}

/** Reads the messages of a server; what is none is told, and is no reason to stop. */
async function listen(
  child: Child,
  options: LocalServerOptions,
  spoken: SpokenLines,
  reading: Reading,
  events: LinkEvents,
): Promise<void> {
  const waits: Promise<void>[] = [];
  const splitter = new LineSplitter(options.limit, {
    line(bytes): void {
      if (bytes.length === 0) return;
      if (bytes[0] === OPEN_BRACE || bytes[0] === OPEN_BRACKET) waits.push(...deliver(bytes, events));
      else spoken.say(bytes, true);
    },
    oversize: (ends) => void tellLost(ends, options.limit, events),
  });
  const booking = new Booking(options.budget);
  const output = child.output.getReader();
  reading.stop = () => void output.cancel().catch(() => {});
  try {
    for (;;) {
      const { done, value } = await output.read();
      if (reading.isOver) return;
      if (done) break;
      events.onactivity();
      splitter.push(value);
      const settled = booking.settle(splitter.held, waits);
      if (settled === undefined) continue;
      reading.isWaiting = true;
      await settled.finally(() => reading.isWaiting = false);
    }
    splitter.end();
  } finally {
    booking.end();
  }
}

/** What a server writes for people, told line by line; a flood is cut short, but never left unread. */
class SpokenLines {
  readonly #options: LocalServerOptions;
  #since = 0;
  #told = 0;
  #untold = 0;
  /** The line that came last. */
  last: string | undefined;

  constructor(options: LocalServerOptions) {
    this.#options = options;
  }

  /** Reads a standard error to its end. */
  async hear(errors: ReadableStream<Uint8Array>): Promise<void> {
    const splitter = new LineSplitter(LONGEST_LINE, {
      line: (bytes) => this.say(bytes),
      oversize: ({ head }) => this.say(head),
    });
    for await (const chunk of errors) splitter.push(chunk);
    splitter.end();
    this.#catchUp();
  }

  /** Tells one line of its standard error, or of its standard output, where only messages belong. */
  say(line: Uint8Array, onOutput = false): void {
    const text = new TextDecoder().decode(line.subarray(0, LONGEST_LINE)).trimEnd();
    if (text === "") return;
    this.last = text;
    if (Date.now() - this.#since > PERIOD_MS) this.#catchUp();
    if (this.#told++ >= MOST_LINES) return void this.#untold++;
    const words = `${this.#options.command} says ${quoted(text, LONGEST_LINE)}`;
    if (!onOutput) this.#options.notify({ level: "info", text: words });
    else this.#options.notify({ level: "warn", text: `${words} on its standard output, where only messages belong` });
  }

  #catchUp(): void {
    if (this.#untold > 0) {
      const text = `${this.#options.command} says ${this.#untold} more lines, which are left out`;
      this.#options.notify({ level: "info", text });
    }
    this.#since = Date.now();
    this.#told = this.#untold = 0;
  }
}

/** A program that never spoke is misconfigured, which no second start mends. */
function endedServer(command: string, how: string, last: string | undefined, hasWorked: boolean): ChannelFailure {
  const words = last === undefined ? "" : `; its last words: ${quoted(last, 200)}`;
  const name = JSON.stringify(command);
  if (hasWorked) return brokenBy(new BridgeError("outcome_unknown", `the server ${name} ended (${how})${words}`));
  return new ChannelFailure("refused", "bad_command", `the server ${name} ended at once (${how})${words}`, {
    mayHaveRun: true,
    hint:
      'start it in a terminal to see what it lacks; variables that it needs belong into "env" of the client\'s entry',
  });
}

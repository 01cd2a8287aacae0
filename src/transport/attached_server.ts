import type { Budget } from "../platform/budget.ts";
import { type Clock, type Timer } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { LEAVING } from "./attach_hello.ts";
import { Booking } from "./booking.ts";
import { brokenBy, ChannelFailure } from "./channel.ts";
import { OPEN_BRACE, OPEN_BRACKET } from "./json_signs.ts";
import { LineSplitter } from "./lines.ts";
import type { Message } from "./message.ts";
import { type ByteSink, Outbox } from "./outbox.ts";
import { deliver, type Link, type LinkEvents, type OpenLink, tellLost } from "./shared_stream.ts";

/** A connection to a `serve` of this user, which has agreed to carry what follows. */
export interface AttachedServerOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink & { readonly isOpen: boolean };
  /** Ends the connection. */
  end(): void;
  /** The longest message in bytes. */
  readonly limit: number;
  readonly clock: Clock;
  readonly budget: Budget;
}

/** `serve` says something every 20 s, if only that it is there; one that says nothing for so long is stuck, in ms. */
const LONGEST_SILENCE_MS = 60_000;
/** A clock that stood still is no silence: it is counted in pieces, in ms. */
const TICK_MS = 20_000;

/** MCP by way of a `serve` of this user: lines as on standard input and output. The connection is opened once. */
export function attachedServerLink(options: AttachedServerOptions): OpenLink {
  return (events) => {
    if (options.output.isOpen) return Promise.resolve(new AttachedServerLink(options, events));
    const failure = new ChannelFailure("broken", "unreachable", 'the "mcp-bridge serve" that agreed has ended');
    return Promise.reject(failure);
  };
}

class AttachedServerLink implements Link {
  readonly #options: AttachedServerOptions;
  readonly #events: LinkEvents;
  readonly #outbox: Outbox;
  readonly #booking: Booking;
  #isOver = false;
  #isWaiting = false;
  #silentTicks = 0;
  #ticking: Timer | undefined;
  /** How many requests wait for their answers. */
  #inFlight = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(options: AttachedServerOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    // What came before the end is still to be read, and the end of that says the rest.
    this.#outbox = new Outbox(options.output, () => {});
    this.#booking = new Booking(options.budget);
    this.#tickLater();
    void this.#listen().catch(() => {}).then(() => {
      this.#booking.end();
      this.#over();
    });
  }

  get closing(): Promise<void> | undefined {
    return this.#closing?.promise;
  }

  write(message: Message): Promise<void> | undefined {
    if (message.kind === "request") this.#inFlight++;
    return this.#outbox.write(message.bytes);
  }

  async close(deadline: number): Promise<void> {
    await Promise.race([this.#outbox.drained(), Bun.sleep(deadline)]);
    this.#over();
  }

  async #listen(): Promise<void> {
    const { input, limit } = this.#options;
    const waits: Promise<void>[] = [];
    const events: LinkEvents = { ...this.#events, onmessage: (message) => this.#take(message) };
    const splitter = new LineSplitter(limit, {
      line: (bytes) => {
        if (bytes[0] === OPEN_BRACE || bytes[0] === OPEN_BRACKET) waits.push(...deliver(bytes, events));
        else if (bytes.length > 0 && new TextDecoder().decode(bytes) === LEAVING) this.#leave();
      },
      oversize: (ends) => {
        if (tellLost(ends, limit, this.#events) !== undefined) this.#answered();
      },
    });
    for await (const chunk of input) {
      if (this.#isOver) return;
      this.#silentTicks = 0;
      this.#events.onactivity();
      splitter.push(chunk);
      const settled = this.#booking.settle(splitter.held, waits);
      if (settled === undefined) continue;
      this.#isWaiting = true;
      await settled;
      this.#isWaiting = false;
    }
  }

  #take(message: Message): Promise<void> | undefined {
    const wait = this.#events.onmessage(message);
    if (message.kind === "response") this.#answered();
    return wait;
  }

  #answered(): void {
    this.#inFlight--;
    if (this.#closing !== undefined && this.#inFlight <= 0) this.#over();
  }

  /** What waits for an answer still gets it; what comes from now on goes another way. */
  #leave(): void {
    this.#closing ??= Promise.withResolvers();
    if (this.#inFlight <= 0) this.#over();
  }

  #tickLater(): void {
    this.#ticking = this.#options.clock.after(TICK_MS, () => {
      if (!this.#isWaiting && ++this.#silentTicks * TICK_MS >= LONGEST_SILENCE_MS) this.#over();
      else this.#tickLater();
    });
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ticking?.cancel();
    this.#options.end();
    // What waits for this learns first that its session is over, before another one is made.
    this.#closing?.resolve();
    this.#events.onclose(
      brokenBy(new BridgeError("outcome_unknown", 'the "mcp-bridge serve" that carried the request has ended')),
    );
  }
}

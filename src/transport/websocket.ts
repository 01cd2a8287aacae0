import type { Wire } from "../net/gate.ts";
import type { Budget } from "../platform/budget.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import type { ByteFlow } from "../platform/socket_flow.ts";
import { Booking } from "./booking.ts";
import { asChannelFailure, brokenBy, ChannelFailure, type SendOptions } from "./channel.ts";
import { closeFrame, FrameReader, pongFrame, textFrame } from "./frames.ts";
import { fetchOrFail } from "./http_exchange.ts";
import type { Message } from "./message.ts";
import { judgeRefusal } from "./refusal.ts";
import { deliver, type Link, type LinkEvents, type OpenLink, tellLost } from "./shared_stream.ts";

/** What a link over a WebSocket is made of. */
export interface WebSocketOptions {
  /** A `ws:` or `wss:` address. */
  readonly url: URL;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly budget: Budget;
  /** Headers of the person who runs us, sent with the handshake. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest message in bytes. */
  readonly limit: number;
}

/** What may wait in the socket before a ping is left unanswered, in bytes: one that comes later is answered. */
const HIGH_WATER = 65_536;
const NORMAL_CLOSURE = 1000;
/** What is said of a connection that ended without a word (RFC 6455, 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

const decoder = new TextDecoder();

/** MCP over a WebSocket (RFC 6455) with the subprotocol `mcp`: one message in one text frame. */
export function webSocketLink(options: WebSocketOptions): OpenLink {
  return async (events, abort) => {
    const { url, wire, headers, clock } = options;
    let flow: ByteFlow;
    try {
      flow = await wire.connect({ url, headers: new Headers(headers), protocol: "mcp", abort });
    } catch (thrown) {
      throw await explained(options, asChannelFailure(thrown), abort);
    }
    const ended = receive(flow, events, options).catch(toBridgeError).then((why) => {
      flow.end();
      events.onclose(brokenBy(new BridgeError("outcome_unknown", why.message)));
    });
    // Lazily: what is imported by name from the runtime is evaluated at the start, used or not.
    const { isUtf8 } = await import("node:buffer");
    return new WebSocketLink(flow, clock, ended, isUtf8);
  };
}

class WebSocketLink implements Link {
  readonly #flow: ByteFlow;
  readonly #clock: Clock;
  readonly #ended: Promise<void>;
  readonly #isText: (bytes: Uint8Array) => boolean;
  /** Settles when the server has taken what was written. */
  #behind: Promise<void> | undefined;

  constructor(flow: ByteFlow, clock: Clock, ended: Promise<void>, isText: (bytes: Uint8Array) => boolean) {
    this.#flow = flow;
    this.#clock = clock;
    this.#ended = ended;
    this.#isText = isText;
  }

  write({ bytes }: Message, { abort }: SendOptions): Promise<void> | undefined {
    if (this.#behind !== undefined) return this.#putBehind(this.#behind, bytes, abort?.signal);
    const written = this.#put(bytes);
    return written === undefined ? undefined : this.#follow(written);
  }

  #put(bytes: Uint8Array): Promise<void> | undefined {
    // A server must end the connection over a text that is none (RFC 6455, 8.1).
    return say(this.#flow, textFrame(this.#isText(bytes) ? bytes : Buffer.from(decoder.decode(bytes))));
  }

  /** What is given up while the server takes nothing is not kept for it, nor is who waits for that. */
  #putBehind(
    before: Promise<void>,
    bytes: Uint8Array | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    function drop(): void {
      bytes = undefined;
      resolve();
    }
    signal?.addEventListener("abort", drop);
    const written = before.then(() => {
      signal?.removeEventListener("abort", drop);
      return bytes === undefined ? undefined : this.#put(bytes);
    });
    void this.#follow(written).then(drop);
    return promise;
  }

  /** What is written from now on comes behind this. */
  #follow(written: Promise<void>): Promise<void> {
    const behind = written.then(() => {
      if (this.#behind === behind) this.#behind = undefined;
    });
    return this.#behind = behind;
  }

  async close(deadline: number): Promise<void> {
    const said = say(this.#flow, closeFrame(NORMAL_CLOSURE));
    await Promise.race([Promise.all([said, this.#ended]), pause(this.#clock, deadline)]);
    this.#flow.end();
  }
}

/** Writes a frame; that the connection has ended is told by what it gives. */
function say(flow: ByteFlow, frame: Uint8Array): Promise<void> | undefined {
  if (!flow.isOpen) return undefined;
  const behind = flow.write(frame);
  return behind instanceof Promise ? behind.then(() => {}, () => {}) : undefined;
}

/** Reads the messages of a server, until the connection ends; gives why. */
async function receive(flow: ByteFlow, events: LinkEvents, options: WebSocketOptions): Promise<BridgeError> {
  const waits: Promise<void>[] = [];
  let code = ABNORMAL_CLOSURE;
  let isOver = false;
  const reader = new FrameReader(options.limit, {
    message(bytes): void {
      // As a blank line on standard input and output, it says that somebody is there.
      if (bytes.length > 0) waits.push(...deliver(bytes, events));
    },
    oversize: (ends) => void tellLost(ends, options.limit, events),
    ping(payload): void {
      if (flow.unsent < HIGH_WATER) void say(flow, pongFrame(payload));
    },
    close(stated): void {
      code = stated;
      isOver = true;
      void say(flow, closeFrame(NORMAL_CLOSURE));
    },
  });
  const booking = new Booking(options.budget);
  try {
    for await (const chunk of flow.input) {
      events.onactivity();
      reader.push(chunk);
      if (isOver) break;
      const settled = booking.settle(reader.held, waits);
      if (settled !== undefined) await settled;
    }
  } catch (thrown) {
    if (thrown instanceof BridgeError) throw thrown;
  } finally {
    booking.end();
  }
  return new BridgeError("outcome_unknown", `the server closed the connection (${code})`);
}

/** The handshake's refusal carries neither status nor headers; a request to the same address does. */
async function explained(
  options: WebSocketOptions,
  failure: ChannelFailure,
  abort: AbortController,
): Promise<ChannelFailure> {
  if (failure.code !== "http_status") return failure;
  const { url, wire, headers, limit, clock } = options;
  const address = new URL(url);
  address.protocol = url.protocol === "wss:" ? "https:" : "http:";
  const answer = await fetchOrFail(wire, { url: address, method: "GET", headers: new Headers(headers), abort });
  const body = await answer.body.bytes(limit);
  const verdict = answer.status < 400 || answer.status === UPGRADE_REQUIRED
    ? failure
    : judgeRefusal(answer, body, false, clock.now());
  return verdict instanceof ChannelFailure ? verdict : failure;
}

const UPGRADE_REQUIRED = 426;

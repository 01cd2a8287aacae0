import type { Wire } from "../net/gate.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { asChannelFailure, brokenBy, ChannelFailure } from "./channel.ts";
import { endsOf } from "./excerpt.ts";
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
  /** Headers of the person who runs us, sent with the handshake. */
  readonly headers: Readonly<Record<string, string>>;
  /** The longest message in bytes. */
  readonly limit: number;
}

/** What may wait in the socket before writing waits, in bytes, and how often that is looked at, in ms. */
const HIGH_WATER = 1_048_576;
const LOOK_AGAIN_MS = 5;
const NORMAL_CLOSURE = 1000;
/** The runtime's word for a message that it takes no part of. */
const BEYOND_RUNTIME = "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
/** What is longer stays for too long: the collector does not see it. */
const WORTH_COLLECTING = 1_048_576;

const decoder = new TextDecoder();

/** MCP over a WebSocket (RFC 6455) with the subprotocol `mcp`: one message in one text frame. */
export function webSocketLink(options: WebSocketOptions): OpenLink {
  return async (events, abort) => {
    const { url, wire, headers, limit, clock } = options;
    let socket: WebSocket;
    try {
      socket = await wire.connect({ url, headers: new Headers(headers), protocol: "mcp", abort });
    } catch (thrown) {
      throw await explained(options, asChannelFailure(thrown), abort);
    }
    receive(socket, events, limit);
    return new WebSocketLink(socket, clock);
  };
}

class WebSocketLink implements Link {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #closed: Promise<void>;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#closed = new Promise((resolve) => socket.addEventListener("close", () => resolve()));
  }

  get closing(): Promise<void> | undefined {
    if (this.#socket.readyState === WebSocket.OPEN) return undefined;
    // The server has said that it ends; nobody waits for it to do so.
    this.#socket.terminate();
    return this.#closed;
  }

  write(message: Message): Promise<void> | undefined {
    this.#socket.send(decoder.decode(message.bytes));
    return this.#socket.bufferedAmount > HIGH_WATER ? this.#drained() : undefined;
  }

  async #drained(): Promise<void> {
    while (this.#socket.bufferedAmount > HIGH_WATER && this.#socket.readyState === WebSocket.OPEN) {
      await pause(this.#clock, LOOK_AGAIN_MS);
    }
  }

  async close(deadline: number): Promise<void> {
    this.#socket.close(NORMAL_CLOSURE);
    await Promise.race([this.#closed, pause(this.#clock, deadline)]);
    this.#socket.terminate();
  }
}

function receive(socket: WebSocket, events: LinkEvents, limit: number): void {
  let behind = 0;
  socket.addEventListener("message", ({ data }: MessageEvent<string | Uint8Array>) => {
    events.onactivity();
    // A text has no more signs than bytes: of one that is too long no copy is made.
    const frame = typeof data !== "string" || data.length > limit ? data : Buffer.from(data);
    if (typeof frame === "string" || frame.length > limit) {
      if (limit > WORTH_COLLECTING) setImmediate(() => Bun.gc(true));
      return void tellLost(endsOf(frame), limit, events);
    }
    const waits = deliver(frame, events);
    if (waits.length === 0) return;
    if (behind++ === 0) socket.pause();
    void Promise.all(waits).then(() => {
      if (--behind === 0) socket.resume();
    });
  });
  let isRunaway = false;
  socket.addEventListener("error", (event) => {
    isRunaway = ((event as ErrorEvent).error as { code?: unknown } | null)?.code === BEYOND_RUNTIME;
  });
  socket.addEventListener("close", ({ code }) => {
    const what = isRunaway
      ? "the server's message is longer than 128 MiB, and ended the connection"
      : `the server closed the connection (${code})`;
    events.onclose(brokenBy(new BridgeError("outcome_unknown", what)));
  });
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

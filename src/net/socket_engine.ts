import type { Lease } from "../platform/budget.ts";
import { flowHandlers, SocketFlow } from "../platform/socket_flow.ts";
import { bareHost } from "./address.ts";
import { collect, type HttpBody } from "./body.ts";
import type { Connection, Engine, HttpAnswer } from "./gate.ts";
import { AnswerReader } from "./http_answer.ts";
import { requestHead } from "./http_request.ts";
import { networkError } from "./network_error.ts";

/**
 * Carries a request without a body over a plain connection of its own, which ends with the answer. A stream that waits
 * costs 6 KiB this way; with Bun's fetch 30, since each read in waiting holds a buffer of 256 KiB ready, and `node:http`
 * 77. No connection is used again, so that an answer which is read wrongly can harm no other.
 */
export const socketEngine: Engine = async (request, connection) => {
  const flow = await open(request.url, connection.signal);
  const body = new SocketBody(request.url, connection, flow);
  try {
    void flow.write(requestHead(request, "close"));
    return await body.answer();
  } catch (thrown) {
    body.discard();
    throw thrown;
  }
};

/** Connects; who gives up does not wait for the system to do so. */
function open(url: URL, signal: AbortSignal): Promise<SocketFlow> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    connect(url).then((flow) => {
      if (signal.aborted) flow.end();
      resolve(flow);
    }, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

async function connect(url: URL): Promise<SocketFlow> {
  const raw = await Bun.connect<SocketFlow | undefined>({
    hostname: bareHost(url),
    port: Number(url.port || 80),
    data: undefined,
    socket: HANDLERS,
  });
  return raw.data!;
}

const HANDLERS: Bun.SocketHandler<SocketFlow | undefined> = {
  open(raw): void {
    raw.data = new SocketFlow(raw as Bun.Socket<SocketFlow>);
  },
  ...flowHandlers as Omit<Bun.SocketHandler<SocketFlow | undefined>, "open">,
};

class SocketBody implements HttpBody {
  readonly #url: URL;
  readonly #connection: Connection;
  readonly #flow: SocketFlow;
  readonly #reader = new AnswerReader();
  /** What came with the head. */
  #first: Uint8Array[] = [];

  constructor(url: URL, connection: Connection, flow: SocketFlow) {
    this.#url = url;
    this.#connection = connection;
    this.#flow = flow;
    connection.signal.addEventListener("abort", this);
    if (connection.signal.aborted) this.handleEvent();
  }

  /** Who gives up ends the connection. */
  handleEvent(): void {
    this.#flow.end();
  }

  /** Reads the head of the answer that this is the body of. */
  async answer(): Promise<HttpAnswer> {
    const reader = this.#reader;
    for (;;) {
      this.#first = await this.#next();
      const head = reader.takeHead();
      if (head !== undefined) return { ...head, body: this };
    }
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const { signal } = this.#connection;
    try {
      for (const part of this.#first.splice(0)) yield part;
      while (!this.#reader.isOver) for (const part of await this.#next()) yield part;
    } catch (thrown) {
      throw signal.aborted ? signal.reason : networkError(this.#url, thrown, { answered: true });
    } finally {
      this.discard();
    }
  }

  bytes(limit: number, onchunk?: () => void, lease?: Lease): Promise<Uint8Array> {
    return collect(this.chunks(), limit, this.#connection.budget, onchunk, lease);
  }

  discard(): void {
    this.#connection.signal.removeEventListener("abort", this);
    this.#flow.end();
    this.#connection.release();
  }

  async #next(): Promise<Uint8Array[]> {
    const { done, value } = await this.#flow.next();
    // What was given up looks like the end of a body without a length.
    this.#connection.signal.throwIfAborted();
    if (done !== true) return this.#reader.push(value);
    this.#reader.end();
    return [];
  }
}

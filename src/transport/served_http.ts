import type { LocalEnd } from "./channel.ts";
import { EventSink } from "./event_sink.ts";
import { idKey, type Message } from "./message.ts";
import { Reply } from "./reply.ts";

/** What the local end of Streamable HTTP is made of. */
export interface ServedHttpOptions {
  /** Stand in the head of each response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes a message of the client. */
  onmessage(message: Message): Promise<void> | undefined;
}

/** What is kept for a client that has no stream open, in bytes; what is older goes. */
const MOST_HELD = 262_144;

/**
 * A session of Streamable HTTP, on the side of the server (basic/transports, revisions 2025-03-26 to 2025-11-25): each
 * request is answered where it was posted, and a GET stream carries what belongs to none.
 */
export class ServedHttp implements LocalEnd {
  readonly #options: ServedHttpOptions;
  /** By the id keys of the requests. */
  readonly #replies = new Map<string, Reply>();
  #stream: EventSink | undefined;
  #handshake: string | undefined;
  #isAgreed = false;
  #held: Message[] = [];
  #heldBytes = 0;

  constructor(options: ServedHttpOptions) {
    this.#options = options;
  }

  /** Whether the server has agreed to the client's handshake. */
  get isAgreed(): boolean {
    return this.#isAgreed;
  }

  /** How many requests wait for their answers. */
  get inFlight(): number {
    return this.#replies.size;
  }

  /** Whether a stream of the client is open. */
  get isHeard(): boolean {
    return this.#stream !== undefined || this.#replies.size > 0;
  }

  /** Whether a request has the id of one that waits for its answer. */
  repeats(message: Message): boolean {
    return message.kind === "request" && this.#replies.has(message.key);
  }

  /** Takes what was posted, at least one message; their ids are none that wait for an answer. */
  post(messages: readonly Message[]): Promise<Response> | Response {
    const { headers } = this.#options;
    const requests = messages.filter(({ kind }) => kind === "request");
    if (requests.length === 0) {
      for (const message of messages) this.#take(message);
      return new Response(null, { status: 202, headers });
    }
    // A client that goes away from a stream has not given its request up.
    const reply = new Reply({ headers, answers: requests.length, onleave: () => {} });
    for (const { key } of requests) this.#replies.set(key, reply);
    for (const message of messages) this.#take(message);
    return reply.response;
  }

  /** Opens the stream for what belongs to no request; it takes the place of the last one. */
  listen(): Response {
    this.#stream?.end();
    const stream = new EventSink(this.#options.headers, () => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    this.#stream = stream;
    for (const message of this.#held.splice(0)) void stream.send(message);
    this.#heldBytes = 0;
    return stream.response;
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    if (message.kind === "response") {
      const reply = this.#replies.get(message.key);
      this.#replies.delete(message.key);
      if (message.key === this.#handshake && !message.isError) this.#isAgreed = true;
      return reply?.answer(message, 200);
    }
    if (message.method === "notifications/cancelled") this.#withdraw(message);
    const reply = causedBy === undefined ? undefined : this.#replies.get(causedBy);
    if (reply !== undefined) return reply.send(message);
    if (this.#stream !== undefined) return this.#stream.send(message);
    const last = [...this.#replies.values()].at(-1);
    if (last !== undefined) return last.send(message);
    this.#hold(message);
    return undefined;
  }

  /** Tells streams that are silent that we are there. */
  beat(): void {
    this.#stream?.beat();
    for (const reply of this.#replies.values()) reply.beat();
  }

  close(): Promise<void> {
    this.#stream?.end();
    for (const reply of this.#replies.values()) reply.end(503);
    this.#replies.clear();
    return Promise.resolve();
  }

  /** A request that the client gives up has no answer, and ends where it was posted. */
  #take(message: Message): void {
    if (message.method === "initialize") this.#handshake = message.key;
    void this.#options.onmessage(message);
    if (message.method !== "notifications/cancelled") return;
    const key = idKey(message.param("requestId") ?? "null");
    const reply = this.#replies.get(key);
    this.#replies.delete(key);
    reply?.end(202);
  }

  #hold(message: Message): void {
    this.#held.push(message);
    this.#heldBytes += message.bytes.length;
    while (this.#heldBytes > MOST_HELD) this.#heldBytes -= this.#held.shift()!.bytes.length;
  }

  /** A question that the client has not seen need not be asked any more. */
  #withdraw(cancel: Message): void {
    const key = idKey(cancel.param("requestId") ?? "null");
    this.#held = this.#held.filter((held) => held.kind !== "request" || held.key !== key);
  }
}

import { EventSink } from "./event_sink.ts";
import { LargeBody } from "./large_body.ts";
import type { Message } from "./message.ts";
import { PIECE_BYTES } from "./outbox.ts";
import type { KeptEvent } from "./replay.ts";

/** What a reply is made of. */
export interface ReplyOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Called once when the client goes away from its event stream. */
  readonly onleave: () => void;
  /** How many answers it carries; more than one go on an event stream (revision 2025-03-26, batches). */
  readonly answers: number;
  /** What makes its event stream one that can be resumed. */
  readonly record?: StreamRecord;
}

/** Keeps what is said on one event stream. */
export interface StreamRecord {
  /** What a client that is new to the stream reads first; nothing for one that would not understand it. */
  opening(): Uint8Array | undefined;
  /** Takes what is said, to a client that is there or has gone, and gives the event's id. */
  keep(message: Message, isHeard: boolean): string;
}

/**
 * The response to what a client posts: JSON where the answer comes first, an event stream where something else does
 * (basic/transports, "Sending Messages to the Server").
 */
export class Reply {
  /** The response, once there is something to say. */
  readonly response: Promise<Response>;
  readonly #options: ReplyOptions;
  readonly #respond: (response: Response) => void;
  #stream: EventSink | undefined;
  #missing: number;

  constructor(options: ReplyOptions) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#respond = resolve;
    this.#options = options;
    this.#missing = options.answers;
  }

  /** Whether all answers were given or are not wanted any more. */
  get isOver(): boolean {
    return this.#missing === 0;
  }

  /** Says something before the answer; a promise asks to wait while the client is behind. */
  send(message: Message): Promise<void> | undefined {
    return this.#say(message);
  }

  /** Gives an answer, as `send` does; `status` is that of the response where it stands alone. */
  answer(message: Message, status: number): Promise<void> | undefined {
    this.#missing--;
    if (this.#stream === undefined && this.#options.answers === 1) {
      const { headers } = this.#options;
      const large = message.bytes.length > PIECE_BYTES ? new LargeBody(message.bytes) : undefined;
      this.#respond(jsonResponse(large?.stream ?? message.bytes, status, headers));
      return large?.taken;
    }
    const wait = this.#say(message);
    if (this.#missing === 0) this.#stream?.end();
    return wait;
  }

  /** A request has no answer any more; `status` is that of a response which has none at all. */
  withdraw(status: number): void {
    if (--this.#missing === 0) this.end(status);
  }

  /** Tells a client that waits in silence that we are there: nothing on the way takes the request for dead then. */
  beat(): void {
    if (this.#stream === undefined) this.#open();
    else this.#stream.beat();
  }

  /** Carries the event stream on at a client that comes back for it, from `opening` on and behind what it has missed. */
  resume(missed: readonly KeptEvent[], opening?: Uint8Array): Response {
    this.#stream?.end();
    this.#stream = new EventSink(this.#options.headers, this.#options.onleave, opening);
    for (const { message, id } of missed) void this.#stream.send(message, id);
    return this.#stream.response;
  }

  /** Ends it without an answer; `status` is that of the response where nothing was said yet. */
  end(status: number): void {
    this.#respond(new Response(null, { status, headers: this.#options.headers }));
    this.#stream?.end();
  }

  #say(message: Message): Promise<void> | undefined {
    const stream = this.#open();
    return stream.send(message, this.#options.record?.keep(message, stream.isOpen));
  }

  #open(): EventSink {
    if (this.#stream === undefined) {
      const { headers, onleave, record } = this.#options;
      this.#stream = new EventSink(headers, onleave, record?.opening());
      this.#respond(this.#stream.response);
    }
    return this.#stream;
  }
}

/** A message as the whole of a response. */
export function jsonResponse(
  body: Uint8Array | ReadableStream<Uint8Array>,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { "content-type": "application/json", ...headers } });
}

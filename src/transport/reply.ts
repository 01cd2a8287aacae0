import { EventSink } from "./event_sink.ts";
import type { Message } from "./message.ts";

/** What a reply is made of. */
export interface ReplyOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Called once when the client goes away from its event stream. */
  readonly onleave: () => void;
  /** How many answers it carries; more than one go on an event stream (revision 2025-03-26, batches). */
  readonly answers: number;
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

  /** Says something before the answer. */
  send(message: Message): Promise<void> | undefined {
    return this.#open().send(message);
  }

  /** Gives an answer; `status` is that of the response where it stands alone. */
  answer(message: Message, status: number): Promise<void> | undefined {
    this.#missing--;
    if (this.#stream === undefined && this.#options.answers === 1) {
      this.#respond(jsonResponse(message, status, this.#options.headers));
      return undefined;
    }
    const stream = this.#open();
    const wait = stream.send(message);
    if (this.#missing === 0) stream.end();
    return wait;
  }

  /** Tells a client that waits in silence that we are there. */
  beat(): void {
    this.#stream?.beat();
  }

  /** Ends it without an answer; `status` is that of the response where nothing was said yet. */
  end(status: number): void {
    this.#respond(new Response(null, { status, headers: this.#options.headers }));
    this.#stream?.end();
  }

  #open(): EventSink {
    if (this.#stream === undefined) {
      this.#stream = new EventSink(this.#options.headers, this.#options.onleave);
      this.#respond(this.#stream.response);
    }
    return this.#stream;
  }
}

/** A message as the whole of a response. */
export function jsonResponse(
  { bytes }: Message,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(bytes, { status, headers: { "content-type": "application/json", ...headers } });
}

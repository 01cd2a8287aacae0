import { EventStream } from "./event_stream.ts";

/** The response to one request: JSON where the answer comes first, an event stream where something else does. */
export class LateResponse {
  /** The response, once something is to be said. */
  readonly response: Promise<Response>;
  readonly #headers: Record<string, string>;
  readonly #left: () => void;
  readonly #resolve: (response: Response) => void;
  #stream: EventStream | undefined;

  /** `left` is called when the client goes away from the stream. */
  constructor(headers: Record<string, string>, left: () => void) {
    const { promise, resolve } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#headers = headers;
    this.#left = left;
  }

  /** Says something before the answer. */
  send(line: string): void {
    if (this.#stream === undefined) {
      this.#stream = new EventStream(this.#headers, this.#left);
      this.#resolve(this.#stream.response);
    }
    this.#stream.send(line);
  }

  /** Gives the answer; the status is lost where a stream is open. */
  end(line: string, status: number): void {
    if (this.#stream === undefined) {
      this.#resolve(
        new Response(line, { status, headers: { "content-type": "application/json", ...this.#headers } }),
      );
      return;
    }
    this.#stream.send(line);
    this.#stream.end();
  }
}

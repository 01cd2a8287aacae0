const encoder = new TextEncoder();

/** An event stream that is written line by line. */
export class EventStream {
  /** The response that carries it. */
  readonly response: Response;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #open = true;

  /** Opens the stream; `left` is called when the reader goes away. */
  constructor(headers: Record<string, string>, left: () => void) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => {
        this.#open = false;
        left();
      },
    });
    this.response = new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-cache", ...headers },
    });
    // Without a first byte the response's head would not leave.
    this.#write(": open\n\n");
  }

  /** Sends a message as it stands. */
  send(line: string): void {
    this.#write(`event: message\ndata: ${line}\n\n`);
  }

  /** Ends the stream. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#controller.close();
  }

  #write(chunk: string): void {
    if (this.#open) this.#controller.enqueue(encoder.encode(chunk));
  }
}

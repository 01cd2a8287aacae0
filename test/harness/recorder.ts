/** A stop on the way to a server that notes down each request and passes it on unchanged. */
import type { Message } from "./executable.ts";
import { Log } from "./log.ts";

/** One request that went by. */
export interface RecordedRequest {
  method: string;
  headers: Record<string, string>;
  /** The JSON-RPC message in the body, if there was one. */
  message: Message | undefined;
}

/** Listens on a port of its own and passes all on to the server of `target`. Disposing it drops all connections. */
export class Recorder implements AsyncDisposable {
  /** The requests, in the order they came. */
  readonly requests: Log<RecordedRequest> = new Log();
  /** Their messages. */
  readonly messages: Log<Message> = new Log();
  /** The endpoint to use in place of the target's. */
  readonly url: string;
  readonly #server: ReturnType<typeof Bun.serve>;

  /** Starts listening. */
  constructor(target: string) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#pass(request, target),
    });
    this.url = `http://127.0.0.1:${this.#server.port}${new URL(target).pathname}`;
  }

  /** What an executable is told in place of the target. */
  get words(): readonly string[] {
    return [this.url];
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #pass(request: Request, target: string): Promise<Response> {
    const body = request.method === "POST" ? await request.text() : undefined;
    const message: Message | undefined = body ? JSON.parse(body) : undefined;
    this.requests.add({ method: request.method, headers: Object.fromEntries(request.headers), message });
    if (message !== undefined) this.messages.add(message);
    const headers = new Headers(request.headers);
    headers.delete("host");
    const { pathname, search } = new URL(request.url);
    const answer = await fetch(new URL(pathname + search, target), {
      method: request.method,
      headers,
      body,
      signal: request.signal,
      redirect: "manual",
      timeout: false,
    });
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  }
}

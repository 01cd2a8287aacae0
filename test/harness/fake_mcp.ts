/** A remote MCP server of the handshake's era, over Streamable HTTP, that misbehaves on demand. */
import type { Server } from "bun";
import { Log } from "./log.ts";

/** One JSON-RPC message, loosely typed. */
// deno-lint-ignore no-explicit-any
export type Json = Record<string, any>;

/** One HTTP request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The message of a POST, where it was JSON. */
  readonly message: Json | undefined;
  /** The body's text. */
  readonly text: string;
}

/** What a handler may use; what it returns is the answer to the POST, nothing means the ordinary one. */
export interface Exchange {
  readonly request: SeenRequest;
  readonly message: Json;
  readonly server: FakeMcp;
  /** Aborted when the client closes the exchange. */
  readonly signal: AbortSignal;
}

/** Answers one method. */
export type Handler = (exchange: Exchange) => Response | undefined | Promise<Response | undefined>;

/** The push side of an open event stream. */
export interface OpenStream {
  send(message: Json | string, id?: string): void;
  /** Writes text as it is. */
  raw(text: string): void;
  end(): void;
}

const encoder = new TextEncoder();

/** The server. It listens on loopback once made; disposing it closes every connection. */
export class FakeMcp implements Disposable {
  /** All requests, in the order they came. */
  readonly seen = new Log<SeenRequest>();
  /** The GET streams that were opened, in order. */
  readonly streams = new Log<OpenStream>();
  /** The sessions that are alive. */
  readonly sessions = new Set<string>();
  /** How many sessions were opened, and how many were deleted by the client. */
  opened = 0;
  deleted = 0;
  /** Whether it offers a GET stream. */
  offersStream = true;
  /** The revision it settles on. */
  revision = "2025-11-25";
  readonly #tls: Bun.TLSOptions | undefined;
  readonly #handlers = new Map<string, Handler>();
  #server: Server<undefined>;
  readonly #port: number;

  /** Starts listening; `port` 0 means any, and `tls` lets it speak https. */
  constructor(port = 0, tls?: Bun.TLSOptions) {
    this.#tls = tls;
    this.#server = this.#listen(port);
    // A server that has stopped knows none any more.
    this.#port = this.#server.port!;
  }

  /** The address of the MCP endpoint. */
  get url(): string {
    return `${this.#tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}/mcp`;
  }

  /** The port. */
  get port(): number {
    return this.#port;
  }

  /** Answers `method` by `handler` from now on. */
  on(method: string, handler: Handler): void {
    this.#handlers.set(method, handler);
  }

  /** The messages of one method that were POSTed so far. */
  posted(method: string): Json[] {
    return this.seen.items.flatMap(({ message }) => message?.method === method ? [message] : []);
  }

  /** Stops listening and closes every connection. */
  stop(): void {
    this.#server.stop(true);
  }

  /** Listens again on the port it had, without the sessions it had. */
  restart(): void {
    const { port } = this;
    this.stop();
    this.sessions.clear();
    this.#server = this.#listen(port);
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** Stands before everything that the server does: what it returns is the answer. */
  protected guard(_request: SeenRequest): Response | undefined {
    return undefined;
  }

  #listen(port: number): Server<undefined> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      development: false,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      maxRequestBodySize: 256 * 1_048_576,
      fetch: (request) => this.#answer(request),
    });
  }

  async #answer(request: Request): Promise<Response> {
    const text = await request.text();
    const seen: SeenRequest = {
      method: request.method,
      path: new URL(request.url).pathname,
      headers: request.headers,
      message: parsed(text),
      text,
    };
    this.seen.add(seen);
    const refusal = this.guard(seen);
    if (refusal !== undefined) return refusal;
    const session = request.headers.get("mcp-session-id");
    const message = seen.message ?? {};
    const handler = this.#handlers.get(
      message.method ?? (message.id === undefined ? request.method : "response"),
    );
    const answer = await handler?.({ request: seen, message, server: this, signal: request.signal });
    if (answer !== undefined) return answer;
    if (session !== null && !this.sessions.has(session)) {
      return new Response("session not found", { status: 404 });
    }
    if (request.method === "GET") {
      return this.offersStream ? this.#openStream() : new Response(null, { status: 405 });
    }
    if (request.method === "DELETE") {
      if (this.sessions.delete(session ?? "")) this.deleted++;
      return new Response(null, { status: 200 });
    }
    if (message.id === undefined || message.method === undefined) return new Response(null, { status: 202 });
    if (message.method === "initialize") return this.#initialize(message);
    return result(message, { echo: message.params ?? {} });
  }

  #initialize(message: Json): Response {
    const id = crypto.randomUUID();
    this.sessions.add(id);
    this.opened++;
    const capabilities = { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} };
    const serverInfo = { name: "fake", version: "1.0.0" };
    return result(message, { protocolVersion: this.revision, capabilities, serverInfo }, {
      "mcp-session-id": id,
    });
  }

  #openStream(): Response {
    const { response, stream } = eventStream();
    this.streams.add(stream);
    return response;
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON answer with a result. */
export function result(message: Json, value: Json, headers: Record<string, string> = {}): Response {
  return Response.json({ jsonrpc: "2.0", id: message.id, result: value }, { headers });
}

/** An answer with a body of any kind. */
export function body(
  text: string | Uint8Array<ArrayBuffer>,
  type = "application/json",
  status = 200,
): Response {
  return new Response(text, { status, headers: { "content-type": type } });
}

/** An event stream that the test writes as it goes. */
export function eventStream(): { response: Response; stream: OpenStream } {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const response = new Response(
    new ReadableStream<Uint8Array>({
      start(opened): void {
        controller = opened;
        opened.enqueue(encoder.encode(": open\n\n"));
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
  const raw = (text: string): void => controller.enqueue(encoder.encode(text));
  const stream: OpenStream = {
    raw,
    send(message, id): void {
      const data = typeof message === "string" ? message : JSON.stringify(message);
      raw(`${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`);
    },
    end: () => controller.close(),
  };
  return { response, stream };
}

/** The HTTP side of the handshake's era: a session for each `initialize`. */
import {
  isInitializeRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Log } from "../harness/log.ts";
import { StreamEvents } from "./stream_events.ts";

/** What a client is asked to wait before it comes back to a stream, in ms. */
const RETRY_MS = 50;

/** All sessions of one address. Disposing them closes their streams. */
export class LegacySessions implements AsyncDisposable {
  readonly #make: () => McpServer;
  readonly #streams: Log<string>;
  readonly #sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

  /** Each session gets a server of its own by `make`; `streams` hears whose stream of the server's own was opened. */
  constructor(make: () => McpServer, streams: Log<string>) {
    this.#make = make;
    this.#streams = streams;
  }

  /** Answers a request by its session. */
  async answer(request: Request): Promise<Response> {
    const session = request.headers.get("mcp-session-id");
    if (session !== null) return await this.#continue(session, request);
    const message = request.method === "POST" ? await request.clone().json().catch(() => undefined) : undefined;
    if (!isInitializeRequest(message)) return refusal(400, "a session begins with initialize");
    return await this.#begin(request);
  }

  /** Ends all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((transport) => transport.close()));
  }

  async #continue(session: string, request: Request): Promise<Response> {
    const transport = this.#sessions.get(session);
    if (transport === undefined) return refusal(404, "the session is unknown");
    const response = await transport.handleRequest(request);
    if (request.method === "GET" && response.ok) this.#streams.add(session);
    return response;
  }

  async #begin(request: Request): Promise<Response> {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, transport),
      onsessionclosed: (id) => void this.#sessions.delete(id),
      eventStore: new StreamEvents(),
      retryInterval: RETRY_MS,
    });
    await this.#make().connect(transport);
    return await transport.handleRequest(request);
  }
}

function refusal(status: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code: -32_000, message } }, { status });
}

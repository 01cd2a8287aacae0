/** An MCP server at a WebSocket whose every move is the test's. */
import type { Server, ServerWebSocket } from "bun";
import type { Json } from "./fake_mcp.ts";
import { Log } from "./log.ts";

/** One connection of a client. */
export type Peer = ServerWebSocket<undefined>;

/** The server. It listens on loopback once made; disposing it ends every connection. */
export class FakeWebSocket implements Disposable {
  /** The handshakes' headers. */
  readonly handshakes = new Log<Headers>();
  readonly peers = new Log<Peer>();
  readonly received = new Log<Json>();
  /** Their texts. */
  readonly texts = new Log<string>();
  /** The codes with which connections ended. */
  readonly closings = new Log<number>();
  /** How many pings were answered. */
  pongs = 0;
  /** What a request is answered with in place of a WebSocket. */
  refuse: ((request: Request) => Response) | undefined;
  /** Answers a message. */
  answer: (message: Json, peer: Peer) => void = (message, peer) => {
    const result = message.method === "initialize" ? { protocolVersion: "2025-11-25", capabilities: {} } : { ok: true };
    if (message.id !== undefined && message.method !== undefined) {
      peer.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result }));
    }
  };
  readonly #server: Server<undefined>;
  readonly #scheme: string;

  /** Starts listening; `port` 0 means any, and `tls` lets it speak wss. */
  constructor(tls?: Bun.TLSOptions, port = 0) {
    this.#scheme = tls === undefined ? "ws" : "wss";
    this.#server = Bun.serve<undefined>({
      hostname: "127.0.0.1",
      port,
      ...(tls === undefined ? {} : { tls }),
      fetch: (request, server) => {
        if (this.refuse !== undefined) return this.refuse(request);
        this.handshakes.add(request.headers);
        const headers = { "sec-websocket-protocol": "mcp" };
        return server.upgrade(request, { headers }) ? undefined : new Response("no", { status: 426 });
      },
      websocket: {
        maxPayloadLength: 256 * 1_048_576,
        backpressureLimit: 1_048_576,
        idleTimeout: 0,
        open: (peer) => this.peers.add(peer),
        message: (peer, text) => {
          this.texts.add(typeof text === "string" ? text : "(binary)");
          const message = JSON.parse(String(text)) as Json;
          this.received.add(message);
          this.answer(message, peer);
        },
        pong: () => void this.pongs++,
        drain: (peer) => this.ondrain(peer),
        close: (_peer, code) => this.closings.add(code),
      },
    });
  }

  /** A peer that was behind can take more. */
  ondrain: (peer: Peer) => void = () => {};

  /** The address of the MCP endpoint. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.port}/mcp`;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}

/** The reference server of the MCP project behind a WebSocket, by a transport for its SDK: it offers none by itself. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { Server, ServerWebSocket } from "bun";
import type { ReferenceServer } from "./everything_server.ts";
import type { Message } from "./executable.ts";
import { Log } from "./log.ts";

const FACTORY = Bun.resolveSync("@modelcontextprotocol/server-everything/dist/server/index.js", import.meta.dir);
const { createServer }: { createServer(): { server: McpServer; cleanup(sessionId: string): void } } = await import(
  FACTORY
);

interface Connection {
  transport: PeerTransport | undefined;
}

/** One connection as the SDK wants it: a message in a text frame. */
class PeerTransport implements Transport {
  readonly sessionId: string = crypto.randomUUID();
  onmessage?: (message: JSONRPCMessage) => void;
  onclose?: () => void;
  readonly #peer: ServerWebSocket<Connection>;

  constructor(peer: ServerWebSocket<Connection>) {
    this.#peer = peer;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  send(message: JSONRPCMessage): Promise<void> {
    this.#peer.send(JSON.stringify(message));
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#peer.close(1000);
    return Promise.resolve();
  }
}

/** A server in this process, with a session for each connection. Disposing it drops all connections. */
export class EverythingWebSocket implements ReferenceServer {
  /** The messages of all clients. */
  readonly messages = new Log<Message>();
  #server: Server<Connection>;

  /** Starts listening. */
  constructor() {
    this.#server = this.#listen(0);
  }

  get words(): readonly string[] {
    return [`ws://127.0.0.1:${this.#server.port}/`];
  }

  /** Drops all connections, and listens at the same port again. */
  async restart(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop(true);
    this.#server = this.#listen(port!);
  }

  /** What the server says by itself takes the connection that the client has. */
  listened(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #listen(port: number): Server<Connection> {
    return Bun.serve<Connection>({
      hostname: "127.0.0.1",
      port,
      fetch(request, server): Response | undefined {
        const headers = { "sec-websocket-protocol": "mcp" };
        const upgraded = server.upgrade(request, { headers, data: { transport: undefined } });
        return upgraded ? undefined : new Response("no handshake", { status: 426 });
      },
      websocket: {
        idleTimeout: 0,
        async open(peer): Promise<void> {
          const { server, cleanup } = createServer();
          const transport = new PeerTransport(peer);
          peer.data.transport = transport;
          await server.connect(transport);
          server.server.onclose = (): void => cleanup(transport.sessionId);
        },
        message: (peer, text): void => {
          const message = JSON.parse(String(text));
          this.messages.add(message);
          peer.data.transport!.onmessage!(message);
        },
        close: (peer): void => peer.data.transport!.onclose?.(),
      },
    });
  }
}

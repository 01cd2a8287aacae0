/** A TCP proxy on loopback that cuts, freezes and slows what flows between client and server. */
import { connect, createServer, type Server, type Socket } from "node:net";

/** What happens to what is said through the proxy; bytes are counted since this was put in force. */
export interface Chaos {
  /** Ends the connection behind so many bytes of the server's; resets it with `reset`. */
  cutAfter?: number;
  reset?: boolean;
  /** The same behind so many bytes of the client's. */
  cutRequestAfter?: number;
  /** Whether one connection is cut, and those after it are left in peace. */
  once?: boolean;
  /** Passes nothing on any more, without closing. */
  frozen?: boolean;
  /** Hands on so many bytes at a time. */
  dripBytes?: number;
}

/** The proxy; `chaos` may be changed at any time. Disposing it closes all connections. */
export class ChaosProxy implements Disposable {
  #chaos: Chaos = {};
  #passed = 0;
  #asked = 0;
  /** How many connections were made. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Puts faults in force, in place of those that were. */
  set chaos(chaos: Chaos) {
    this.#chaos = chaos;
    this.#passed = 0;
    this.#asked = 0;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts a proxy in front of a port on loopback. */
  static async inFrontOf(port: number): Promise<ChaosProxy> {
    const server = createServer((client) => proxy.#serve(client, port));
    const proxy = new ChaosProxy(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The address through which the server's endpoint is reached. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}/mcp`;
  }

  /** Ends every connection that stands. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.cutAll();
    this.#server.close();
  }

  #serve(client: Socket, port: number): void {
    this.connections++;
    const upstream = connect(port, "127.0.0.1");
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (!this.#chaos.frozen) other.end();
      });
    }
    client.on("data", (chunk: Buffer) => {
      const { cutRequestAfter: limit, frozen } = this.#chaos;
      if (frozen) return;
      upstream.write(limit === undefined ? chunk : chunk.subarray(0, Math.max(limit - this.#asked, 0)));
      this.#asked += chunk.length;
      if (limit !== undefined && this.#asked > limit) this.#cut(client);
    });
    upstream.on("data", (chunk: Buffer) => {
      const { cutAfter, frozen, dripBytes } = this.#chaos;
      if (frozen) return;
      const left = cutAfter === undefined ? chunk.length : Math.max(cutAfter - this.#passed, 0);
      this.#passed += chunk.length;
      const part = chunk.subarray(0, left);
      const step = dripBytes ?? Math.max(part.length, 1);
      for (let at = 0; at < part.length; at += step) client.write(part.subarray(at, at + step));
      if (cutAfter === undefined || this.#passed < cutAfter) return;
      this.#cut(client);
    });
  }

  #cut(client: Socket): void {
    const { reset, once } = this.#chaos;
    if (once) this.#chaos = {};
    if (reset) client.resetAndDestroy();
    else client.end();
  }
}

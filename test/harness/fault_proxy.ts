/** A proxy for the faults that a good one does not have. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { Log } from "./log.ts";

/** The proxy. It notes down what it is asked for. Disposing it closes all connections. */
export class FaultProxy implements Disposable {
  /** What it says to everybody, in place of doing its work; nothing means that it never answers. */
  says: string | undefined = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  /** The port on 127.0.0.1 to which every tunnel leads, whatever was asked for; this goes before `says`. */
  leadsTo: number | undefined;
  /** The first line of each connection. */
  readonly asked = new Log<string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(tls?: TlsOptions) {
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  /** Starts it on a port of its own; with `tls` it is itself reached by TLS. */
  static async start(tls?: TlsOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(tls);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** Its host and port. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** What the variables of the environment say to lead to it. */
  get url(): string {
    return `http://${this.address}`;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    socket.once("data", (chunk) => {
      this.asked.add(chunk.toString("latin1").split("\r\n")[0]!);
      if (this.leadsTo !== undefined) this.#tunnel(socket, this.leadsTo);
      else if (this.says !== undefined) socket.end(this.says);
    });
  }

  #tunnel(client: Socket, port: number): void {
    const server = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(server).pipe(client);
    });
    this.#sockets.add(server);
    server.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => server.destroy());
  }
}

/** The suite has no words for a token of an endpoint, so this stands before ours and adds it to each request. */
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A reverse proxy that adds a token. It listens on loopback once `ready` settles. */
export class TokenAdder implements AsyncDisposable {
  readonly ready: Promise<void>;
  readonly #server: Server;

  /** Passes what comes to the endpoint at `target` on with `token`. */
  constructor(target: URL, token: string) {
    this.#server = createServer((request, response) => {
      const headers = { ...request.headers, authorization: `Bearer ${token}` };
      // Who asks for us asks for the endpoint; who asks for another host still does.
      for (const name of ["host", "origin"] as const) {
        const value = headers[name];
        if (value !== undefined) headers[name] = value.replace(`:${this.#port}`, `:${target.port}`);
      }
      const { method, url: path } = request;
      const onward = httpRequest({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      response.on("close", () => onward.destroy());
      request.pipe(onward);
    });
    this.ready = new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** Where it listens, without a path. */
  get url(): string {
    return `http://localhost:${this.#port}`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

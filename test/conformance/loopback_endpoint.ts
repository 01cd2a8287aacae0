import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from "@modelcontextprotocol/server";

/** An HTTP endpoint on a port of loopback that nobody held, for those who call it so and come from there. */
export class LoopbackEndpoint implements AsyncDisposable {
  /** Its address. */
  readonly url: string;
  readonly #server: Bun.Server<undefined>;

  /** Starts listening. */
  constructor(answer: (request: Request) => Promise<Response>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      fetch: (request) => refusalOf(request) ?? answer(request),
    });
    this.url = `http://127.0.0.1:${this.#server.port}/mcp`;
  }

  /** Stops listening and closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

function refusalOf(request: Request): Response | undefined {
  const refusal = hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins());
  if (refusal !== undefined) return refusal;
  return new URL(request.url).pathname === "/mcp" ? undefined : new Response("not found", { status: 404 });
}

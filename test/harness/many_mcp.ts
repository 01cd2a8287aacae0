/** Many remote servers of one tool each behind one port, each at a path of its own and as slow as it is told to be. */
import type { Server } from "bun";
import type { Json } from "./fake_mcp.ts";

/** The servers. They listen on loopback once made; disposing them closes every connection. */
export class ManyMcp implements Disposable {
  readonly #server: Server<undefined>;
  readonly #slow: ReadonlySet<string>;
  readonly #delay: number;

  /** Those of the names in `slow` answer after `delay` ms. */
  constructor(slow: readonly string[], delay: number) {
    this.#slow = new Set(slow);
    this.#delay = delay;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  /** The address of the server of a name. */
  url(name: string): string {
    return `http://127.0.0.1:${this.#server.port}/${name}`;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const message: Json = await request.json() as Json;
    if (this.#slow.has(name)) await Bun.sleep(this.#delay);
    if (message.id === undefined) return new Response(null, { status: 202 });
    return Response.json({ jsonrpc: "2.0", id: message.id, result: resultOf(name, message) });
  }
}

function resultOf(name: string, { method, params }: Json): Json {
  if (method === "tools/list") return { tools: [{ name: "who", inputSchema: { type: "object" } }] };
  if (method !== "initialize") return {};
  const serverInfo = { name, version: "1.0.0" };
  return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
}

/** A server that treats each call as the call says: well, late, twice, half, not at all. It keeps nothing of what was. */

/** What may become of a call. */
export const MOODS = [
  "json",
  "json",
  "json",
  "json",
  "stream",
  "stream",
  "progress",
  "late",
  "large",
  "twice",
  "other id",
  "broken",
  "half",
  "empty",
  "error",
  "500",
  "busy",
  "never",
] as const;

/** One of them. */
export type Mood = typeof MOODS[number];

const LARGE = "x".repeat(200_000);

/** The server; `forget` ends all sessions, as a restart does. */
export class MoodyServer implements Disposable {
  readonly #sessions = new Set<string>();
  readonly #server: Bun.Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    development: false,
    fetch: (request) => this.#answer(request),
  });

  get port(): number {
    return this.#server.port!;
  }

  forget(): void {
    this.#sessions.clear();
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const text = await request.text();
    const session = request.headers.get("mcp-session-id");
    const message = text === "" ? {} : JSON.parse(text);
    if (message.method === "initialize") return this.#open(message.id);
    if (session === null || !this.#sessions.has(session)) return new Response("session not found", { status: 404 });
    if (request.method === "DELETE") {
      this.#sessions.delete(session);
      return new Response(null, { status: 200 });
    }
    if (request.method === "GET") {
      return sse(new ReadableStream({ start: (each) => each.enqueue(bytes(": hello\n\n")) }));
    }
    if (message.id === undefined) return new Response(null, { status: 202 });
    return message.method === "tools/call"
      ? await moody(message.id, message.params.name as Mood)
      : json(message.id, {});
  }

  #open(id: unknown): Response {
    const session = crypto.randomUUID();
    this.#sessions.add(session);
    const serverInfo = { name: "moody", version: "1.0.0" };
    const response = json(id, { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo });
    response.headers.set("mcp-session-id", session);
    return response;
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function result(id: unknown, value: object = { content: [] }): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result: value });
}

function json(id: unknown, value: object): Response {
  return new Response(result(id, value), { headers: { "content-type": "application/json" } });
}

function sse(body: ReadableStream | string): Response {
  return new Response(body as string, { headers: { "content-type": "text/event-stream" } });
}

async function moody(id: unknown, mood: Mood): Promise<Response> {
  const event = `data: ${result(id)}\n\n`;
  const progress = `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n`;
  switch (mood) {
    case "stream":
      return sse(event);
    case "progress":
      return sse(progress.repeat(10) + event);
    case "late":
      await Bun.sleep(Math.random() * 500);
      return json(id, { content: [] });
    case "large":
      return json(id, { content: [{ type: "text", text: LARGE }] });
    case "twice":
      return sse(event + event);
    case "other id":
      return sse(`data: ${result("nobody's")}\n\n${event}`);
    case "broken":
      return new Response(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},`, {
        headers: { "content-type": "application/json" },
      });
    case "half":
      return sse(event.slice(0, event.length / 2));
    case "empty":
      return new Response("", { headers: { "content-type": "application/json" } });
    case "error":
      return new Response(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32000, message: "no" } }), {
        headers: { "content-type": "application/json" },
      });
    case "500":
      return new Response("down", { status: 500 });
    case "busy":
      if (Math.random() < 0.6) return json(id, { content: [] });
      return new Response(null, { status: 429, headers: { "retry-after": "0" } });
    case "never":
      return sse(new ReadableStream({ start: (each) => each.enqueue(bytes(": wait\n\n")) }));
    default:
      return json(id, { content: [] });
  }
}

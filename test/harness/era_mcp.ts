/** A remote MCP server that speaks one era of the protocol and nothing else, until it becomes one of the other. */
import { eventStream, FakeMcp, type Json, type OpenStream, result, type SeenRequest } from "./fake_mcp.ts";

/** The revision without a handshake. */
export const MODERN = "2026-07-28";
const PREFIX = "io.modelcontextprotocol/";
const SUBSCRIPTION_ID = `${PREFIX}subscriptionId`;
/** What a request of that revision says of a client that can do nothing. */
export const META: Json = { [`${PREFIX}protocolVersion`]: MODERN, [`${PREFIX}clientCapabilities`]: {} };

/** An era that a server can be held to. */
export type OneEra = "legacy" | "modern";

/** How a server refuses what belongs to the other era. */
export type Refuse = (message: Json) => Response;

/** The server. It misbehaves by handlers, as the one does that it is made of. */
export class EraMcp extends FakeMcp {
  /** How each era refuses a message of the other; real servers differ in that. */
  readonly refusals: Record<OneEra, Refuse> = {
    legacy: () => refusal(400, -32_000, "Bad Request: Server not initialized", null),
    modern: ({ id }) => refusal(400, -32_022, "Unsupported protocol version", id, { supported: [MODERN] }),
  };
  #era: OneEra;
  /** The ids of the streams that were asked for by `subscriptions/listen`. */
  readonly #subscriptions = new WeakMap<OpenStream, unknown>();

  /** Starts as a server of an era. */
  constructor(era: OneEra) {
    super();
    this.#era = era;
    this.on("server/discover", ({ message }) => result(message, offer()));
    this.on("subscriptions/listen", ({ message }) => this.#listen(message));
  }

  /** Becomes a server of an era that knows none of the sessions so far, while connections stand. */
  become(era: OneEra): void {
    this.#era = era;
    this.sessions.clear();
  }

  /** Says on a stream of its own, in the way of that stream's era, that a resource has changed. */
  sayUpdated(stream: OpenStream, uri: string): void {
    const id = this.#subscriptions.get(stream);
    const more = id === undefined ? {} : { _meta: { [SUBSCRIPTION_ID]: id } };
    stream.send({ jsonrpc: "2.0", method: "notifications/resources/updated", params: { uri, ...more } });
  }

  protected override guard(request: SeenRequest): Response | undefined {
    return this.#era === "modern" ? this.#guardModern(request) : this.#guardLegacy(request);
  }

  #guardLegacy({ method, headers, message }: SeenRequest): Response | undefined {
    const session = headers.get("mcp-session-id");
    if (session !== null) return this.sessions.has(session) ? undefined : new Response(null, { status: 404 });
    if (method !== "POST" || message?.method === "initialize") return undefined;
    return this.refusals.legacy(message ?? {});
  }

  #guardModern({ method, headers, message }: SeenRequest): Response | undefined {
    if (method !== "POST") return new Response(null, { status: 405 });
    if (message?.id === undefined) return new Response(null, { status: 202 });
    const claimed = message.params?._meta?.[`${PREFIX}protocolVersion`];
    if (claimed !== MODERN || headers.get("mcp-protocol-version") !== MODERN) return this.refusals.modern(message);
    if (headers.get("mcp-method") === message.method) return undefined;
    return refusal(400, -32_020, "Header mismatch", message.id);
  }

  #listen({ id, params }: Json): Response {
    const { response, stream } = eventStream();
    const _meta = { [SUBSCRIPTION_ID]: id };
    stream.send({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: { notifications: params.notifications, _meta },
    });
    this.#subscriptions.set(stream, id);
    this.streams.add(stream);
    return response;
  }
}

/** What a server of 2026-07-28 says of itself. */
export function offer(supportedVersions: unknown = [MODERN]): Json {
  return {
    resultType: "complete",
    supportedVersions,
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
    ttlMs: 0,
    cacheScope: "private",
    _meta: { [`${PREFIX}serverInfo`]: { name: "fake", version: "2.0.0" } },
  };
}

/** An HTTP refusal with a JSON-RPC error. */
export function refusal(status: number, code: number, message: string, id: unknown, data?: unknown): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code, message, data } }, { status });
}

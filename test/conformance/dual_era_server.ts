/**
 * A server that speaks both eras at one address: that of the handshake up to 2025-11-25, with sessions, a stream of its
 * own and requests to the client, and that of 2026-07-28, in which each request stands for itself. It offers what the
 * conformance suite asks a server for, and can be held to one of the eras.
 */
import {
  createMcpHandler,
  createRequestStateCodec,
  isLegacyRequest,
  type McpHttpHandler,
} from "@modelcontextprotocol/server";
import { once } from "node:events";
import { Log } from "../harness/log.ts";
import { type Change, Changes } from "./changes.ts";
import { LegacySessions } from "./legacy_sessions.ts";
import { LoopbackEndpoint } from "./loopback_endpoint.ts";
import type { Wait } from "./offered_tools.ts";
import { type Common, referenceServer } from "./reference_server.ts";

/** Which eras a server speaks. */
export type Era = "dual" | "legacy" | "modern";

const LISTEN = "subscriptions/listen";

/** The server. It listens on loopback once made. Disposing it closes every connection. */
export class DualEraServer implements AsyncDisposable {
  /** What changes at it, and makes it change. */
  readonly changes: Changes = new Changes();
  /** The streams for what the server says by itself, in order: the session of each, or `subscriptions/listen`. */
  readonly streams: Log<string> = new Log();
  /** What became of the calls that wait to be cancelled, in order. */
  readonly waits: Log<Wait> = new Log();
  readonly #era: Era;
  readonly #sessions: LegacySessions;
  readonly #modern: McpHttpHandler;
  readonly #endpoint: LoopbackEndpoint;

  /** Starts listening on a port that nobody holds. */
  constructor({ era = "dual" }: { readonly era?: Era | undefined } = {}) {
    this.#era = era;
    const common: Common = {
      changes: this.changes,
      waits: this.waits,
      states: createRequestStateCodec<string>({ key: crypto.getRandomValues(new Uint8Array(32)) }),
    };
    this.#sessions = new LegacySessions(() => referenceServer("legacy", common), this.streams);
    this.#modern = createMcpHandler(() => referenceServer("modern", common), { legacy: "reject" });
    this.changes.listen((change) => this.#announce(change));
    this.#endpoint = new LoopbackEndpoint((request) => this.#answer(request));
  }

  /** The address of the MCP endpoint. */
  get url(): string {
    return this.#endpoint.url;
  }

  /** Stops listening and ends all sessions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions[Symbol.asyncDispose]();
    await this.#modern.close();
    await this.#endpoint[Symbol.asyncDispose]();
  }

  async #answer(request: Request): Promise<Response> {
    const isLegacy = this.#era === "legacy" || this.#era === "dual" && await isLegacyRequest(request);
    if (isLegacy) return await this.#sessions.answer(request);
    const response = await this.#modern.fetch(request);
    if (request.headers.get("mcp-method") === LISTEN && response.ok) this.streams.add(LISTEN);
    return response;
  }

  /** Tells those who listen in the era of 2026-07-28; a session of the other era hears of it by its own server. */
  #announce(change: Change): void {
    const { notify } = this.#modern;
    switch (change.kind) {
      case "tools":
        return notify.toolsChanged();
      case "prompts":
        return notify.promptsChanged();
      case "resource":
        return notify.resourceUpdated(change.uri);
    }
  }
}

if (import.meta.main) {
  await using server = new DualEraServer({ era: process.argv[2] as Era | undefined });
  console.log(server.url);
  await once(process, "SIGINT");
}

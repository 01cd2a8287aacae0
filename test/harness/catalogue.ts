/** The official registry's API, as far as a search goes: a local copy of the shape of its answers. */
import type { Server } from "bun";

/** One entry of an answer. */
// deno-lint-ignore no-explicit-any
export type Entry = Record<string, any>;

const OFFICIAL = { "io.modelcontextprotocol.registry/official": { status: "active", isLatest: true } };

/** Entries as the registry writes them. */
export const ENTRIES: readonly Entry[] = [
  {
    server: {
      $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
      name: "app.linear/linear",
      title: "Linear",
      description: "MCP server for Linear project management and issue tracking",
      version: "1.0.0",
      remotes: [
        { type: "streamable-http", url: "https://mcp.linear.app/mcp" },
        { type: "sse", url: "https://mcp.linear.app/sse" },
      ],
    },
    _meta: OFFICIAL,
  },
  {
    server: {
      name: "io.github.acme/files",
      description: "Files of \u001b[31mAcme\u202e\nmcp-bridge: error: none",
      version: "1.2.3",
      repository: { url: "https://github.com/acme/files", source: "github" },
      packages: [{
        registryType: "npm",
        registryBaseUrl: "https://registry.npmjs.org",
        identifier: "@acme/files",
        version: "1.2.3",
        transport: { type: "stdio" },
        environmentVariables: [{ name: "ACME_KEY", isRequired: true, isSecret: true, description: "yours" }],
      }],
    },
    _meta: OFFICIAL,
  },
  {
    server: {
      name: "ai.smithery/notes",
      description: "Notes",
      version: "0.1.0",
      remotes: [{
        type: "streamable-http",
        url: "https://server.smithery.ai/notes/mcp",
        headers: [{ name: "Authorization", value: "Bearer {smithery_api_key}", isRequired: true, isSecret: true }],
      }],
    },
    _meta: OFFICIAL,
  },
  { server: { name: 1, description: "no server" }, _meta: {} },
  { server: { name: "com.example/odd", description: null, version: "1", remotes: [{ type: "streamable-http" }] } },
];

/** The registry. It listens on loopback once made. */
export class FakeCatalogue implements Disposable {
  /** What searches asked for, in order. */
  readonly asked: URLSearchParams[] = [];
  /** Answers in place of the ordinary answer. */
  answer: (() => Response) | undefined;
  readonly #server: Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => this.#fetch(new URL(request.url)),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  #fetch(url: URL): Response {
    if (url.pathname !== "/v0/servers") return new Response("not found", { status: 404 });
    this.asked.push(url.searchParams);
    if (this.answer !== undefined) return this.answer();
    const words = url.searchParams.get("search")!.toLowerCase();
    const found = ENTRIES.filter(({ server }) => String(server.name).includes(words));
    const servers = found.slice(0, Number(url.searchParams.get("limit")));
    const nextCursor = servers.length < found.length ? "next" : undefined;
    return Response.json({ servers, metadata: { count: servers.length, nextCursor } });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

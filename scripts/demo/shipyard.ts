/** The demo's remote side: an MCP server on loopback, made with the official SDK, which keeps sessions and wants tokens. */
import {
  fromJsonSchema,
  McpServer,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { FakeAs } from "../../test/harness/fake_as.ts";
import { Visits } from "./visits.ts";

interface Session {
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

/** What the server calls itself. */
export const SHIPYARD = { name: "shipyard", version: "2.7.0" };

const ISSUES = [
  { number: 412, label: "crash", title: "importing an empty calendar", age: "3 days" },
  { number: 409, label: "typo", title: "two words in the welcome mail", age: "5 days" },
  { number: 398, label: "crash", title: "printing a page of zero height", age: "2 weeks" },
];
const STAGES = ["built", "signed", "uploaded"];
const STAGE_MS = 150;
const METADATA = "/.well-known/oauth-protected-resource/mcp";

/**
 * A server that ships releases of some other product, for those whom an authorization server has let in. It listens
 * once made; disposing it drops all connections.
 */
export class Shipyard implements AsyncDisposable {
  /** The endpoint. */
  readonly url: string;
  readonly visits = new Visits();
  readonly #as: FakeAs;
  readonly #sessions = new Map<string, Session>();
  readonly #http: ReturnType<typeof Bun.serve>;

  /** Starts listening. */
  constructor(as: FakeAs) {
    this.#as = as;
    this.#http = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#receive(request),
    });
    this.url = `http://127.0.0.1:${this.#http.port}/mcp`;
  }

  /** How many sessions are open. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Offers one more tool, of which the server tells whoever listens. */
  offerWithdrawal(): void {
    for (const { server } of this.#sessions.values()) {
      const config = {
        description: "takes a release back",
        inputSchema: fromJsonSchema<{ version: string }>(stringInput("version")),
      };
      server.registerTool("withdraw_release", config, ({ version }) => said(`${version} is withdrawn`));
    }
  }

  /** Stops listening and closes what is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.#sessions.values()) await server.close();
    await this.#http.stop(true);
  }

  async #receive(request: Request): Promise<Response> {
    const at = performance.now();
    const { method, headers } = request;
    const body = method === "POST" ? await request.json() as { method?: string } : undefined;
    const answer = await this.#answer(request, body);
    this.visits.add({
      method,
      path: new URL(request.url).pathname,
      message: body?.method,
      session: headers.get("mcp-session-id") ?? answer.headers.get("mcp-session-id") ?? undefined,
      hasToken: headers.has("authorization"),
      at,
      status: answer.status,
      type: answer.headers.get("content-type") ?? undefined,
    });
    return answer;
  }

  async #answer(request: Request, body: object | undefined): Promise<Response> {
    if (new URL(request.url).pathname === METADATA) {
      return Response.json({ resource: this.url, authorization_servers: [this.#as.issuer] });
    }
    if (!this.#letsIn(request.headers.get("authorization"))) {
      const challenge = `Bearer resource_metadata="${new URL(METADATA, this.url)}"`;
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    }
    const { transport } = this.#sessions.get(request.headers.get("mcp-session-id") ?? "") ?? await this.#open();
    return await transport.handleRequest(request, { parsedBody: body });
  }

  #letsIn(authorization: string | null): boolean {
    const worth = this.#as.tokens.worth(authorization?.replace(/^Bearer /, "") ?? "");
    return worth.kind === "good" && worth.family.grant.resources.includes(this.url);
  }

  async #open(): Promise<Session> {
    const server = newServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, { server, transport }),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    });
    await server.connect(transport);
    return { server, transport };
  }
}

function newServer(): McpServer {
  const server = new McpServer(SHIPYARD);
  server.registerTool("find_issues", {
    description: "finds the open issues under a label",
    inputSchema: fromJsonSchema<{ label: string }>(stringInput("label")),
  }, ({ label }) => {
    const issues = ISSUES.filter((issue) => issue.label === label);
    const head = `${issues.length} open issues under "${label}"`;
    return said(head, ...issues.map(({ number, title, age }) => `#${number}  ${title}, open for ${age}`));
  });
  server.registerTool("publish_release", {
    description: "publishes a release and reports each stage",
    inputSchema: fromJsonSchema<{ version: string }>(stringInput("version")),
  }, async ({ version }, context) => {
    for (const [place, stage] of STAGES.entries()) {
      await Bun.sleep(STAGE_MS);
      await report(context, place + 1, stage);
    }
    await Bun.sleep(STAGE_MS);
    return said(`${version} is published`);
  });
  return server;
}

function stringInput(name: string): Parameters<typeof fromJsonSchema>[0] {
  return { type: "object", properties: { [name]: { type: "string" } }, required: [name] };
}

function said(...lines: string[]): { content: { type: "text"; text: string }[] } {
  return { content: [{ type: "text", text: lines.join("\n") }] };
}

async function report({ mcpReq }: ServerContext, progress: number, message: string): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  const params = { progressToken, progress, total: STAGES.length, message };
  await mcpReq.notify({ method: "notifications/progress", params });
}

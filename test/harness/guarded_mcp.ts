/** An MCP server made with the official SDK that asks for a token, and for more scope before it changes anything. */
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server";
import { claimedBy, thumbprintOf } from "./dpop.ts";
import type { Json } from "./fake_mcp.ts";
import { Log } from "./log.ts";

/** What a token is worth, as the authorization server says. */
export interface KnownToken {
  readonly audience: string;
  readonly scope: string;
  /** The thumbprint of the key that it is bound to. */
  readonly key?: string;
}

/** One request, and how it was answered. */
export interface GuardedRequest {
  readonly method: string;
  readonly headers: Headers;
  /** The message of a POST, where it was JSON. */
  readonly message: Json | undefined;
  readonly status: number;
}

/** Looks a token up. */
export type Lookup = (token: string) => Promise<KnownToken | undefined>;

/** The scope that every request needs, and the one that the tool `write` needs as well. */
export const READ = "mcp:read";
export const WRITE = "mcp:write";

const METADATA_PATH = "/.well-known/oauth-protected-resource/mcp";

/** The server. It listens once made; disposing it drops all connections. */
export class GuardedMcp implements AsyncDisposable {
  readonly url: string;
  /** All requests to the endpoint, in the order they were answered. */
  readonly seen = new Log<GuardedRequest>();
  /** Whether it takes tokens alone that are bound to a key (RFC 9449). */
  demandsProof = false;
  /** Whether a proof must repeat what the server gave it to say (RFC 9449, section 9). */
  demandsNonce = false;
  #nonce = crypto.randomUUID();
  /** The proofs that were taken, by their ids. */
  readonly #proofs = new Set<string>();
  readonly #issuer: string;
  readonly #lookup: Lookup;
  readonly #handler = createMcpHandler(() => newServer());
  readonly #server: Bun.Server<undefined>;

  /** Starts listening; tokens are those of `issuer`. */
  constructor(issuer: string, lookup: Lookup) {
    this.#issuer = issuer;
    this.#lookup = lookup;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      development: false,
      fetch: (request) => this.#receive(request),
    });
    this.url = `http://127.0.0.1:${this.#server.port}/mcp`;
  }

  /** Takes another nonce from now on. */
  renewNonce(): void {
    this.#nonce = crypto.randomUUID();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handler.close();
    await this.#server.stop(true);
  }

  async #receive(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === METADATA_PATH) return Response.json(this.#metadata());
    if (pathname !== "/mcp") return new Response("not found", { status: 404 });
    const message = await request.clone().json().catch(() => undefined) as Json | undefined;
    const answer = await this.#refusal(request, message) ?? await this.#handler.fetch(request);
    this.seen.add({ method: request.method, headers: request.headers, message, status: answer.status });
    return answer;
  }

  #metadata(): Json {
    return {
      resource: this.url,
      "authorization_servers": [this.#issuer],
      "scopes_supported": [READ, WRITE],
      "bearer_methods_supported": ["header"],
    };
  }

  async #refusal(request: Request, message: Json | undefined): Promise<Response | undefined> {
    const [, scheme, token] = /^(Bearer|DPoP) (\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    const wanted = this.demandsProof ? "DPoP" : "Bearer";
    if (token === undefined) return this.#challenge(401, wanted, { scope: READ });
    const known = await this.#lookup(token);
    if (known === undefined || known.audience !== this.url) {
      return this.#challenge(401, wanted, { error: "invalid_token", scope: READ });
    }
    const isProved = scheme!.toLowerCase() === "dpop";
    if (isProved || known.key !== undefined || this.demandsProof) {
      // A token that is bound to a key is not taken as one for whoever bears it (RFC 9449, section 7.2).
      const refusal = this.#proofRefusal(request, token, isProved ? known.key : undefined);
      if (refusal !== undefined) return refusal;
    }
    const isWrite = message?.method === "tools/call" && message.params?.name === "write";
    const lacks = [READ, ...(isWrite ? [WRITE] : [])].find((scope) => !known.scope.split(" ").includes(scope));
    return lacks === undefined
      ? undefined
      : this.#challenge(403, scheme!, { error: "insufficient_scope", scope: lacks });
  }

  #proofRefusal(request: Request, token: string, key: string | undefined): Response | undefined {
    const proof = request.headers.get("dpop") ?? "";
    const { id = "", nonce } = claimedBy(proof);
    const proven = { method: request.method, url: this.url, token, ...(nonce === undefined ? {} : { nonce }) };
    const holds = key !== undefined && thumbprintOf(proof, proven) === key && !this.#proofs.has(id);
    const isStale = this.demandsNonce && nonce !== this.#nonce;
    if (!holds || isStale) {
      const error = holds ? "use_dpop_nonce" : "invalid_dpop_proof";
      return this.#challenge(401, "DPoP", { error, algs: "ES256" });
    }
    this.#proofs.add(id);
    return undefined;
  }

  #challenge(status: number, scheme: string, parameters: Record<string, string>): Response {
    const metadata = new URL(METADATA_PATH, this.url).href;
    const said = Object.entries({ "resource_metadata": metadata, ...parameters });
    const headers = new Headers({ "www-authenticate": `${scheme} ${said.map(([k, v]) => `${k}="${v}"`).join(", ")}` });
    if (this.demandsNonce) headers.set("dpop-nonce", this.#nonce);
    return new Response(null, { status, headers });
  }
}

function newServer(): McpServer {
  const server = new McpServer({ name: "guarded", version: "1.0.0" });
  for (const [name, description] of [["read", "reads a note"], ["write", "changes a note"]] as const) {
    const inputSchema = fromJsonSchema<Record<string, never>>({ type: "object", properties: {} });
    server.registerTool(
      name,
      { description, inputSchema },
      () => ({ content: [{ type: "text", text: `${name} is done` }] }),
    );
  }
  return server;
}

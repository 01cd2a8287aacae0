/** The fake MCP server behind a bearer token of a fake authorization server. */
import type { FakeAs } from "./fake_as.ts";
import { FakeMcp, type Json, type SeenRequest } from "./fake_mcp.ts";
import { Log } from "./log.ts";
import { words } from "./token_families.ts";

/** What the server thought of a token. */
export type Verdict = "good" | "missing" | "unknown" | "expired" | "revoked" | "wrong audience" | "insufficient scope";

/** A request to the MCP endpoint and the token that it carried. */
export interface Bearing {
  readonly request: SeenRequest;
  readonly token: string | undefined;
  readonly verdict: Verdict;
}

/** A server whose every request needs a token. */
export class ProtectedMcp extends FakeMcp {
  /** What each request carried, in the order they came. */
  readonly bearings = new Log<Bearing>();
  /** What it publishes about itself (RFC 9728), to be changed freely. */
  readonly metadata: Json;
  /** Where that is published; nowhere if undefined. */
  metadataPath: string | undefined = "/.well-known/oauth-protected-resource/mcp";
  /** What a challenge says, in the order in which it says it; by default where the metadata is, and the scope. */
  challenge: Record<string, string>;
  /** The resource that a token must be for; undefined takes tokens for any. */
  audience: string | undefined;
  /** The scope that every request needs. */
  scope = "";
  /** Further scope that a tool needs, by the tool's name. */
  readonly toolScopes = new Map<string, string>();
  #as: FakeAs;

  /** Starts listening; `port` 0 means any, and `tls` lets it speak https. */
  constructor(as: FakeAs, port = 0, tls?: Bun.TLSOptions) {
    super(port, tls);
    this.#as = as;
    this.audience = this.url;
    this.metadata = { resource: this.url, authorization_servers: [as.issuer], bearer_methods_supported: ["header"] };
    this.challenge = { resource_metadata: new URL(this.metadataPath!, this.url).href };
  }

  /** Says nothing about who signs people in from now on, and takes a token for whatever it is. */
  publishNothing(): void {
    this.metadataPath = undefined;
    this.challenge = {};
    this.audience = undefined;
  }

  /** Takes the tokens of another authorization server from now on, and says so. */
  moveTo(as: FakeAs): void {
    this.#as = as;
    this.metadata.authorization_servers = [as.issuer];
  }

  /** How many requests got this verdict. */
  judged(verdict: Verdict): number {
    return this.bearings.items.filter((bearing) => bearing.verdict === verdict).length;
  }

  /** A refusal with a challenge (RFC 6750, section 3). */
  refusal(status: 401 | 403, parameters: Record<string, string> = {}): Response {
    const said = Object.entries({ ...this.challenge, ...parameters }).map(([name, value]) => `${name}="${value}"`);
    return new Response(null, { status, headers: { "www-authenticate": `Bearer ${said.join(", ")}`.trim() } });
  }

  protected override guard(request: SeenRequest): Response | undefined {
    if (request.path.startsWith("/.well-known/")) {
      return request.path === this.metadataPath && request.method === "GET"
        ? Response.json(this.metadata)
        : new Response("not found", { status: 404 });
    }
    const [, token] = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    const { verdict, scope } = this.#judge(token, request.message);
    this.bearings.add({ request, token, verdict });
    const wanted: Record<string, string> = scope === "" ? {} : { scope };
    if (verdict === "good") return undefined;
    if (verdict === "missing") return this.refusal(401, wanted);
    if (verdict === "insufficient scope") return this.refusal(403, { error: "insufficient_scope", ...wanted });
    return this.refusal(401, { error: "invalid_token", error_description: `the token is ${verdict}`, ...wanted });
  }

  #judge(token: string | undefined, message: Json | undefined): { verdict: Verdict; scope: string } {
    const { scope } = this;
    if (token === undefined) return { verdict: "missing", scope };
    const worth = this.#as.tokens.worth(token);
    if (worth.kind !== "good") return { verdict: worth.kind, scope };
    if (this.audience !== undefined && !worth.family.grant.resources.includes(this.audience)) {
      return { verdict: "wrong audience", scope };
    }
    const tool = message?.method === "tools/call" ? this.toolScopes.get(message.params?.name) : undefined;
    for (const needed of [scope, tool ?? ""]) {
      const lacks = words(needed).some((word) => !words(worth.scope).includes(word));
      if (lacks) return { verdict: "insufficient scope", scope: needed };
    }
    return { verdict: "good", scope };
  }
}

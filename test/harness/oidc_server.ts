/** A real authorization server, `oidc-provider`, in front of an MCP server of the SDK's. */
import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Configuration, errors, type KoaContextWithOIDC, type ResourceServer } from "oidc-provider";
import { GuardedMcp, type KnownToken, READ, WRITE } from "./guarded_mcp.ts";
import { Log } from "./log.ts";

/** How a grant came to its end at the token endpoint, or that its tokens were revoked since one was spent. */
export interface OidcEvent {
  readonly name: "grant.success" | "grant.error" | "grant.revoked";
  readonly grantType: string | undefined;
  /** Of a grant.error, such as `invalid_grant`. */
  readonly error?: string;
}

/** What sets one server apart from another. */
export interface OidcOptions {
  /** How long an access token lives, in seconds. */
  readonly accessTtl?: number;
  /** Whether the MCP server takes tokens alone that are bound to a key. */
  readonly proofs?: boolean;
  /** Whether proofs of possession must repeat a nonce, at the provider and at the MCP server. */
  readonly nonces?: boolean;
}

/** A client that signs in by itself, with its secret. */
export const ROBOT = { id: "robot", secret: crypto.randomUUID() };

const ACCOUNT = "a-person";

/** The running pair. Disposing it stops both. */
export class OidcServer implements AsyncDisposable {
  readonly issuer: string;
  readonly mcp: GuardedMcp;
  /** What happened at the provider, in order. */
  readonly events = new Log<OidcEvent>();
  /** Every code and token so far. */
  readonly secrets: string[] = [];
  readonly #grants: string[] = [];
  readonly #http: Server;
  readonly #provider: Provider;

  private constructor(http: Server, { accessTtl = 3_600, proofs = false, nonces = false }: OidcOptions) {
    this.#http = http;
    this.issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    this.mcp = new GuardedMcp(this.issuer, (token) => this.#lookup(token));
    this.mcp.demandsProof = proofs;
    this.mcp.demandsNonce = nonces;
    this.#provider = new Provider(this.issuer, configurationOf(this.mcp.url, accessTtl, nonces));
    const note = (name: OidcEvent["name"], { oidc }: KoaContextWithOIDC, error?: errors.OIDCProviderError): void => {
      const said = error === undefined ? {} : { error: error.error };
      this.events.add({ name, grantType: oidc.params?.grant_type as string | undefined, ...said });
    };
    this.#provider.on("grant.success", (context) => note("grant.success", context));
    this.#provider.on("grant.error", (context, error) => note("grant.error", context, error));
    this.#provider.on("grant.revoked", (context) => note("grant.revoked", context));
    // The id of an opaque token is the token.
    const keep = ({ jti }: { jti: string }): void => void this.secrets.push(jti);
    this.#provider.on("authorization_code.saved", keep);
    this.#provider.on("access_token.saved", keep);
    this.#provider.on("refresh_token.saved", keep);
    const answer = this.#provider.callback();
    http.on("request", (request: IncomingMessage, response: ServerResponse) => {
      if (!request.url!.startsWith("/interaction/")) return void answer(request, response);
      this.#interact(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
  }

  /** Starts both servers. */
  static async start(options: OidcOptions = {}): Promise<OidcServer> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return new OidcServer(http, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mcp[Symbol.asyncDispose]();
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  /** How many grants of a type came to their end. */
  granted(grantType: string): number {
    return this.events.items.filter((event) => event.name === "grant.success" && event.grantType === grantType).length;
  }

  /** Takes back all that the person agreed to, as on a page of the account where applications are listed. */
  async revokeGrants(): Promise<void> {
    const { AccessToken, Grant, RefreshToken } = this.#provider;
    for (const id of this.#grants.splice(0)) {
      await Promise.all([AccessToken.revokeByGrantId(id), RefreshToken.revokeByGrantId(id)]);
      await (await Grant.find(id))?.destroy();
    }
  }

  async #lookup(token: string): Promise<KnownToken | undefined> {
    const { AccessToken, ClientCredentials } = this.#provider;
    const found = await AccessToken.find(token) ?? await ClientCredentials.find(token);
    if (found === undefined || !found.isValid) return undefined;
    const key = found.jkt === undefined ? {} : { key: found.jkt };
    return { audience: [found.aud].flat()[0] ?? "", scope: found.scope ?? "", ...key };
  }

  /** The page on which a person signs in and agrees; a form of it that is sent is the answer. */
  async #interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params, uid } = await this.#provider.interactionDetails(request, response);
    if (request.method !== "POST") {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
      return void response.end(pageOf(uid, String(params.client_id), String(params.scope ?? "")));
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    if (new URLSearchParams(body).get("decision") === "deny") {
      const result = { error: "access_denied", "error_description": "the person said no" };
      return await this.#provider.interactionFinished(request, response, result);
    }
    const grant = new this.#provider.Grant({ accountId: ACCOUNT, clientId: String(params.client_id) });
    const scope = String(params.scope ?? "");
    grant.addOIDCScope(scope);
    for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(String(resource), scope);
    const grantId = await grant.save();
    this.#grants.push(grantId);
    const result = { login: { accountId: ACCOUNT }, consent: { grantId } };
    await this.#provider.interactionFinished(request, response, result);
  }
}

function configurationOf(resource: string, accessTtl: number, nonces: boolean): Configuration {
  return {
    clients: [{
      "client_id": ROBOT.id,
      "client_secret": ROBOT.secret,
      "grant_types": ["client_credentials"],
      "redirect_uris": [],
      "response_types": [],
    }],
    clientDefaults: { "id_token_signed_response_alg": "ES256" },
    jwks: { keys: [signingKey()] },
    cookies: { keys: [crypto.randomUUID()] },
    scopes: ["openid", "offline_access", READ, WRITE],
    pkce: { required: () => true },
    // A plain OAuth client gets its refresh tokens without asking for offline_access, and each of them once.
    issueRefreshToken: (_context, client) => Promise.resolve(client.grantTypeAllowed("refresh_token")),
    rotateRefreshToken: true,
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    ttl: { RefreshToken: 86_400, DeviceCode: 600, Interaction: 600, Session: 600, Grant: 86_400 },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: true, nonceSecret: crypto.getRandomValues(Buffer.alloc(32)), requireNonce: () => nonces },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo(_context, indicator): ResourceServer {
          if (indicator !== resource) throw new errors.InvalidTarget();
          return {
            audience: indicator,
            scope: `${READ} ${WRITE}`,
            accessTokenFormat: "opaque",
            accessTokenTTL: accessTtl,
          };
        },
      },
    },
  };
}

function pageOf(uid: string, client: string, scope: string): string {
  const [who, what] = [client, scope || "nothing in particular"].map((text) => Bun.escapeHTML(text));
  return `<!doctype html>
<meta charset="utf-8">
<title>Sign in</title>
<link rel="icon" href="data:,">
<h1>Sign in</h1>
<p><b>${who}</b> asks for <b>${what}</b>.</p>
<form method="post" action="/interaction/${uid}">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
`;
}

function signingKey(): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" };
}

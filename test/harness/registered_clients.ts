/** The clients that an authorization server knows: registered (RFC 7591), or described by a document at their id. */
import type { RegisteredClient } from "./client_authentication.ts";
import type { Json } from "./fake_mcp.ts";
import { Refusal } from "./token_families.ts";

const LOOPBACK = new Set(["127.0.0.1", "[::1]"]);

/** All clients by their ids. */
export class RegisteredClients extends Map<string, RegisteredClient> {
  /** The documents of clients whose id is a URL (client-ID metadata documents), in place of the world's. */
  readonly documents = new Map<string, Json>();
  /** Whether a loopback address is taken with any port (RFC 8252, section 7.3). */
  anyPort = true;
  readonly #secret: (kind: string) => string;

  /** `secret` makes up a client's secret. */
  constructor(secret: (kind: string) => string) {
    super();
    this.#secret = secret;
  }

  /**
   * Registers a client and gives what it is told.
   *
   * @throws {Refusal} `invalid_redirect_uri`, `invalid_client_metadata`
   */
  register(metadata: Json): RegisteredClient {
    const { redirect_uris: redirects, grant_types: grants = ["authorization_code"] } = metadata;
    const canReturn = Array.isArray(redirects) && redirects.length > 0 && redirects.every((uri) => URL.canParse(uri));
    if (grants.includes("authorization_code") && !canReturn) {
      throw new Refusal("invalid_redirect_uri", "redirect_uris are missing or are no URLs");
    }
    if (metadata.scope !== undefined && typeof metadata.scope !== "string") {
      throw new Refusal("invalid_client_metadata", "scope is no text");
    }
    const method = metadata.token_endpoint_auth_method ?? "client_secret_basic";
    const client: RegisteredClient = {
      ...metadata,
      "grant_types": grants,
      "token_endpoint_auth_method": method,
      "client_id": `client-${crypto.randomUUID()}`,
      ...(method.startsWith("client_secret")
        ? { "client_secret": this.#secret("client"), "client_secret_expires_at": 0 }
        : {}),
    };
    this.set(client.client_id, client);
    return client;
  }

  /** The client with this id; a document counts as long as it says of itself where it lies. */
  find(id: string): RegisteredClient | undefined {
    const document = this.documents.get(id);
    if (document === undefined) return this.get(id);
    if (document.client_id !== id || typeof document.client_name !== "string") return undefined;
    return { "token_endpoint_auth_method": "none", ...document, "client_id": id };
  }

  /** Whether a client may be sent back to this address. */
  mayReturn(client: RegisteredClient, to: string): boolean {
    return (client.redirect_uris ?? []).some((uri) => uri === to || (this.anyPort && portless(uri) === portless(to)));
  }
}

function portless(uri: string): string | number {
  const url = URL.parse(uri);
  // A number equals no other, so that what is not on loopback never matches.
  if (url === null || url.protocol !== "http:" || !LOOPBACK.has(url.hostname)) return NaN;
  url.port = "";
  return url.href;
}

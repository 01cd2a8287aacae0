import { BridgeError } from "../platform/errors.ts";
import type { ServerMetadata } from "./server_metadata.ts";
import type { ClientInfo, JsonObject } from "./settings.ts";

/** Who we are to an authorization server; plain JSON, with secrets. */
export interface Client {
  /** The issuer that knows it; another one is never told of it, except for documents, which anybody may read. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly authMethod: AuthMethod;
  /** Given by a person, described by a document at its address (CIMD), or registered by us (RFC 7591). */
  readonly kind: "static" | "document" | "dynamic";
  /** When the secret expires, in ms; absent for never. */
  readonly secretExpiresAt?: number;
  /** What was registered, where we know it; the first is the one to be used. */
  readonly redirectUris?: readonly string[];
  /** Signs for `private_key_jwt` (RFC 7523, 2.2): PKCS #8 in PEM, or a JWK. */
  readonly privateKey?: string | JsonObject;
  readonly signingAlg?: string;
}

/** How a client shows at the token endpoint who it is (RFC 8414, `token_endpoint_auth_methods_supported`). */
export type AuthMethod = "none" | "client_secret_basic" | "client_secret_post" | "private_key_jwt";

const METHODS: readonly unknown[] = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];

/** The method that a server's word names, if we know it. */
function knownMethod(method: unknown): AuthMethod | undefined {
  return METHODS.includes(method) ? method as AuthMethod : undefined;
}

/** The client that a person gave with `--static-oauth-client-info`. */
export function staticClient(info: ClientInfo, metadata: ServerMetadata): Client {
  const { client_id: clientId, client_secret: secret, private_key: key, token_endpoint_auth_signing_alg: alg } = info;
  const privateKey = typeof key === "string" || (typeof key === "object" && key !== null) ? key as string : undefined;
  const credentials = {
    ...(secret ? { clientSecret: secret } : {}),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(typeof alg === "string" ? { signingAlg: alg } : {}),
  };
  const { redirect_uris: uris } = info;
  const redirectUris = Array.isArray(uris) ? uris.filter((uri): uri is string => typeof uri === "string") : [];
  const authMethod = knownMethod(info["token_endpoint_auth_method"]) ??
    (privateKey === undefined ? methodFor(clientId, secret, metadata) : "private_key_jwt");
  return {
    issuer: metadata.issuer,
    clientId,
    ...credentials,
    authMethod,
    kind: "static",
    ...(redirectUris.length === 0 ? {} : { redirectUris }),
  };
}

/** How a registered client authenticates: as its registration says, where we can, else by its secret. */
export function registeredMethod(
  said: unknown,
  clientId: string,
  secret: string | undefined,
  metadata: ServerMetadata,
): AuthMethod {
  const method = knownMethod(said);
  // A registration has no private key of ours.
  if (secret === undefined || method === undefined || method === "private_key_jwt") {
    return methodFor(clientId, secret, metadata);
  }
  return method;
}

/**
 * How a client with this secret authenticates where nobody said it: by `Basic` (RFC 6749, 2.3.1), unless the server
 * does not take it. Signs that `Basic` has escaped, which some servers forget to undo, go in the body if they may.
 */
function methodFor(clientId: string, secret: string | undefined, metadata: ServerMetadata): AuthMethod {
  if (!secret) return "none";
  const methods = metadata.tokenAuthMethods ?? ["client_secret_basic"];
  const isPlain = escaped(clientId) === clientId && escaped(secret) === secret;
  if (methods.includes("client_secret_post") && !(isPlain && methods.includes("client_secret_basic"))) {
    return "client_secret_post";
  }
  return "client_secret_basic";
}

/**
 * Puts into a request to the authorization server who asks. `endpoint` is where it goes.
 *
 * @throws {BridgeError} `bad_argument` for a key that cannot sign, `registration_refused` for a client of another issuer
 */
export async function authenticate(
  client: Client,
  metadata: ServerMetadata,
  request: { readonly headers: Headers; readonly form: URLSearchParams; readonly endpoint: URL },
): Promise<void> {
  const { clientId, clientSecret = "", authMethod } = client;
  const { headers, form } = request;
  if (client.kind !== "document" && client.issuer !== metadata.issuer) {
    throw new BridgeError("registration_refused", "the authorization server is not the one that knows our client", {
      hint: client.kind === "static"
        ? 'give a client of the new one with "--static-oauth-client-info"'
        : 'sign in again with "mcp-bridge login"',
    });
  }
  switch (authMethod) {
    case "client_secret_basic":
      headers.set("authorization", `Basic ${basicCredential(client)}`);
      return;
    case "client_secret_post":
      form.set("client_secret", clientSecret);
      break;
    case "private_key_jwt":
      await signAssertion(client, metadata, form, request.endpoint);
      break;
    case "none":
  }
  form.set("client_id", clientId);
}

/** What follows "Basic" (RFC 6749, 2.3.1): as good as the secret itself. */
export function basicCredential({ clientId, clientSecret = "" }: Client): string {
  return btoa(`${escaped(clientId)}:${escaped(clientSecret)}`);
}

/** As in a form (RFC 6749, appendix B). */
function escaped(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

async function signAssertion(
  { clientId, privateKey, signingAlg }: Client,
  metadata: ServerMetadata,
  form: URLSearchParams,
  endpoint: URL,
): Promise<void> {
  const { createPrivateKeyJwtAuth } = await import("@modelcontextprotocol/client");
  try {
    const sign = createPrivateKeyJwtAuth({
      issuer: clientId,
      subject: clientId,
      privateKey: (privateKey ?? "") as string,
      alg: signingAlg ?? "ES256",
      // The issuer, not the endpoint: an endpoint that another server gave out could be handed on (RFC 9700, 4.4).
      audience: metadata.issuer,
    });
    await sign(new Headers(), form, endpoint);
  } catch {
    // No cause: its text may quote the key.
    throw new BridgeError("bad_argument", "the private key of the client does not sign", {
      hint: 'give "--static-oauth-client-info" a private_key in PKCS #8 or as JWK, and its ' +
        "token_endpoint_auth_signing_alg",
    });
  }
}

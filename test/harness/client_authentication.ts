/** How a client shows an authorization server who it is (RFC 6749, section 2.3; RFC 7523). */
import { createPublicKey, verify } from "node:crypto";
import type { Json } from "./fake_mcp.ts";
import { Refusal } from "./token_families.ts";

const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A client as it was registered (RFC 7591). */
export interface RegisteredClient {
  readonly "client_id": string;
  readonly "client_secret"?: string;
  /** `client_secret_basic` if nothing is said and there is a secret, `none` if there is none. */
  readonly "token_endpoint_auth_method"?: string;
  readonly "redirect_uris"?: readonly string[];
  /** If there is one, no other scope is granted. */
  readonly scope?: string;
  readonly "grant_types"?: readonly string[];
  readonly jwks?: { readonly keys: readonly Json[] };
  readonly [field: string]: unknown;
}

/** The credentials of a request, as they were shown. */
export interface Shown {
  readonly authorization: string | null;
  readonly form: URLSearchParams;
  /** Who an assertion may be meant for: the issuer, or the endpoint that was asked. */
  readonly audiences: readonly string[];
  /** The server's clock, in ms. */
  readonly now: number;
}

/**
 * The client that the credentials stand for, by the method that it is registered with.
 *
 * @throws {Refusal} `invalid_client`, with status 401
 */
export async function authenticate(
  shown: Shown,
  find: (id: string) => RegisteredClient | undefined | Promise<RegisteredClient | undefined>,
): Promise<RegisteredClient> {
  const { method, id, secret, assertion } = read(shown);
  const client = id === undefined ? undefined : await find(id);
  if (client === undefined) throw refusal("the client is unknown");
  const registered = client.token_endpoint_auth_method ??
    (client.client_secret === undefined ? "none" : "client_secret_basic");
  if (method !== registered) throw refusal(`the client is registered with ${registered}, and came with ${method}`);
  if (assertion !== undefined) checkAssertion(assertion, client, shown);
  else if (method !== "none" && secret !== client.client_secret) throw refusal("the secret is wrong");
  return client;
}

interface Credentials {
  readonly method: string;
  readonly id: string | undefined;
  readonly secret?: string;
  readonly assertion?: string;
}

function read({ authorization, form }: Shown): Credentials {
  const assertion = form.get("client_assertion");
  const secret = form.get("client_secret");
  const id = form.get("client_id") ?? undefined;
  const ways = [authorization, assertion, secret].filter((way) => way !== null);
  if (ways.length > 1) throw refusal("the client came with more than one credential");
  if (assertion !== null) {
    if (form.get("client_assertion_type") !== ASSERTION) throw refusal("the type of the assertion is unknown");
    return { method: "private_key_jwt", id: part(assertion, 1).sub, assertion };
  }
  if (secret !== null) return { method: "client_secret_post", id, secret };
  if (authorization === null) return { method: "none", id };
  const [, basic] = /^Basic (\S+)$/i.exec(authorization) ?? [];
  if (basic === undefined) throw refusal("the header is not Basic");
  const [user, password] = atob(basic).split(":", 2).map((text) => decodeURIComponent(text.replaceAll("+", " ")));
  return { method: "client_secret_basic", id: user!, secret: password ?? "" };
}

function checkAssertion(assertion: string, client: RegisteredClient, { audiences, now }: Shown): void {
  const { alg } = part(assertion, 0);
  const { iss, sub, aud, exp, jti } = part(assertion, 1);
  if (iss !== client.client_id || sub !== client.client_id) throw refusal("iss and sub are not the client");
  if (![aud].flat().some((audience) => audiences.includes(audience))) throw refusal("the assertion is for another");
  if (!(exp * 1_000 > now)) throw refusal("the assertion has expired");
  if (typeof jti !== "string") throw refusal("the assertion has no jti");
  const end = assertion.lastIndexOf(".");
  const signature = Buffer.from(assertion.slice(end + 1), "base64url");
  const signed = Buffer.from(assertion.slice(0, end));
  const good = (client.jwks?.keys ?? []).some((jwk) => {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    return alg === "ES256"
      ? verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature)
      : alg === "RS256" && verify("sha256", signed, key, signature);
  });
  if (!good) throw refusal("the signature of the assertion is wrong");
}

function part(jwt: string, place: number): Json {
  try {
    return JSON.parse(Buffer.from(jwt.split(".")[place]!, "base64url").toString());
  } catch {
    throw refusal("the assertion is not a JWT");
  }
}

function refusal(description: string): Refusal {
  return new Refusal("invalid_client", description, 401);
}

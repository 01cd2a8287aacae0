/** How an authorization server gives grants, and tokens for them. */
import type { RegisteredClient } from "./client_authentication.ts";
import type { FakeAs } from "./fake_as.ts";
import type { Json } from "./fake_mcp.ts";
import { type Grant, Refusal, type Tokens, words } from "./token_families.ts";

/** The grant type of RFC 8628. */
export const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** The grants of one server. */
export class AsGrants {
  readonly #as: FakeAs;

  constructor(as: FakeAs) {
    this.#as = as;
  }

  /** The answer of the authorization endpoint: back to the client, with a code or an error. */
  authorize(parameters: URLSearchParams): Response {
    const client = this.#as.clients.find(parameters.get("client_id") ?? "");
    const redirectUri = parameters.get("redirect_uri") ?? "";
    // Nobody is sent to an address that the client did not register.
    if (client === undefined) return new Response("the client is unknown", { status: 400 });
    if (!this.#as.clients.mayReturn(client, redirectUri)) {
      return new Response("not a redirect_uri of it", { status: 400 });
    }
    const callback = new URL(redirectUri);
    for (const [name, value] of Object.entries(this.#decide(client, parameters, redirectUri))) {
      callback.searchParams.set(name, value);
    }
    const state = parameters.get("state");
    if (state !== null) callback.searchParams.set("state", state);
    if (this.#as.metadata.authorization_response_iss_parameter_supported === true) {
      callback.searchParams.set("iss", this.#as.issuer);
    }
    return new Response(null, { status: 302, headers: { location: callback.href } });
  }

  #decide(client: RegisteredClient, parameters: URLSearchParams, redirectUri: string): Record<string, string> {
    try {
      if (parameters.get("response_type") !== "code") throw new Refusal("unsupported_response_type", "only code");
      const challenge = parameters.get("code_challenge") ?? "";
      if (parameters.get("code_challenge_method") !== "S256" || !/^[\w-]{43}$/.test(challenge)) {
        throw new Refusal("invalid_request", "PKCE with S256 is required");
      }
      return { code: this.#as.tokens.code(this.#grant(client, parameters), { redirectUri, challenge }) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.answer;
    }
  }

  #grant(client: RegisteredClient, parameters: URLSearchParams): Grant {
    const scope = parameters.get("scope") ?? client.scope ?? "";
    const registered = client.scope;
    if (registered !== undefined && !words(scope).every((word) => words(registered).includes(word))) {
      throw new Refusal("invalid_scope", "the client is not registered for it");
    }
    const resources = parameters.getAll("resource");
    const allowed = this.#as.resources;
    if (resources.some((resource) => !URL.canParse(resource) || resource.includes("#"))) {
      throw new Refusal("invalid_target", "a resource is a URL without a fragment");
    }
    if (allowed !== undefined && (resources.length === 0 || resources.some((one) => !allowed.includes(one)))) {
      throw new Refusal("invalid_target", "there are no tokens for it");
    }
    return { client: client.client_id, scope, resources };
  }

  /**
   * What the token endpoint gives to a client that has shown who it is.
   *
   * @throws {Refusal}
   */
  redeem(client: RegisteredClient, parameters: URLSearchParams): Tokens {
    switch (parameters.get("grant_type")) {
      case "authorization_code":
        return this.#redeemCode(client, parameters);
      case "refresh_token":
        return this.#as.tokens.refresh(
          parameters.get("refresh_token") ?? "",
          client.client_id,
          parameters.get("scope"),
        );
      case "client_credentials":
        if (client.token_endpoint_auth_method === "none") throw new Refusal("unauthorized_client", "it has no secret");
        return this.#as.tokens.issue(this.#grant(client, parameters), false);
      case DEVICE_CODE: {
        const grant = this.#as.devices.redeem(parameters.get("device_code") ?? "", client.client_id);
        return this.#as.tokens.issue(grant, this.#as.offersRefresh);
      }
      default:
        throw new Refusal("unsupported_grant_type", "this grant is unknown");
    }
  }

  #redeemCode(client: RegisteredClient, parameters: URLSearchParams): Tokens {
    const { family, binding } = this.#as.tokens.redeemCode(parameters.get("code") ?? "");
    const verifier = new Bun.CryptoHasher("sha256").update(parameters.get("code_verifier") ?? "").digest("base64url");
    if (family.grant.client !== client.client_id) throw new Refusal("invalid_grant", "the code is another client's");
    if (verifier !== binding.challenge) throw new Refusal("invalid_grant", "the verifier is wrong");
    if (parameters.get("redirect_uri") !== binding.redirectUri) {
      throw new Refusal("invalid_grant", "the redirect_uri is another");
    }
    const others = parameters.getAll("resource").filter((resource) => !family.grant.resources.includes(resource));
    if (others.length > 0) throw new Refusal("invalid_target", "the code is not for this resource");
    return this.#as.tokens.tokens(family, family.grant.scope, this.#as.offersRefresh);
  }

  /** Tokens in the words of RFC 6749, section 5.1. */
  answer({ access, refresh, scope, family }: Tokens): Json {
    return {
      access_token: access,
      token_type: "Bearer",
      expires_in: this.#as.tokens.lifetimes.access,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
      ...(scope === "" ? {} : { scope }),
      ...(words(scope).includes("openid") ? { id_token: this.#idToken(family.grant.client, access) } : {}),
    };
  }

  /** An id token for those who use it as a bearer; its signature is none. */
  #idToken(client: string, access: string): string {
    const now = Math.floor(this.#as.tokens.now() / 1_000);
    const { id, access: other } = this.#as.tokens.lifetimes;
    const exp = now + (id ?? other);
    const claims = { iss: this.#as.issuer, sub: "a-person", aud: client, iat: now, exp };
    const [head, body] = [{ alg: "ES256" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url")
    );
    const token = `${head}.${body}.${this.#as.tokens.secret("id")}`;
    this.#as.tokens.equate(token, access);
    return token;
  }

  /** The answer to a device (RFC 8628, section 3.2). */
  beginDevice(client: RegisteredClient, parameters: URLSearchParams): Response {
    const device = this.#as.devices.begin(this.#grant(client, parameters));
    return Response.json({
      device_code: device.code,
      user_code: device.userCode,
      verification_uri: `${this.#as.issuer}/device`,
      verification_uri_complete: `${this.#as.issuer}/device?user_code=${device.userCode}`,
      expires_in: this.#as.tokens.lifetimes.device,
      interval: device.interval,
    });
  }
}

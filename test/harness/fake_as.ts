/** An authorization server on loopback that approves by itself, remembers everything, and errs on demand. */
import type { Server } from "bun";
import type { Fault } from "./as_faults.ts";
import { AsGrants, DEVICE_CODE } from "./as_grants.ts";
import { authenticate, type RegisteredClient } from "./client_authentication.ts";
import { DeviceGrants } from "./device_grants.ts";
import type { Json } from "./fake_mcp.ts";
import { Log } from "./log.ts";
import { RegisteredClients } from "./registered_clients.ts";
import { type Grant, Refusal, TokenFamilies, type Tokens } from "./token_families.ts";

/** What the server can be asked for. */
export type Endpoint =
  | "oauth_metadata"
  | "openid_metadata"
  | "openid_metadata_below"
  | "jwks"
  | "register"
  | "authorize"
  | "token"
  | "device_authorization"
  | "device"
  | "revoke"
  | "introspect"
  | "unknown";

/** One request as the server saw it. */
export interface AsRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** The parameters of the URL, or of the form in the body. */
  readonly parameters: URLSearchParams;
  /** The body's text. */
  readonly text: string;
}

/** What the world knows a server by. */
export interface KnownAs {
  readonly issuer: string;
  /** Where people consent. */
  readonly authorize: string;
  readonly token: string;
}

/** What sets one server apart from another. */
export interface FakeAsOptions {
  /** 0, which goes without saying, means any. */
  readonly port?: number;
  readonly tls?: Bun.TLSOptions;
  /** The path of the issuer, `/tenant` say. */
  readonly path?: string;
  /** What it is known by, where that is not what it listens at; it has these two endpoints alone then. */
  readonly known?: KnownAs;
}

const METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"];
const FORM = "application/x-www-form-urlencoded";

/**
 * The server. It listens once made. Disposing it closes every connection, and throws when a spent code or refresh token
 * was redeemed and no test took the alarm.
 */
export class FakeAs implements Disposable {
  /** All requests, in the order they came. */
  readonly seen = new Log<AsRequest>();
  /** The tokens, how long they last, how they rotate, and the alarms. */
  readonly tokens = new TokenFamilies();
  readonly clients = new RegisteredClients((kind) => this.tokens.secret(kind));
  readonly devices = new DeviceGrants(this.tokens);
  /** What the server calls itself. */
  readonly issuer: string;
  /** What it publishes about itself (RFC 8414), to be changed freely. */
  readonly metadata: Json;
  /** Whether it issues refresh tokens. */
  offersRefresh = true;
  /** The only resources there are tokens for, if it is choosy; a request must name one of them then. */
  resources: readonly string[] | undefined;
  readonly #grants = new AsGrants(this);
  readonly #path: string;
  readonly #known: KnownAs | undefined;
  readonly #server: Server<undefined>;
  readonly #faults = new Map<Endpoint, Fault>();
  readonly #once = new Map<Endpoint, Fault[]>();

  constructor({ port = 0, tls, path = "", known }: FakeAsOptions = {}) {
    this.#path = path;
    this.#known = known;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      development: false,
      ...(tls === undefined ? {} : { tls }),
      fetch: (request) => this.#receive(request),
    });
    const origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${this.#server.port}`;
    this.issuer = known?.issuer ?? `${origin}${path}`;
    this.metadata = {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      registration_endpoint: `${this.issuer}/register`,
      device_authorization_endpoint: `${this.issuer}/device_authorization`,
      revocation_endpoint: `${this.issuer}/revoke`,
      introspection_endpoint: `${this.issuer}/introspect`,
      response_types_supported: ["code"],
      grant_types_supported: ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
      code_challenge_methods_supported: ["S256"],
      token_endpoint_auth_methods_supported: METHODS,
      token_endpoint_auth_signing_alg_values_supported: ["ES256", "RS256"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** The port. */
  get port(): number {
    return this.#server.port!;
  }

  /** Lets `fault` stand before an endpoint from now on; nothing takes away the one that does. */
  on(endpoint: Endpoint, fault?: Fault): void {
    if (fault === undefined) this.#faults.delete(endpoint);
    else this.#faults.set(endpoint, fault);
  }

  /** Lets each of `faults` stand before one request to an endpoint, in their order. */
  once(endpoint: Endpoint, ...faults: Fault[]): void {
    this.#once.set(endpoint, [...this.#once.get(endpoint) ?? [], ...faults]);
  }

  /** The requests to one endpoint so far. */
  asked(endpoint: Endpoint): AsRequest[] {
    return this.seen.items.filter((request) => request.endpoint === endpoint);
  }

  /** Tokens without any flow, for a test that begins behind the sign-in. `grant` says what differs from the plain one. */
  issue(grant: Partial<Grant> = {}): Tokens {
    return this.tokens.issue({ client: "by-hand", scope: "", resources: [], ...grant }, this.offersRefresh);
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
    const alarms = this.tokens.takeAlarms().map(({ spent, family }) => `a spent ${spent} of family ${family.number}`);
    if (alarms.length > 0) throw new Error(`Replay: ${alarms.join(", ")}`);
  }

  async #receive(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = await request.text();
    const isForm = request.headers.get("content-type")?.startsWith(FORM) === true;
    const seen: AsRequest = {
      endpoint: this.#endpoint(url),
      method: request.method,
      path: url.pathname,
      headers: request.headers,
      parameters: isForm ? new URLSearchParams(text) : url.searchParams,
      text,
    };
    this.seen.add(seen);
    const fault = this.#once.get(seen.endpoint)?.shift() ?? this.#faults.get(seen.endpoint);
    const proceed = (): Promise<Response> => this.#work(seen);
    return await (fault === undefined ? proceed() : fault(seen, proceed));
  }

  #endpoint({ origin, pathname: path }: URL): Endpoint {
    if (this.#known !== undefined) {
      const { authorize, token } = this.#known;
      const place = origin + path;
      return place === authorize ? "authorize" : place === token ? "token" : "unknown";
    }
    if (path === `/.well-known/oauth-authorization-server${this.#path}`) return "oauth_metadata";
    if (path === `/.well-known/openid-configuration${this.#path}`) return "openid_metadata";
    if (path === `${this.#path}/.well-known/openid-configuration`) return "openid_metadata_below";
    const names = ["jwks", "register", "authorize", "token", "device_authorization", "device", "revoke", "introspect"];
    return (names.find((name) => path === `${this.#path}/${name}`) ?? "unknown") as Endpoint;
  }

  async #work(request: AsRequest): Promise<Response> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const headers = error.status === 401 ? { "www-authenticate": "Basic" } : {};
      return Response.json(error.answer, { status: error.status, headers });
    }
  }

  async #answer(request: AsRequest): Promise<Response> {
    const { parameters } = request;
    switch (request.endpoint) {
      case "oauth_metadata":
        return Response.json(this.metadata);
      case "openid_metadata":
      case "openid_metadata_below":
        return Response.json({
          jwks_uri: `${this.issuer}/jwks`,
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256"],
          ...this.metadata,
        });
      case "jwks":
        return Response.json({ keys: [] });
      case "register":
        return Response.json(this.clients.register(jsonOf(request)), { status: 201 });
      case "authorize":
        return this.#grants.authorize(parameters);
      case "token": {
        const tokens = this.#grants.redeem(await this.#client(request), parameters);
        return Response.json(this.#grants.answer(tokens), { headers: { "cache-control": "no-store" } });
      }
      case "device_authorization":
        return this.#grants.beginDevice(await this.#client(request), parameters);
      case "device":
        return this.devices.decide(parameters.get("user_code"))
          ? new Response("approved")
          : new Response("nobody waits for this code", { status: 400 });
      case "revoke":
        await this.#client(request);
        this.tokens.revoke(parameters.get("token") ?? "");
        return new Response(null);
      case "introspect":
        return Response.json(this.#introspect(parameters.get("token") ?? ""));
      case "unknown":
        return new Response("not found", { status: 404 });
    }
  }

  #client({ headers, parameters }: AsRequest): Promise<RegisteredClient> {
    const authorization = headers.get("authorization");
    const audiences = [this.issuer, this.metadata.token_endpoint];
    const shown = { authorization, form: parameters, audiences, now: this.tokens.now() };
    return authenticate(shown, (id) => this.clients.find(id));
  }

  #introspect(token: string): Json {
    const worth = this.tokens.worth(token);
    if (worth.kind !== "good") return { active: false };
    const { grant } = worth.family;
    const exp = Math.floor(worth.expires / 1_000);
    return { active: true, client_id: grant.client, scope: worth.scope, aud: grant.resources, exp, iss: this.issuer };
  }
}

function jsonOf({ text }: AsRequest): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("invalid_client_metadata", "the body is not JSON");
  }
}

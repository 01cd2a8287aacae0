/** An OAuth client by hand, on fetch alone: what a flow is without the code under test. */
import type { Json } from "./fake_mcp.ts";
import { walk } from "./walk.ts";

/** Where the browser is sent back to; nobody listens there, since the test reads the address itself. */
export const CALLBACK = "http://127.0.0.1:9/callback";

/** What an endpoint said. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Json;
}

/** An authorization request, and what redeems its code. */
export interface Started {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
}

/** Reads the answer to a request. */
export async function ask(url: string, init: BunFetchRequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: "manual", ...init });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, json: isJson ? JSON.parse(text) : { text } };
}

/** A public client of one authorization server. */
export class HandClient {
  /** What the server publishes about itself. */
  readonly metadata: Json;
  readonly id: string;

  private constructor(metadata: Json, id: string) {
    this.metadata = metadata;
    this.id = id;
  }

  /** Reads the metadata at `url` and registers; `metadata` says what differs from a plain native client. */
  static async register(url: string, metadata: Json = {}): Promise<HandClient> {
    const { json } = await ask(url);
    const body = JSON.stringify({
      "client_name": "by hand",
      "redirect_uris": [CALLBACK],
      "grant_types": ["authorization_code", "refresh_token"],
      "response_types": ["code"],
      "token_endpoint_auth_method": "none",
      "application_type": "native",
      ...metadata,
    });
    const headers = { "content-type": "application/json" };
    const { status, json: client } = await ask(json.registration_endpoint, { method: "POST", headers, body });
    if (status !== 201) throw new Error(`Cannot register: ${JSON.stringify(client)}`);
    return new HandClient(json, client.client_id);
  }

  /** Makes up an authorization request with PKCE; a parameter that is undefined is left out. */
  start(parameters: Record<string, string | undefined> = {}): Started {
    const [verifier, state] = [random(), random()];
    const url = new URL(this.metadata.authorization_endpoint);
    const all = {
      "response_type": "code",
      "client_id": this.id,
      "redirect_uri": CALLBACK,
      "code_challenge": new Bun.CryptoHasher("sha256").update(verifier).digest("base64url"),
      "code_challenge_method": "S256",
      state,
      ...parameters,
    };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value);
    return { url: url.href, verifier, state };
  }

  /** Approves an authorization request, and gives what comes back. */
  async approved({ url }: Started): Promise<URLSearchParams> {
    let back: URL | undefined;
    const { page } = await walk(url, { arrive: (callback) => void (back = callback) });
    if (back === undefined) throw new Error(`Nobody is sent back: ${page?.text}`);
    return back.searchParams;
  }

  /** Asks for tokens with this client's id. */
  token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post(this.metadata.token_endpoint, form, headers);
  }

  /** Redeems a code. */
  redeem(code: string, { verifier }: Started, form: Record<string, string> = {}): Promise<Answer> {
    const redirect = { "redirect_uri": CALLBACK, "code_verifier": verifier };
    return this.token({ "grant_type": "authorization_code", code, ...redirect, ...form });
  }

  /** Redeems a refresh token. */
  refresh(token: string, form: Record<string, string> = {}): Promise<Answer> {
    return this.token({ "grant_type": "refresh_token", "refresh_token": token, ...form });
  }

  /** Posts a form with this client's id. */
  post(url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return ask(url, { method: "POST", headers, body: new URLSearchParams({ "client_id": this.id, ...form }) });
  }

  /** The whole sign-in: what the token endpoint answered. */
  async signIn(parameters: Record<string, string> = {}): Promise<Json> {
    const started = this.start(parameters);
    const code = (await this.approved(started)).get("code");
    const { json } = await this.redeem(code ?? "", started);
    return json;
  }
}

function random(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

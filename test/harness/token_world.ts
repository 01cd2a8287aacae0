/** One server, its authorization server that spends each refresh token once, and as many processes of ours as wanted. */
import { Records } from "../../src/auth/records.ts";
import { TokenSession } from "../../src/auth/session.ts";
import { expiryOf } from "../../src/auth/token_endpoint.ts";
import { withAuth } from "../../src/auth/with_auth.ts";
import type { HttpRequest, Wire } from "../../src/net/gate.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeWire } from "./fake_wire.ts";
import { grantOf } from "./grant.ts";
import { MemoryVault } from "./memory_vault.ts";

const SERVER = new URL("http://127.0.0.1:9001/mcp");
const ISSUER = "http://127.0.0.1:9101";
const HOUR_MS = 3_600_000;

/** A process: asks the server with the token that it knows, or finds, and gives the status that came of it. */
export type Process = () => Promise<number>;

/** The world. Time is that of `clock`; a process may have another. */
export class TokenWorld {
  readonly clock = new FakeClock();
  readonly vault = new MemoryVault();
  /** How often a refresh token was redeemed, and how often one that was spent before. */
  redemptions = 0;
  replays = 0;
  signIns = 0;
  /** Requests that the server has refused. */
  refused = 0;
  readonly #useIdToken: boolean;
  #made = 0;
  readonly #spent = new Set<string>();
  /** When each token that the server takes ends, by the clock of the server. */
  readonly #ends = new Map<string, number>();

  /** `useIdToken` has the server take id tokens, and nothing else. */
  constructor(useIdToken = false) {
    this.#useIdToken = useIdToken;
  }

  /** A process that has just been started. */
  start(clock: Clock = this.clock): Process {
    const wire: Wire = {
      fetch: (request) => new FakeWire({ [request.url.href]: this.#pageOf(request) }).fetch(request),
      connect: () => Promise.reject(new Error("there is none")),
      forgetConnections: () => {},
    };
    const owner = { server: SERVER.href, account: "default" };
    const signIn = (): Promise<void> => this.signIn(clock);
    const { vault } = this;
    const useIdToken = this.#useIdToken;
    const session = new TokenSession({ owner, vault, wire, clock, notify: () => {}, useIdToken, signIn });
    const authenticated = withAuth(wire, SERVER, session);
    return async () => (await authenticated.fetch({ url: SERVER, method: "POST", headers: new Headers() })).status;
  }

  /** A person signs in, by a process with that clock. */
  async signIn(clock: Clock = this.clock): Promise<void> {
    this.signIns++;
    const [now, { accessToken, refreshToken, idToken }] = [clock.now(), this.#make()];
    const tokens = {
      accessToken,
      refreshToken,
      ...(idToken === undefined ? {} : { idToken, ...expiryOf(idToken, now) }),
      tokenType: "Bearer" as const,
      receivedAt: now,
      expiresAt: now + HOUR_MS,
    };
    await new Records(this.vault, { server: SERVER.href, account: "default" })
      .save(grantOf(SERVER.href, ISSUER), tokens);
  }

  /** Forgets who is signed in, as `logout` does. */
  async logOut(): Promise<void> {
    const records = new Records(this.vault, { server: SERVER.href, account: "default" });
    await records.forget(await records.grant());
  }

  /** The server takes none of the tokens that were given out so far. */
  endTokens(): void {
    this.#ends.clear();
  }

  #make(): { accessToken: string; refreshToken: string; idToken?: string } {
    const number = ++this.#made;
    const made = this.clock.now();
    const claims = { jti: number, iat: made / 1_000, exp: (made + HOUR_MS) / 1_000 };
    const idToken = `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
    const accessToken = `access-${number}`;
    this.#ends.set(this.#useIdToken ? idToken : accessToken, made + HOUR_MS);
    return { accessToken, refreshToken: `refresh-${number}`, ...(this.#useIdToken ? { idToken } : {}) };
  }

  #pageOf({ url, headers, body }: HttpRequest): Response {
    if (url.href === SERVER.href) return this.#answer(headers.get("authorization")?.replace("Bearer ", ""));
    const token = new URLSearchParams(new TextDecoder().decode(body)).get("refresh_token")!;
    if (this.#spent.has(token)) {
      this.replays++;
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    this.#spent.add(token);
    this.redemptions++;
    const { accessToken, refreshToken, idToken } = this.#make();
    return Response.json({
      "access_token": accessToken,
      "refresh_token": refreshToken,
      "id_token": idToken,
      "token_type": "Bearer",
      "expires_in": HOUR_MS / 1_000,
    });
  }

  #answer(token: string | undefined): Response {
    const isGood = token !== undefined && (this.#ends.get(token) ?? 0) > this.clock.now();
    if (!isGood) this.refused++;
    return new Response(null, { status: isGood ? 200 : 401 });
  }
}

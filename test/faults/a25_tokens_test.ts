/** A token belongs to one server: whatever happens, no other server and no other authorization server gets to see it. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Records } from "../../src/auth/records.ts";
import { TokenSession } from "../../src/auth/session.ts";
import { withAuth } from "../../src/auth/with_auth.ts";
import type { HttpAnswer, HttpRequest, Wire } from "../../src/net/gate.ts";
import { runs } from "../harness/counts.ts";
import { FakeClock } from "../harness/fake_clock.ts";
import { FakeWire } from "../harness/fake_wire.ts";
import { grantOf } from "../harness/grant.ts";
import { MemoryVault } from "../harness/memory_vault.ts";

/** Five servers whose names are close to one another; the first two have one authorization server. */
const SERVERS = [
  "http://127.0.0.1:9001",
  "http://127.0.0.1:9002",
  "http://localhost:9001",
  "https://127.0.0.1:9001",
  "http://a.localhost:9001",
]
  .map((origin, place) => ({ url: new URL(`${origin}/mcp`), issuer: `http://127.0.0.1:${9101 + Math.max(place, 1)}` }));

type Step =
  /** Asks a server, by the wire of the same one or of another. */
  | { readonly kind: "ask"; readonly by: number; readonly process: number; readonly at: number }
  /** A server does not take any more what it has given tokens for. */
  | { readonly kind: "forget"; readonly at: number }
  | { readonly kind: "fail"; readonly at: number; readonly status: number }
  | { readonly kind: "pass"; readonly minutes: number }
  | { readonly kind: "logout"; readonly at: number };

/** What the tokens of a server are for: itself, nothing that has a name, or what others are for, too. */
const RESOURCES = { own: (url: URL): string => url.href, none: () => undefined, shared: () => "http://127.0.0.1/" };
type Resource = keyof typeof RESOURCES;

const resource = fc.constantFrom<Resource>("own", "none", "shared");
const server = fc.integer({ min: 0, max: SERVERS.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("ask" as const),
      by: server,
      process: fc.integer({ min: 0, max: 1 }),
      at: server,
    }),
  },
  { weight: 4, arbitrary: server.map((at): Step => ({ kind: "ask", by: at, process: 0, at })) },
  fc.record({ kind: fc.constant("forget" as const), at: server }),
  fc.record({ kind: fc.constant("fail" as const), at: server, status: fc.constantFrom(403, 500) }),
  fc.record({ kind: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ kind: fc.constant("logout" as const), at: server }),
);

/** All servers and authorization servers, and two processes of ours; counts what was seen where. */
class World {
  readonly clock = new FakeClock();
  readonly vault = new MemoryVault();
  /** What is wrong: a credential, and who got to see it. */
  readonly astray: string[] = [];
  readonly #resource: (url: URL) => string | undefined;
  readonly #spent = new Set<string>();
  seen = 0;
  #made = 0;
  readonly #good = SERVERS.map(() => new Set<string>());
  readonly #failing = new Map<number, number>();
  readonly #wires = [0, 1].map(() => SERVERS.map((_, at) => this.#wireOf(at)));

  constructor(resource: Resource) {
    this.#resource = RESOURCES[resource];
  }

  async run(step: Step): Promise<void> {
    if (step.kind === "pass") await this.clock.pass(step.minutes * 60_000);
    else if (step.kind === "forget") this.#good[step.at]!.clear();
    else if (step.kind === "fail") this.#failing.set(step.at, step.status);
    else if (step.kind === "logout") {
      await this.vault.remove("grants", JSON.stringify([SERVERS[step.at]!.url.href, "default"]));
    } else {
      const wire = this.#wires[step.process]![step.by]!;
      const request = { url: SERVERS[step.at]!.url, method: "POST" as const, headers: new Headers() };
      await wire.fetch(request).catch(() => {});
    }
  }

  #wireOf(at: number): Wire {
    const { url } = SERVERS[at]!;
    const wire: Wire = {
      fetch: (request) => this.#carry(request),
      connect: () => Promise.reject(new Error("none")),
      forgetConnections: () => {},
    };
    const { vault, clock } = this;
    const owner = { server: url.href, account: "default" };
    const signIn = (): Promise<void> => this.#signIn(at);
    return withAuth(
      wire,
      url,
      new TokenSession({ owner, vault, wire, clock, notify: () => {}, useIdToken: false, signIn }),
    );
  }

  async #signIn(at: number): Promise<void> {
    const { url, issuer } = SERVERS[at]!;
    const now = this.clock.now();
    const resource = this.#resource(url);
    const tokens = {
      ...this.#make(at),
      tokenType: "Bearer" as const,
      ...(resource === undefined ? {} : { resource }),
      receivedAt: now,
      expiresAt: now + 3_600_000,
    };
    const grant = grantOf(url.href, issuer, { clientId: "the-same" });
    await new Records(this.vault, { server: url.href, account: "default" })
      .save({ ...grant, discovery: { ...grant.discovery, resource } }, tokens);
  }

  #make(at: number): { accessToken: string; refreshToken: string } {
    const number = ++this.#made;
    this.#good[at]!.add(`access-${at}-${number}`);
    return { accessToken: `access-${at}-${number}`, refreshToken: `refresh-${at}-${number}` };
  }

  async #carry(request: HttpRequest): Promise<HttpAnswer> {
    await new Promise((resolve) => setImmediate(resolve));
    const page = request.url.pathname === "/token" ? this.#tokenPage(request) : this.#serverPage(request);
    return await new FakeWire({ [request.url.href]: page }).fetch(request);
  }

  #serverPage({ url, headers }: HttpRequest): Response {
    const at = SERVERS.findIndex((each) => each.url.href === url.href);
    const credential = headers.get("authorization");
    const token = credential?.replace("Bearer ", "");
    if (credential !== null) this.seen++;
    if (credential !== null && !token!.startsWith(`access-${at}-`)) this.astray.push(`${credential} at ${url.href}`);
    const status = this.#failing.get(at);
    this.#failing.delete(at);
    if (status !== undefined) {
      return new Response(null, {
        status,
        headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="more"' },
      });
    }
    return new Response(null, { status: token !== undefined && this.#good[at]!.has(token) ? 200 : 401 });
  }

  #tokenPage({ url, body }: HttpRequest): Response {
    const form = new URLSearchParams(new TextDecoder().decode(body));
    const token = form.get("refresh_token")!;
    const at = Number(token.split("-")[1]);
    this.seen++;
    const wanted = this.#resource(SERVERS[at]!.url) ?? null;
    const isRight = SERVERS[at]!.issuer === url.origin && form.get("resource") === wanted;
    if (!isRight) this.astray.push(`${token} at ${url.href} for ${form.get("resource")}`);
    if (this.#spent.has(token)) this.astray.push(`${token} again`);
    this.#spent.add(token);
    const { accessToken, refreshToken } = this.#make(at);
    return Response.json({
      "access_token": accessToken,
      "refresh_token": refreshToken,
      "token_type": "Bearer",
      "expires_in": 3_600,
    });
  }
}

test(
  "under any schedule of calls, ends, refusals and renewals no credential is seen by another server, or spent twice (A25)",
  async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 16 }),
        resource,
        async (rounds, wanted) => {
          const world = new World(wanted);
          for (const steps of rounds) await Promise.all(steps.map((each) => world.run(each)));
          seen += world.seen;
          expect(world.astray).toEqual([]);
        },
      ),
      { numRuns: runs(2_000, 20_000) },
    );
    // Whatever a test never sees cannot go astray in it.
    expect(seen).toBeGreaterThan(10 * runs(2_000, 20_000));
  },
  runs(300_000, 900_000),
);

/** The network to who signs people in is cut, at every byte of what they say. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { discover } from "../../src/auth/discover.ts";
import { Records } from "../../src/auth/records.ts";
import { TokenSession } from "../../src/auth/session.ts";
import { withAuth } from "../../src/auth/with_auth.ts";
import type { Wire } from "../../src/net/gate.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { BridgeError } from "../../src/platform/errors.ts";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { runs } from "../harness/counts.ts";
import { grantOf } from "../harness/grant.ts";
import { MemoryVault } from "../harness/memory_vault.ts";
import { VaultPlace } from "../harness/vault_place.ts";
import { plainGate } from "../harness/plain_gate.ts";

/** A server that takes the newest token alone, and who signs people in for it and spends each refresh token once. */
class Pair implements Disposable {
  made = 0;
  redemptions = 0;
  replays = 0;
  readonly #spent = new Set<string>();
  readonly server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ headers }) =>
      new Response(null, { status: headers.get("authorization") === `Bearer access-${this.made}` ? 200 : 401 }),
  });
  readonly as = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });
  /** Where the authorization server is reached. */
  issuer = "";

  make(): { accessToken: string; refreshToken: string } {
    const number = ++this.made;
    return { accessToken: `access-${number}`, refreshToken: `refresh-${number}` };
  }

  [Symbol.dispose](): void {
    void this.server.stop(true);
    void this.as.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.includes("well-known")) return Response.json(this.#metadata(pathname));
    const token = new URLSearchParams(await request.text()).get("refresh_token")!;
    if (this.#spent.has(token)) {
      this.replays++;
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    this.#spent.add(token);
    this.redemptions++;
    const { accessToken, refreshToken } = this.make();
    return Response.json({
      "access_token": accessToken,
      "refresh_token": refreshToken,
      "token_type": "Bearer",
      "expires_in": 3_600,
    });
  }

  #metadata(pathname: string): object {
    const { issuer } = this;
    if (pathname.includes("protected-resource")) {
      return { resource: `${issuer}/mcp`, "authorization_servers": [issuer] };
    }
    return {
      issuer,
      "authorization_endpoint": `${issuer}/authorize`,
      "token_endpoint": `${issuer}/token`,
      "code_challenge_methods_supported": ["S256"],
    };
  }
}

let pair: Pair;
let proxy: ChaosProxy;
let place: VaultPlace;

beforeEach(async () => {
  pair = new Pair();
  proxy = await ChaosProxy.inFrontOf(pair.as.port!);
  pair.issuer = new URL(proxy.url).origin;
  place = new VaultPlace();
});
afterEach(() => {
  for (const part of [place, proxy, pair]) part[Symbol.dispose]();
});

function gate(): Wire {
  return plainGate({ connectTimeout: 5_000, headersTimeout: 5_000 });
}

/** More than any answer of the tests has, its head included. */
const LONGEST = 420;
/** One of so many bytes is a place to cut at; which of them differs from run to run. */
const STRIDE = runs(4, 1);
/** Of a test, on a busy machine. */
const LONGEST_MS = runs(60_000, 600_000);

describe.each([false, true])(
  "a network to the authorization server that is cut at every byte (by a reset: %p)",
  (reset) => {
    test.each([["in memory", STRIDE], ["in its file", 16]])(
      "spends no refresh token twice, leaves a vault %s whole, and each request has its answer (C7)",
      async (kind, step) => {
        const url = new URL(`http://127.0.0.1:${pair.server.port}/mcp`);
        const owner = { server: url.href, account: "default" };
        const vault = kind === "in memory" ? new MemoryVault() : place.open();
        const records = new Records(vault, owner);
        let signIns = 0;
        const signIn = async (): Promise<void> => {
          signIns++;
          const now = Date.now();
          const tokens = { ...pair.make(), tokenType: "Bearer" as const, receivedAt: now, expiresAt: now + 3_600_000 };
          await records.save(grantOf(url.href, pair.issuer), tokens);
        };
        const wire = gate();
        let renewals = 0;
        for (let cutAfter = Math.floor(Math.random() * step); cutAfter <= LONGEST; cutAfter += step) {
          // As a process that has just been started, one page a time.
          const session = new TokenSession({
            owner,
            vault,
            wire,
            clock: systemClock,
            notify: () => {},
            useIdToken: false,
            signIn,
          });
          const authenticated = withAuth(wire, url, session);
          if (signIns === 0) await signIn();
          pair.make();
          const before = { signIns, redemptions: pair.redemptions };
          proxy.chaos = { cutAfter, reset };
          const { status } = await authenticated.fetch({ url, method: "POST", headers: new Headers() });
          proxy.chaos = {};
          const grant = (await records.grant())!;
          const kept = await records.tokens(grant);
          expect([cutAfter, status, kept?.accessToken]).toEqual([cutAfter, 200, `access-${pair.made}`]);
          expect(signIns - before.signIns + Number(signIns === before.signIns)).toBe(1);
          expect(pair.redemptions - before.redemptions).toBeLessThanOrEqual(1);
          renewals += Number(signIns === before.signIns);
        }
        expect(pair.replays).toBe(0);
        // Both came about: what was cut, and what was whole.
        expect([renewals > 20 / step, signIns > 100 / step]).toEqual([true, true]);
      },
      LONGEST_MS,
    );

    test("leads to metadata or to an error of ours, and never to a sign-in of less security (A10)", async () => {
      const server = new URL(`${pair.issuer}/mcp`);
      const wire = gate();
      const outcomes = new Set<string>();
      for (let cutAfter = Math.floor(Math.random() * STRIDE); cutAfter <= 2 * LONGEST; cutAfter += STRIDE) {
        proxy.chaos = { cutAfter, reset };
        const found = await discover(server, undefined, { wire, clock: systemClock }).catch((thrown: unknown) =>
          thrown
        );
        if (found instanceof BridgeError) outcomes.add(found.code);
        else {
          expect(found).toMatchObject({ issuer: pair.issuer, pkce: "said", isFallback: false });
          outcomes.add("found");
        }
      }
      expect(outcomes.has("found")).toBe(true);
      expect(
        [...outcomes].filter((code) =>
          !["found", "outcome_unknown", "bad_metadata", "no_answer", "bad_answer"].includes(code)
        ),
      ).toEqual([]);
      expect(outcomes.size).toBeGreaterThan(1);
    }, LONGEST_MS);
  },
);

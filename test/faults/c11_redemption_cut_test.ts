/** The network to the token endpoint is cut at every byte of what it is asked and of what it answers. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Records } from "../../src/auth/records.ts";
import { TokenSession } from "../../src/auth/session.ts";
import { signIn } from "../../src/auth/sign_in.ts";
import { withAuth } from "../../src/auth/with_auth.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { BridgeError } from "../../src/platform/errors.ts";
import { TABLES, type Vault } from "../../src/vault/vault.ts";
import { type Chaos, ChaosProxy } from "../harness/chaos_proxy.ts";
import { runs } from "../harness/counts.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { MemoryVault } from "../harness/memory_vault.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { signInSettings } from "../harness/upstream_settings.ts";
import { VaultPlace } from "../harness/vault_place.ts";
import { plainGate } from "../harness/plain_gate.ts";

/** More bytes than a token request has, or its answer, heads included. */
const LONGEST = 1_000;
/** One of so many bytes is a place to cut at; which of them differs from run to run. */
const STRIDE = runs(19, 1);
/** A disk takes its time. */
const STRIDE_IN_FILE = 12 * STRIDE;

/** How a request comes out whose sign-in was cut. */
const OUTCOMES: readonly (number | string)[] = [200, "outcome_unknown", "bad_answer", "no_answer"];

const WAYS: [what: string, cut: (at: number) => Chaos][] = [
  ["the answer ends", (at) => ({ cutAfter: at })],
  ["the answer is reset", (at) => ({ cutAfter: at, reset: true })],
  ["the request ends", (at) => ({ cutRequestAfter: at })],
  ["the request is reset", (at) => ({ cutRequestAfter: at, reset: true })],
];

let as: FakeAs;
let server: ProtectedMcp;
let proxy: ChaosProxy;
let place: VaultPlace;
let vault: Vault;
/** How often a person was shown a page; they agree at once. */
let pages = 0;

beforeEach(async () => {
  as = new FakeAs();
  server = new ProtectedMcp(as);
  proxy = await ChaosProxy.inFrontOf(as.port);
  as.metadata["token_endpoint"] = new URL("/token", proxy.url).href;
  place = new VaultPlace();
  pages = 0;
});
// The authorization server sounds the alarm where anything was redeemed a second time.
afterEach(() => {
  for (const part of [place, proxy, server, as]) part[Symbol.dispose]();
});

function owner(): { server: string; account: string } {
  return { server: server.url, account: "default" };
}

/** One request, as a process makes it that has just been started. Gives its status, or the code of what it fails with. */
async function ask(): Promise<number | string> {
  const url = new URL(server.url);
  const notify = (): void => {};
  const wire = plainGate({ connectTimeout: 5_000, headersTimeout: 5_000 });
  const shared = { owner: owner(), vault, wire, clock: systemClock, notify };
  const session = new TokenSession({
    ...shared,
    useIdToken: false,
    signIn: (wish) =>
      signIn({
        ...shared,
        settings: signInSettings(),
        browser: { open: agree },
        headless: undefined,
        onwaiting: notify,
        signal: new AbortController().signal,
      }, wish),
  });
  const body = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  const headers = new Headers({ "content-type": "application/json" });
  return await withAuth(wire, url, session).fetch({ url, method: "POST", headers, body }).then(
    ({ status }) => status,
    (thrown: BridgeError) => thrown.code,
  );
}

function agree(page: URL): Promise<boolean> {
  pages++;
  void fetch(page).then((answer) => answer.text(), () => {});
  return Promise.resolve(true);
}

/** What is kept is whole, and the token in it is worth something. */
async function ensureVault(): Promise<void> {
  for (const table of TABLES) await vault.entries(table);
  expect(place.notices.filter(({ level }) => level === "warn")).toEqual([]);
  const records = new Records(vault, owner());
  const tokens = await records.tokens((await records.grant())!);
  expect(as.tokens.worth(tokens!.accessToken).kind).toBe("good");
  expect(await records.pending()).toBeUndefined();
}

function* cuts(stride: number): Generator<number> {
  for (let at = Math.floor(Math.random() * stride); at < LONGEST; at += stride) yield at;
}

describe.each([["in memory", STRIDE], ["in its file", STRIDE_IN_FILE]])("with a vault %s", (kind, stride) => {
  beforeEach(() => {
    vault = kind === "in memory" ? new MemoryVault() : place.open({ keyKind: "file" });
  });

  test.each(WAYS)(
    "a code whose redemption is cut is brought once, and the next sign-in goes well: %s (C11)",
    async (_what, cut) => {
      const outcomes = new Set<number | string>();
      for (const at of cuts(stride)) {
        for (const { key } of await vault.entries("grants")) await vault.remove("grants", key);
        pages = 0;
        proxy.chaos = { ...cut(at), once: true };
        outcomes.add(await ask());
        proxy.chaos = {};
        expect([at, await ask()]).toEqual([at, 200]);
        expect(pages).toBeLessThanOrEqual(2);
        await ensureVault();
      }
      // Both came about: what was cut, and what was whole.
      expect([...outcomes]).toContain(200);
      expect([...outcomes]).toContain("outcome_unknown");
      const others = [...outcomes].filter((each) => !OUTCOMES.includes(each));
      expect(others).toEqual([]);
    },
    300_000,
  );

  test.each(WAYS)(
    "a refresh token whose redemption is cut is brought once, and each request has its answer: %s (C7, C11)",
    async (_what, cut) => {
      expect(await ask()).toBe(200);
      let [renewals, signIns] = [0, 0];
      for (const at of cuts(stride)) {
        as.tokens.expireAccess();
        pages = 0;
        proxy.chaos = { ...cut(at), once: true };
        expect([at, await ask()]).toEqual([at, 200]);
        proxy.chaos = {};
        expect(pages).toBeLessThanOrEqual(1);
        await ensureVault();
        if (pages === 0) renewals++;
        else signIns++;
      }
      expect([renewals > 0, signIns > 0]).toEqual([true, true]);
    },
    300_000,
  );
});

/** The network to the token endpoint is cut at every byte of what it is asked and of what it answers. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
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
/** What a vault in its file costs is the disk's pace, which is no matter here: where there is a folder in memory, it stands there. */
const STRIDE_IN_FILE = runs(12 * 19, 1);
const FOLDER = existsSync("/dev/shm") ? "/dev/shm" : undefined;
/** So many cuts are made side by side, each in a world of its own. */
const LANES = runs(2, 8);

/** How a request comes out whose sign-in was cut. */
const OUTCOMES: readonly (number | string)[] = [200, "outcome_unknown", "bad_answer", "no_answer"];

const WAYS: [what: string, cut: (at: number) => Chaos][] = [
  ["the answer ends", (at) => ({ cutAfter: at })],
  ["the answer is reset", (at) => ({ cutAfter: at, reset: true })],
  ["the request ends", (at) => ({ cutRequestAfter: at })],
  ["the request is reset", (at) => ({ cutRequestAfter: at, reset: true })],
];

/** A server, who signs people in for it, the network between, and the vault of the one client. */
class World implements Disposable {
  readonly as: FakeAs;
  readonly server: ProtectedMcp;
  readonly proxy: ChaosProxy;
  readonly place = new VaultPlace(FOLDER);
  readonly vault: Vault;
  /** How often a person was shown a page; they agree at once. */
  pages = 0;

  private constructor(as: FakeAs, proxy: ChaosProxy, isInFile: boolean) {
    this.as = as;
    this.proxy = proxy;
    this.server = new ProtectedMcp(as);
    this.vault = isInFile ? this.place.open({ keyKind: "file" }) : new MemoryVault();
  }

  static async make(isInFile: boolean): Promise<World> {
    const as = new FakeAs();
    const proxy = await ChaosProxy.inFrontOf(as.port);
    as.metadata["token_endpoint"] = new URL("/token", proxy.url).href;
    return new World(as, proxy, isInFile);
  }

  /** The authorization server sounds the alarm where anything was redeemed a second time. */
  [Symbol.dispose](): void {
    for (const part of [this.place, this.proxy, this.server, this.as]) part[Symbol.dispose]();
  }

  /** One request, as a process makes it that has just been started: its status, or the code of what it fails with. */
  async ask(): Promise<number | string> {
    const url = new URL(this.server.url);
    const notify = (): void => {};
    const wire = plainGate({ connectTimeout: 5_000, headersTimeout: 5_000 });
    const shared = { owner: this.#owner, vault: this.vault, wire, clock: systemClock, notify };
    const session = new TokenSession({
      ...shared,
      useIdToken: false,
      signIn: (wish) =>
        signIn({
          ...shared,
          settings: signInSettings(),
          browser: { open: (page) => this.#agree(page) },
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

  /** What is kept is whole, and the token in it is worth something. */
  async ensureVault(): Promise<void> {
    for (const table of TABLES) await this.vault.entries(table);
    expect(this.place.notices.filter(({ level }) => level === "warn")).toEqual([]);
    const records = new Records(this.vault, this.#owner);
    const tokens = await records.tokens((await records.grant())!);
    expect(this.as.tokens.worth(tokens!.accessToken).kind).toBe("good");
    expect(await records.pending()).toBeUndefined();
  }

  get #owner(): { server: string; account: string } {
    return { server: this.server.url, account: "default" };
  }

  #agree(page: URL): Promise<boolean> {
    this.pages++;
    void fetch(page).then((answer) => answer.text(), () => {});
    return Promise.resolve(true);
  }
}

/** Cuts at one byte of `stride`, in lanes; `begin` prepares the world of each. Gives how many cuts were made. */
async function atEachCut(
  stride: number,
  isInFile: boolean,
  cut: (world: World, at: number) => Promise<void>,
  begin = (_world: World): Promise<void> => Promise.resolve(),
): Promise<number> {
  const first = Math.floor(Math.random() * stride);
  let made = 0;
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    using world = await World.make(isInFile);
    await begin(world);
    for (let at = first + lane * stride; at < LONGEST; at += LANES * stride) {
      await cut(world, at);
      made++;
    }
  }));
  return made;
}

describe.each([["in memory", STRIDE], ["in its file", STRIDE_IN_FILE]])("with a vault %s", (kind, stride) => {
  const isInFile = kind === "in its file";
  const atLeast = Math.floor(LONGEST / stride);

  test.each(WAYS)(
    "a code whose redemption is cut is brought once, and the next sign-in goes well: %s (C11)",
    async (_what, cut) => {
      const outcomes = new Set<number | string>();
      const made = await atEachCut(stride, isInFile, async (world, at) => {
        for (const { key } of await world.vault.entries("grants")) await world.vault.remove("grants", key);
        world.pages = 0;
        world.proxy.chaos = { ...cut(at), once: true };
        outcomes.add(await world.ask());
        world.proxy.chaos = {};
        expect([at, await world.ask()]).toEqual([at, 200]);
        expect(world.pages).toBeLessThanOrEqual(2);
        await world.ensureVault();
      });
      expect(made).toBeGreaterThanOrEqual(atLeast);
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
      let [renewals, signIns] = [0, 0];
      const made = await atEachCut(stride, isInFile, async (world, at) => {
        world.as.tokens.expireAccess();
        world.pages = 0;
        world.proxy.chaos = { ...cut(at), once: true };
        expect([at, await world.ask()]).toEqual([at, 200]);
        world.proxy.chaos = {};
        expect(world.pages).toBeLessThanOrEqual(1);
        await world.ensureVault();
        if (world.pages === 0) renewals++;
        else signIns++;
      }, async (world) => expect(await world.ask()).toBe(200));
      expect(made).toBeGreaterThanOrEqual(atLeast);
      expect([renewals > 0, signIns > 0]).toEqual([true, true]);
    },
    300_000,
  );
});

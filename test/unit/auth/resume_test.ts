/** A sign-in whose process has died, as the next one finds it in the vault. */
import { beforeEach, describe, expect, test } from "bun:test";
import { type PendingSignIn, Records } from "../../../src/auth/records.ts";
import { finishForOther, resumeByBrowser } from "../../../src/auth/sign_in_by_browser.ts";
import type { SignInParts } from "../../../src/auth/sign_in_parts.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { FakeWire } from "../../harness/fake_wire.ts";
import { freePort } from "../../harness/free_port.ts";
import { grantOf } from "../../harness/grant.ts";
import { MemoryVault } from "../../harness/memory_vault.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";
import { failureOf } from "./rig.ts";

const OWNER = { server: "https://mcp.example.com/mcp", account: "default" };
const WISH = { challenge: undefined, instead: undefined, stepUp: false, onasking: (): void => {} };
const LIFE_MS = 300_000;

let clock: FakeClock;
let records: Records;
let parts: SignInParts;
let pending: PendingSignIn;

beforeEach(async () => {
  clock = new FakeClock();
  const vault = new MemoryVault();
  records = new Records(vault, OWNER);
  const { discovery, client } = grantOf(OWNER.server, "https://as.example.com");
  const redirectUri = `http://127.0.0.1:${await freePort()}/callback`;
  const [url, state, verifier] = ["https://as.example.com/authorize", "a-state", "a-verifier"];
  const expiresAt = clock.now() + LIFE_MS;
  pending = { version: 1, url, redirectUri, state, verifier, scope: undefined, discovery, client, expiresAt };
  await records.savePending(pending);
  parts = {
    vault,
    owner: OWNER,
    wire: new FakeWire({}),
    clock,
    notify: () => {},
    settings: signInSettings({ timeout: LIFE_MS }),
    browser: { open: () => Promise.reject(new Error("no page is opened")) },
    headless: undefined,
    onwaiting: () => {},
    signal: new AbortController().signal,
  };
});

describe("a sign-in that is gone on with", () => {
  test("waits for what is left of its time, and not for all of it again (B6)", async () => {
    await clock.pass(LIFE_MS - 10_000);
    let isOver = false;
    const failure = failureOf(resumeByBrowser(parts, records, WISH)).finally(() => isOver = true);
    // Listening comes before waiting.
    while ((await fetch(pending.redirectUri).catch(() => undefined))?.status !== 400) await Bun.sleep(5);
    await clock.pass(9_900);
    expect(isOver).toBe(false);
    await clock.pass(100);
    expect((await failure).code).toBe("sign_in_required");
    expect(await records.pending()).toBeUndefined();
    expect(await fetch(pending.redirectUri).catch(() => "refused")).toBe("refused");
  });

  test("waits no longer than a person would by its own settings, whatever the clock does", async () => {
    await records.savePending({ ...pending, expiresAt: clock.now() + 100 * LIFE_MS });
    const failure = failureOf(resumeByBrowser(parts, records, WISH));
    while ((await fetch(pending.redirectUri).catch(() => undefined))?.status !== 400) await Bun.sleep(5);
    await clock.pass(LIFE_MS);
    expect((await failure).code).toBe("sign_in_required");
  });
});

describe("a sign-in whose time is over", () => {
  test("is not gone on with, and nobody listens for it (B6)", async () => {
    await clock.pass(LIFE_MS);
    expect(await resumeByBrowser(parts, records, WISH)).toBe(false);
    expect(await fetch(pending.redirectUri).catch(() => "refused")).toBe("refused");
  });

  test("is not finished by an address that is typed in (B6)", async () => {
    await clock.pass(LIFE_MS);
    const address = `${pending.redirectUri}?code=c&state=${pending.state}`;
    expect((await failureOf(finishForOther(parts, records, address))).code).toBe("foreign_answer");
  });
});

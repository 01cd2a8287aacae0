import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { redeem } from "./authorize.ts";
import { beginJourney, begunOf, type Journey, reopenJourney } from "./browser_journey.ts";
import type { Discovery } from "./discover.ts";
import { createProver } from "./dpop.ts";
import type { Owner } from "./owner.ts";
import type { Grant, Records } from "./records.ts";
import { OAuthRefusal } from "./refusal.ts";
import type { SignInWish } from "./session.ts";
import { LOOK_MS, type SignInParts, toolsOf } from "./sign_in_parts.ts";
import type { TokenSet } from "./token_endpoint.ts";

/**
 * Opens a page in the person's browser and waits until it comes back (RFC 8252).
 *
 * @throws {BridgeError} `sign_in_required` where nobody came in time, `bad_argument` for another address typed in, and
 * what else stands in the way
 */
export async function signInByBrowser(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<void> {
  await seeThrough(parts, records, wish, await beginJourney(parts, records, wish, discovery));
}

/**
 * Goes on with a sign-in whose process has died; false where there is none.
 *
 * @throws {BridgeError} as `signInByBrowser`
 */
export async function resumeByBrowser(parts: SignInParts, records: Records, wish: SignInWish): Promise<boolean> {
  const journey = await reopenJourney(parts, records);
  if (journey !== undefined) await seeThrough(parts, records, wish, journey);
  return journey !== undefined;
}

/**
 * Finishes the sign-in that another process waits with, by what a person typed in here.
 *
 * @throws {BridgeError} `foreign_answer` where none waits, `bad_argument` for the address of another page, and what the
 * authorization server has against it
 */
export async function finishForOther(parts: SignInParts, records: Records, text: string): Promise<void> {
  const pending = await records.pending();
  if (pending === undefined || pending.expiresAt <= parts.clock.now()) {
    throw new BridgeError("foreign_answer", "no sign-in waits for this address any more");
  }
  const { discovery, client, state, proofKey } = pending;
  const journey = { discovery, client, begun: begunOf(pending), proofKey };
  await parts.vault.withLock(records.lockOf("refresh"), () => finish(parts, records, journey, answerIn(text, state)));
}

/** Waits for the person and redeems what their browser brings. */
async function seeThrough(parts: SignInParts, records: Records, wish: SignInWish, journey: Journey): Promise<void> {
  const { callback } = journey;
  try {
    const answer = await awaitPerson(parts, records, wish, journey);
    if (answer !== undefined) {
      await parts.vault.withLock(records.lockOf("refresh"), () => finish(parts, records, journey, answer));
    }
    callback.conclude();
  } catch (thrown) {
    callback.conclude(toBridgeError(thrown).message);
    throw thrown;
  } finally {
    await records.savePending(undefined);
    await callback.close();
  }
}

/** What the person's browser brought; nothing where another process has brought the tokens meanwhile. */
async function awaitPerson(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  { callback, begun, expiresAt }: Journey,
): Promise<URLSearchParams | undefined> {
  const { clock, settings, signal, owner, pasted } = parts;
  // One that is gone on with has had a part of its time. The clock may have been set since.
  const left = Math.min(expiresAt - clock.now(), settings.timeout);
  const over = new AbortController();
  const giveUp = (): void => over.abort();
  signal.addEventListener("abort", giveUp);
  try {
    return await Promise.race([
      callback.visit,
      ...(pasted === undefined ? [] : [pasted.then((text) => answerIn(text, begun.state))]),
      elsewhere(records, wish.instead, clock, over.signal).then(() => undefined),
      pause(clock, left, over.signal).then(() => {
        if (signal.aborted) throw signal.reason;
        if (!over.signal.aborted) throw nobodyCame(owner, settings.timeout);
        return new Promise<never>(() => {});
      }),
    ]);
  } finally {
    signal.removeEventListener("abort", giveUp);
    over.abort();
  }
}

async function elsewhere(
  records: Records,
  instead: string | undefined,
  clock: Clock,
  over: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(clock, LOOK_MS, over);
    if (over.aborted) return new Promise<never>(() => {});
    if (await records.hasOther(instead).catch(() => false)) return;
  }
}

/** Reads the address that a browser was sent back to. */
function answerIn(text: string, state: string): URLSearchParams {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url?.searchParams.get("state") === state) return url.searchParams;
  throw new BridgeError("bad_argument", "this is not the address that this sign-in comes back to", {
    hint: "copy the whole address of the page that the browser shows in the end, though that page cannot be opened",
  });
}

async function finish(
  parts: SignInParts,
  records: Records,
  journey: Omit<Journey, "callback" | "expiresAt">,
  answer: URLSearchParams,
): Promise<void> {
  const { discovery, client, begun, proofKey } = journey;
  // From here on the page that the person had is used up: where this process dies, the next one opens another.
  await records.savePending(undefined);
  let tokens: TokenSet;
  try {
    tokens = await redeem(answer, begun, client, discovery, {
      ...toolsOf(parts),
      ...(proofKey === undefined ? {} : { prover: await createProver(proofKey) }),
    });
  } catch (thrown) {
    // A client that the authorization server has forgotten is registered anew by the next sign-in.
    const isForgotten = thrown instanceof OAuthRefusal && thrown.oauthError === "invalid_client";
    if (isForgotten && client.kind === "dynamic") await records.forgetClient(discovery, client);
    throw thrown;
  }
  const bound = tokens.tokenType === "DPoP" ? { proofKey } : {};
  const grant: Grant = { version: 1, discovery, client, scope: begun.scope, ...bound };
  await records.save(grant, tokens);
  parts.notify({ level: "info", text: `signed in to ${parts.owner.server}` });
}

function nobodyCame({ server }: Owner, timeout: number): BridgeError {
  return new BridgeError("sign_in_required", `nobody signed in within ${Math.round(timeout / 1000)} s`, {
    hint: `run "mcp-bridge login ${server}", or allow more time with "--auth-timeout SECONDS"`,
  });
}

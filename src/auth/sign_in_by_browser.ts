import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { type Authorization, beginAuthorization, redeem, requirePkce } from "./authorize.ts";
import { type Callback, type CallbackOptions, listenForCallback } from "./callback.ts";
import { callbackPorts, type PortRange } from "./callback_ports.ts";
import type { Client } from "./client.ts";
import { CALLBACK_PATH, usesDocument } from "./client_document.ts";
import type { Discovery } from "./discover.ts";
import { createProver, generateProofKey } from "./dpop.ts";
import type { Owner } from "./owner.ts";
import type { Grant, PendingSignIn, Records } from "./records.ts";
import { OAuthRefusal } from "./refusal.ts";
import { clientFor } from "./register.ts";
import type { SignInWish } from "./session.ts";
import type { JsonObject } from "./settings.ts";
import { demandOf, LOOK_MS, type SignInParts, signInRequired, toolsOf } from "./sign_in_parts.ts";
import type { TokenSet } from "./token_endpoint.ts";

const DEFAULT_HOST = "127.0.0.1";
/** How long the port of a process that died is waited for, and how often it is tried, in ms. */
const FREED_MS = 2_000;
const FREED_POLL_MS = 50;

/** One sign-in under way: where the browser is sent, and what it is to bring. */
interface Journey {
  readonly discovery: Discovery;
  readonly client: Client;
  readonly begun: Authorization;
  readonly callback: Callback;
  /** The key that the tokens are to be bound to. */
  readonly proofKey: JsonObject | undefined;
}

/**
 * Opens a page in the person's browser and waits until it comes back (RFC 8252).
 *
 * @throws {BridgeError} `sign_in_required` where nobody came in time, and what else stands in the way.
 */
export async function signInByBrowser(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<void> {
  await seeThrough(parts, records, wish, await begin(parts, records, wish, discovery));
}

/** Goes on with a sign-in whose process has died; false where there is none. */
export async function resumeByBrowser(parts: SignInParts, records: Records, wish: SignInWish): Promise<boolean> {
  const journey = await reopen(parts, records);
  if (journey !== undefined) await seeThrough(parts, records, wish, journey);
  return journey !== undefined;
}

/** Finishes the sign-in that another process waits with, by what a person typed in here. */
export async function finishForOther(parts: SignInParts, records: Records, text: string): Promise<void> {
  const pending = await records.pending();
  if (pending === undefined) throw new BridgeError("foreign_answer", "no sign-in waits for this address any more");
  const { discovery, client, state, proofKey } = pending;
  const journey = { discovery, client, begun: begunOf(pending), proofKey };
  await parts.vault.withLock(records.lockOf("refresh"), () => finish(parts, records, journey, answerIn(text, state)));
}

function begunOf({ url, state, verifier, redirectUri, scope, discovery }: PendingSignIn): Authorization {
  const { issuer, resource } = discovery;
  return { url: new URL(url), state, verifier, redirectUri, scope, issuer, resource };
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

/** Listens where a process that has died would: the page is open in the person's browser already. */
async function reopen(parts: SignInParts, records: Records): Promise<Journey | undefined> {
  const pending = await records.pending();
  if (pending === undefined || pending.expiresAt <= parts.clock.now()) return undefined;
  const { redirectUri, discovery, client, state, proofKey } = pending;
  const { hostname, port, pathname } = new URL(redirectUri);
  const { successUrl } = parts.settings;
  try {
    const callback = await listenOnceFree({ host: hostname, port: Number(port), ports: 1, path: pathname, successUrl });
    callback.expect(state);
    parts.onwaiting(signInRequired(parts.owner, pending.url));
    tell(parts, pending.url, true);
    return { discovery, client, begun: begunOf(pending), callback, proofKey };
  } catch (thrown) {
    parts.notify({
      level: "debug",
      text: `the page of another process cannot be gone on with: ${toBridgeError(thrown).message}`,
    });
    return undefined;
  }
}

/** Of what a process held that was killed, its locks may be free before its port is. */
async function listenOnceFree(options: CallbackOptions): Promise<Callback> {
  for (let waited = 0;; waited += FREED_POLL_MS) {
    try {
      return await listenForCallback(options);
    } catch (thrown) {
      if (waited >= FREED_MS) throw thrown;
      await Bun.sleep(FREED_POLL_MS);
    }
  }
}

async function begin(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<Journey> {
  const { settings, owner, clock, browser, headless, onwaiting } = parts;
  const tools = toolsOf(parts);
  // Before anybody is asked to register us.
  requirePkce(discovery, settings);
  const callback = await listenForCallback({
    host: settings.callbackHost ?? DEFAULT_HOST,
    ...portsFor(parts, discovery),
    path: settings.callbackPath ?? CALLBACK_PATH,
    successUrl: settings.successUrl,
  });
  try {
    const { redirectUri } = callback;
    const client = await clientFor(records, discovery, settings, redirectUri, tools).catch((thrown) => {
      throw discovery.isFallback ? noWayIn(thrown) : thrown;
    });
    const demand = await demandOf(records, wish);
    const begun = await beginAuthorization({ discovery, client, redirectUri, settings, ...demand }, tools);
    wish.onasking();
    callback.expect(begun.state);
    const { state, verifier, scope } = begun;
    const proofKey = wish.challenge?.scheme === "dpop" ? await generateProofKey() : undefined;
    const expiresAt = clock.now() + settings.timeout;
    const url = begun.url.href;
    const bound = proofKey === undefined ? {} : { proofKey };
    const pending = { version: 1, url, redirectUri, state, verifier, scope, discovery, client, expiresAt } as const;
    await records.savePending({ ...pending, ...bound });
    onwaiting(signInRequired(owner, url));
    const opening = headless === undefined ? browser.open(begun.url) : Promise.resolve(false);
    void opening.catch(() => false).then((opened) => tell(parts, url, opened));
    return { discovery, client, begun, callback, proofKey };
  } catch (thrown) {
    await callback.close();
    throw thrown;
  }
}

/** What the person's browser brought; nothing where another process has brought the tokens meanwhile. */
async function awaitPerson(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  { callback, begun }: Journey,
): Promise<URLSearchParams | undefined> {
  const { clock, settings, signal, owner, pasted } = parts;
  const over = new AbortController();
  const giveUp = (): void => over.abort();
  signal.addEventListener("abort", giveUp);
  try {
    return await Promise.race([
      callback.visit,
      ...(pasted === undefined ? [] : [pasted.then((text) => answerIn(text, begun.state))]),
      elsewhere(records, wish.instead, clock, over.signal).then(() => undefined),
      pause(clock, settings.timeout, over.signal).then(() => {
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
  journey: Omit<Journey, "callback">,
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

function tell(parts: SignInParts, url: string, opened: boolean): void {
  const { owner, notify, headless } = parts;
  const where = opened
    ? `in the browser window that just opened, or visit ${url}`
    : headless === undefined
    ? `no browser could be opened: visit ${url}`
    : `visit ${url} and, if the last page cannot be opened there, give its address to "mcp-bridge login ${owner.server}"`;
  notify({ level: "info", text: `sign in to ${owner.server}: ${where}` });
}

/** A server that publishes nothing about signing in mostly takes a key. */
function noWayIn(cause: unknown): BridgeError {
  return new BridgeError("sign_in_required", "the server asks for credentials (401) and publishes no way to sign in", {
    hint: 'if it takes a key, give it with "--header-file FILE", one "Authorization: Bearer ..." line',
    cause,
  });
}

function nobodyCame({ server }: Owner, timeout: number): BridgeError {
  return new BridgeError("sign_in_required", `nobody signed in within ${Math.round(timeout / 1000)} s`, {
    hint: `run "mcp-bridge login ${server}", or allow more time with "--auth-timeout SECONDS"`,
  });
}

/** The ports that the browser may come back to, in turn. */
function portsFor({ settings, owner }: SignInParts, { metadata }: Discovery): PortRange {
  return callbackPorts(settings, owner.server, usesDocument(settings, metadata));
}

import { isByOtherUser } from "../net/other_user.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { type Authorization, beginAuthorization, requirePkce } from "./authorize.ts";
import { type Callback, type CallbackOptions, listenForCallback } from "./callback.ts";
import { callbackPorts, type PortRange } from "./callback_ports.ts";
import type { Client } from "./client.ts";
import { CALLBACK_PATH, usesDocument } from "./client_document.ts";
import type { Discovery } from "./discover.ts";
import { generateProofKey } from "./dpop.ts";
import type { PendingSignIn, Records } from "./records.ts";
import { clientFor } from "./register.ts";
import type { SignInWish } from "./session.ts";
import type { JsonObject } from "./settings.ts";
import { demandOf, type SignInParts, signInRequired, toolsOf } from "./sign_in_parts.ts";

const DEFAULT_HOST = "127.0.0.1";
/** How long the port of a process that died is waited for, and how often it is tried, in ms. */
const FREED_MS = 2_000;
const FREED_POLL_MS = 50;

/** One sign-in under way: where the browser is sent, and what it is to bring. */
export interface Journey {
  readonly discovery: Discovery;
  readonly client: Client;
  readonly begun: Authorization;
  readonly callback: Callback;
  /** The key that the tokens are to be bound to. */
  readonly proofKey: JsonObject | undefined;
  /** When nobody waits for it any more, in ms. */
  readonly expiresAt: number;
}

/**
 * Listens for the browser, then sends it to where the person signs in. What it takes to go on is in the vault before.
 *
 * @throws {BridgeError} what stands in the way, with nothing left open
 */
export async function beginJourney(
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
    ...strangersOf(parts),
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
    return { discovery, client, begun, callback, proofKey, expiresAt };
  } catch (thrown) {
    await callback.close();
    throw thrown;
  }
}

/**
 * Listens where a process that has died would: the page is open in the person's browser already. Nothing where there is
 * no such page, or it cannot be gone on with.
 */
export async function reopenJourney(parts: SignInParts, records: Records): Promise<Journey | undefined> {
  const pending = await records.pending();
  if (pending === undefined || pending.expiresAt <= parts.clock.now()) return undefined;
  const { redirectUri, discovery, client, state, proofKey, expiresAt } = pending;
  const { hostname, port, pathname } = new URL(redirectUri);
  const { successUrl } = parts.settings;
  try {
    const callback = await listenOnceFree({
      host: hostname,
      port: Number(port),
      ports: 1,
      path: pathname,
      ...strangersOf(parts),
      successUrl,
    });
    callback.expect(state);
    parts.onwaiting(signInRequired(parts.owner, pending.url));
    const { owner: { server }, notify } = parts;
    notify({
      level: "info",
      text: `sign in to ${server}: go on in the browser window that is already open, or visit ${pending.url}`,
    });
    return { discovery, client, begun: begunOf(pending), callback, proofKey, expiresAt };
  } catch (thrown) {
    parts.notify({
      level: "debug",
      text: `the page of another process cannot be gone on with: ${toBridgeError(thrown).message}`,
    });
    return undefined;
  }
}

/**
 * Who else may come before the person: where we start a browser, the page's address with its state stands in arguments,
 * which every user of the machine can read, who would sign the person in to an account of their own. Where the address
 * is printed alone, the person may well come through a tunnel, which is another user to the system.
 */
function strangersOf({ headless, notify, owner: { server } }: SignInParts): Pick<CallbackOptions, "isStrangers"> {
  if (headless !== undefined) return {};
  return {
    async isStrangers(visit, connections, port): Promise<boolean> {
      if (!await isByOtherUser(visit, connections, port)) return false;
      const text = `turned away another user of this machine, who came to sign you in to ${server}: if that was you, ` +
        `give the address of the page to "mcp-bridge login ${server}"`;
      notify({ level: "warn", text });
      return true;
    },
  };
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

/** What a sign-in that waits was begun with. */
export function begunOf({ url: text, state, verifier, redirectUri, scope, discovery }: PendingSignIn): Authorization {
  const url = new URL(text);
  // The one that the page asks for: a person, or a quirk, may have set it aside, and there is one code for it.
  const resource = url.searchParams.get("resource") ?? undefined;
  return { url, state, verifier, redirectUri, scope, issuer: discovery.issuer, resource };
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

/** The ports that the browser may come back to, in turn. */
function portsFor({ settings, owner }: SignInParts, { metadata }: Discovery): PortRange {
  return callbackPorts(settings, owner.server, usesDocument(settings, metadata));
}

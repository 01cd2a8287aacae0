import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { discover, type Discovery } from "./discover.ts";
import { Records } from "./records.ts";
import type { SignInWish } from "./session.ts";
import { finishForOther, resumeByBrowser, signInByBrowser } from "./sign_in_by_browser.ts";
import { signInOnDevice } from "./sign_in_on_device.ts";
import { LOOK_MS, type SignInParts, signInRequired, toolsOf } from "./sign_in_parts.ts";
import { isUnattended, namedDiscovery, signInUnattended } from "./unattended.ts";

/**
 * Has a person sign in at the server's authorization server and keeps what that brings. Of all processes that need the
 * same sign-in one opens a page and waits for the browser; the others wait for it, and one of them goes on where it
 * dies, at the same address and without another page.
 *
 * @throws {BridgeError} `sign_in_required` where nobody came in time, and what else stands in the way.
 */
export async function signIn(parts: SignInParts, wish: SignInWish): Promise<void> {
  const { vault, owner, signal, onwaiting, clock, settings, pasted } = parts;
  const records = new Records(vault, owner);
  const enough = new AbortController();
  const giveUp = (): void => enough.abort(signal.reason);
  signal.addEventListener("abort", giveUp);
  const waiting = new AbortController();
  void tellOfOthers(parts, records, waiting.signal);
  const inTurn = patiently(
    () =>
      vault.withLock(records.lockOf("sign-in"), async () => {
        waiting.abort();
        if (!await records.hasOther(wish.instead)) await lead(parts, records, wish);
      }, enough.signal),
    clock.now() + settings.timeout,
    clock,
  );
  const typedIn = pasted?.then((text) => waiting.signal.aborted ? inTurn : finishForOther(parts, records, text));
  try {
    await (typedIn === undefined ? inTurn : Promise.race([inTurn, typedIn]));
  } finally {
    waiting.abort();
    signal.removeEventListener("abort", giveUp);
    enough.abort(new BridgeError("closing", "the sign-in is over"));
    inTurn.catch(() => {});
    onwaiting(undefined);
  }
}

/** A person takes longer than any lock of ours is waited for. */
async function patiently(work: () => Promise<void>, until: number, clock: Clock): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof BridgeError) || thrown.code !== "vault_busy" || clock.now() > until) throw thrown;
    }
  }
}

/** Shows the page that another process waits at. */
async function tellOfOthers(
  { clock, onwaiting, notify, owner }: SignInParts,
  records: Records,
  over: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(clock, LOOK_MS, over);
    if (over.aborted) return;
    const pending = await records.pending().catch(() => undefined);
    if (pending === undefined || over.aborted) continue;
    onwaiting(signInRequired(owner, pending.url));
    notify({
      level: "info",
      text: `sign in to ${owner.server} in the browser window that is open, or visit ${pending.url}`,
    });
    return;
  }
}

async function lead(parts: SignInParts, records: Records, wish: SignInWish): Promise<void> {
  if (await resumeByBrowser(parts, records, wish)) return;
  const discovery = await namedDiscovery(parts) ?? await discoverAnew(parts, records, wish);
  if (isUnattended(parts.settings)) return await signInUnattended(parts, records, wish, discovery);
  if (await isTakenOver(parts, records, wish, discovery)) return;
  if (isForDevice(parts, discovery)) await signInOnDevice(parts, records, wish, discovery);
  else await signInByBrowser(parts, records, wish, discovery);
}

/** Whether a sign-in of another program takes the place of one here. A step-up wants more than that has. */
async function isTakenOver(
  { vault, owner, notify }: SignInParts,
  records: Records,
  { stepUp, challenge }: SignInWish,
  discovery: Discovery,
): Promise<boolean> {
  if (stepUp || await records.imported() === undefined) return false;
  const { takeOver } = await import("./imported.ts");
  const taken = await vault.withLock(
    records.lockOf("refresh"),
    () => takeOver(records, discovery, challenge?.resourceMetadata),
  );
  if (taken.kind === "mismatch") {
    notify({ level: "warn", text: `the sign-in of mcp-remote to ${owner.server} is not taken over: ${taken.reason}` });
  }
  if (taken.kind === "taken") notify({ level: "info", text: `took over the sign-in of mcp-remote to ${owner.server}` });
  return taken.kind === "taken";
}

async function discoverAnew(parts: SignInParts, records: Records, { challenge }: SignInWish): Promise<Discovery> {
  const { tokens, client } = await records.imported() ?? {};
  const before = (await records.grant())?.discovery.issuer;
  const issuer = before ?? tokens?.issuer ?? client?.issuer;
  const known = issuer === undefined ? {} : { preferredIssuer: issuer };
  const discovery = await discover(new URL(parts.owner.server), challenge, { ...toolsOf(parts), ...known });
  if (before !== undefined && before !== discovery.issuer) tellOfMove(parts, before, discovery.issuer);
  return discovery;
}

/** Whoever has taken a server over would send people to a page of their own: a person should look twice. */
function tellOfMove({ notify, owner }: SignInParts, before: string, issuer: string): void {
  notify({
    level: "warn",
    text: `${owner.server} now has you sign in at ${quoted(issuer)}, and no longer at ${quoted(before)}: ` +
      "go on only if you know of that",
  });
}

/** Whether a person signs in elsewhere: because they want to, or because no page of ours would be seen here. */
function isForDevice({ settings, headless, pasted }: SignInParts, { metadata }: Discovery): boolean {
  if (settings.grant === "device_code") return true;
  return headless !== undefined && pasted === undefined && metadata.deviceAuthorizationEndpoint !== undefined;
}

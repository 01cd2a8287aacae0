import { systemClock } from "../platform/clock.ts";
import { systemBrowser } from "../platform/browser.ts";
import { headlessReason } from "../platform/desktop.ts";
import type { Notify } from "../platform/notice.ts";
import type { Surroundings } from "../platform/paths.ts";
import { linkTo, type MakeLink, statusAddress } from "./compose.ts";
import { endpointToken } from "./endpoint_token.ts";
import type { ServeSettings } from "./serve.ts";
import { SharedVault } from "./shared_vault.ts";

/** The status page, on its way to the person. */
export type OpenedPage = { readonly isOpened: true } | { readonly isOpened: false; readonly link: string };

/** How long what listens there may take to answer, in ms. */
const ASK_MS = 2_000;

/**
 * What makes addresses that open the status page of the endpoint that runs already; nothing where none does. What listens
 * there may be somebody else's: it is asked for nothing but a sign of life, and a link proves that its maker has the
 * token without holding it.
 */
export async function linksToRunning(
  { host, port, run }: Pick<ServeSettings, "host" | "port" | "run">,
  notify: Notify,
): Promise<MakeLink | undefined> {
  if (port === 0 || !(await isServing(`${statusAddress(host, port)}/healthz`))) return undefined;
  const token = await endpointToken(await new SharedVault(run.state, systemClock, notify).open());
  return (user) => linkTo(host, port, token, systemClock.now(), user);
}

/**
 * Opens the page in the person's browser, where it would be seen. Gives a link for the person where it was not: what a
 * browser was started with stands in its arguments, and is for our own user alone.
 */
export async function openPage(link: MakeLink, surroundings: Surroundings): Promise<OpenedPage> {
  const isSeen = headlessReason(surroundings) === undefined;
  if (isSeen && await systemBrowser(surroundings).open(new URL(link("own_user")))) return { isOpened: true };
  return { isOpened: false, link: link("anybody") };
}

async function isServing(address: string): Promise<boolean> {
  // Only this value keeps the environment's proxy out of it.
  const options = { proxy: false, redirect: "error", signal: AbortSignal.timeout(ASK_MS) };
  try {
    const answer = await fetch(address, options as unknown as BunFetchRequestInit);
    return answer.status === 200 && (await answer.text()) === "ok\n";
  } catch {
    return false;
  }
}

import { systemClock } from "../platform/clock.ts";
import { systemBrowser } from "../platform/browser.ts";
import { headlessReason } from "../platform/desktop.ts";
import type { Notify } from "../platform/notice.ts";
import type { Surroundings } from "../platform/paths.ts";
import { linkTo, statusAddress } from "./compose.ts";
import { endpointToken } from "./endpoint_token.ts";
import type { ServeSettings } from "./serve.ts";
import { SharedVault } from "./shared_vault.ts";

/** How long what listens there may take to answer, in ms. */
const ASK_MS = 2_000;

/**
 * An address that opens the status page of the endpoint that runs already, once; nothing where none does. What listens
 * there may be somebody else's: it is asked for nothing but a sign of life, and the link proves that its maker has the
 * token without holding it.
 */
export async function linkToRunning(
  { host, port, run }: Pick<ServeSettings, "host" | "port" | "run">,
  notify: Notify,
): Promise<string | undefined> {
  if (port === 0 || !(await isServing(`${statusAddress(host, port)}/healthz`))) return undefined;
  const token = await endpointToken(await new SharedVault(run.state, systemClock, notify).open());
  return linkTo(host, port, token, systemClock.now());
}

/** Opens the page in the person's browser, where it would be seen; whether it was. */
export async function openPage(link: string, surroundings: Surroundings): Promise<boolean> {
  if (headlessReason(surroundings) !== undefined) return false;
  return await systemBrowser(surroundings).open(new URL(link));
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

import { BridgeError } from "../platform/errors.ts";
import { quotedReply } from "./echo.ts";

/** One redirect of a server's. */
export interface Redirect {
  readonly status: number;
  readonly from: URL;
  /** As the server wrote it. */
  readonly to: string;
}

/** More are not followed. */
export const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Whether a status sends the request elsewhere. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * Where a redirect of `request` leads, after `hops` others.
 *
 * @throws {BridgeError} `bad_answer` where it leaves the origin, does not keep the request, or goes on for ever
 */
export function nextPlace(
  { url, method, headers }: { readonly url: URL; readonly method: string; readonly headers?: Headers },
  status: number,
  location: string,
  hops: number,
): URL {
  if (!keepsRequest(method, status)) throw movedWithoutRequest(quotedReply(location, headers));
  if (hops === MOST_REDIRECTS) throw new BridgeError("bad_answer", `${url.host} redirects in a circle`);
  return sameOrigin(url, location, headers);
}

/** Whether a redirect has the same request made at another place; any may be followed by GET. */
function keepsRequest(method: string, status: number): boolean {
  return method === "GET" || status === 307 || status === 308;
}

function movedWithoutRequest(place: string): BridgeError {
  return new BridgeError("bad_answer", `the server moved to ${place} without keeping the request`, {
    hint: "use that address in place of the one that was given",
  });
}

function sameOrigin(from: URL, location: string, sent: Headers | undefined): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to !== undefined && to.origin === from.origin) return to;
  throw new BridgeError(
    "bad_answer",
    `the server redirects to another origin, ${quotedReply(to?.origin ?? location, sent)}`,
    {
      hint: "if you trust it, use that address in place of the one that was given",
    },
  );
}

import { isMeantForHost, isMeantForUs, isSameSecret } from "../../net/guard.ts";
import { BridgeError } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import { carrierOf } from "../carrier.ts";
import { refusal } from "./refusals.ts";

/** Who may ask something of the endpoint. */
export interface GuardOptions {
  /** The names of the machine under which it may be reached, in lower case. */
  readonly names: readonly string[];
  readonly port: () => number;
  /** Whether a host is a further one under which we may be asked; none is where this is left out. */
  readonly isFurtherHost?: (host: string) => boolean;
  /** The token that every request has to carry (RFC 6750, 2.1). */
  readonly token: string;
  readonly notify: Notify;
}

/**
 * Looks at a request before anything else does: it must be meant for us (Host and Origin, against pages that rebind
 * their name to this machine) and carry our token. Gives the refusal, which says nothing of what exists here; nothing
 * where it may go on. `isVisitor` lets it in without the token: it is of a browser that came by a link.
 */
export function guard(request: Request, options: GuardOptions, isVisitor: boolean): Response | undefined {
  const { token, notify } = options;
  const { headers } = request;
  const foreign = guardHost(request, options);
  if (foreign !== undefined) return foreign;
  const given = /^bearer +([\x21-\x7e]+) *$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (given !== undefined && isSameSecret(given, token)) return undefined;
  if (isVisitor) return undefined;
  notify({
    level: "warn",
    text: `refused a request ${given === undefined ? "without a token" : "with a wrong token"}`,
    request: carrierOf(request).requestId,
  });
  const error = new BridgeError("unauthorized", "this endpoint wants its token", {
    hint: 'see "mcp-bridge serve --show-token"',
  });
  return refusal(401, error, { "www-authenticate": 'Bearer realm="mcp-bridge"' });
}

/** The part of `guard` that asks for no credential: a request must be meant for us, by a page of ours if by any. */
export function guardHost(
  request: Request,
  { names, port, isFurtherHost, notify }: GuardOptions,
): Response | undefined {
  const { headers } = request;
  if (headers.get("origin") !== "null" && isMeantForUs(headers, names, port())) return undefined;
  if (isFurtherHost !== undefined && isMeantForHost(headers, isFurtherHost)) return undefined;
  notify({
    level: "warn",
    text: 'refused a request that was meant for another host ("--allow-host" allows one), or made by another site',
    request: carrierOf(request).requestId,
  });
  return refusal(403, new BridgeError("forbidden", "this request is not meant for this endpoint"));
}

import type { HttpWire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, type ErrorCode } from "../platform/errors.ts";
import type { Prover } from "./dpop.ts";
import type { Grant } from "./records.ts";
import { OAuthRefusal } from "./refusal.ts";
import { refresh } from "./token.ts";
import { SpentInVain, type TokenSet } from "./token_endpoint.ts";

/** What redeeming a refresh token needs. */
export interface RenewalTools {
  readonly wire: HttpWire;
  readonly clock: Clock;
  /** Shows that we hold the key that the tokens are bound to. */
  readonly prover: Prover | undefined;
}

/** What came of redeeming a refresh token. */
export type Renewal =
  | { readonly kind: "renewed"; readonly tokens: TokenSet }
  /** The grant has ended, or the authorization server does not know the client any more. */
  | { readonly kind: "refused"; readonly cause: BridgeError; readonly oauthError: string | undefined }
  /** Nobody knows whether it has been spent, so that it must never be sent again. */
  | { readonly kind: "lost"; readonly cause: BridgeError }
  /** It has not been spent: another attempt may bring more. */
  | { readonly kind: "unspent"; readonly cause: unknown };

const REFRESH_MS = 10_000;
/**
 * What leaves open whether a refresh token has been spent: the answer did not come, or not all of it. Everything else
 * was said before anything was sent, or by somebody who refuses.
 */
const LOST_ANSWER: ReadonlySet<ErrorCode> = new Set(["outcome_unknown", "no_answer", "timed_out", "too_large"]);

/**
 * Redeems the refresh token of `tokens`, once, within 10 s (RFC 6749, 6). What was sent is never sent again: its answer
 * may be lost, and a second use of a token that was replaced counts as theft (RFC 9700, 4.14.2). Never rejects.
 */
export async function renew(
  tokens: TokenSet,
  { client, discovery }: Grant,
  { wire, clock, prover }: RenewalTools,
): Promise<Renewal> {
  const abort = new AbortController();
  const timer = clock.after(REFRESH_MS, () => {
    abort.abort(new BridgeError("timed_out", `the token of ${discovery.server} was not renewed within 10 s`));
  });
  try {
    const renewed = await refresh(tokens, client, discovery, {
      wire,
      clock,
      signal: abort.signal,
      anyNetwork: discovery.anyNetwork === true,
      ...(prover === undefined ? {} : { prover }),
    });
    return { kind: "renewed", tokens: renewed };
  } catch (thrown) {
    return unrenewed(thrown);
  } finally {
    timer.cancel();
  }
}

function unrenewed(cause: unknown): Renewal {
  if (!(cause instanceof BridgeError)) return { kind: "unspent", cause };
  if (cause.code === "token_refused") {
    return { kind: "refused", cause, oauthError: cause instanceof OAuthRefusal ? cause.oauthError : undefined };
  }
  const isLost = cause instanceof SpentInVain || LOST_ANSWER.has(cause.code);
  return { kind: isLost ? "lost" : "unspent", cause };
}

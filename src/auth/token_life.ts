import type { TokenSet } from "./token_endpoint.ts";

/** When a token came and when it ends, in ms; without an end where the authorization server names none. */
export interface Life {
  readonly receivedAt: number;
  readonly expiresAt?: number | undefined;
}

/** The life of the id token that came with others, which may end before them or after. */
export function idTokenLife({ receivedAt, idTokenExpiresAt }: TokenSet): Life {
  return { receivedAt, expiresAt: idTokenExpiresAt };
}

/** A token is renewed in the background when a tenth of its life is left, and not earlier than 5 min before its end. */
const RENEW_AT = 0.1;
const RENEW_MS = 5 * 60_000;
/** Clocks differ, and a request takes time: a token that ends within so much is not sent any more, in ms. */
const LEEWAY_MS = 5_000;
/** Of a token that lives shorter than a minute or so, the same as a part of its life: it would never be sent. */
const LEEWAY = RENEW_AT / 2;

/** Whether the token is good without a thought of renewing it, at `now`, in ms. */
export function isFresh(life: Life, now: number): boolean {
  const { expiresAt, receivedAt } = life;
  if (expiresAt === undefined) return true;
  return timeLeft(life, now) >= Math.min((expiresAt - receivedAt) * RENEW_AT, RENEW_MS);
}

/** Whether the token is not to be sent any more, at `now`, in ms. */
export function isOver(life: Life, now: number): boolean {
  const { expiresAt, receivedAt } = life;
  if (expiresAt === undefined) return false;
  return timeLeft(life, now) <= Math.min(LEEWAY_MS, (expiresAt - receivedAt) * LEEWAY);
}

/** How long the token lives from `now` on, in ms. */
export function timeLeft({ expiresAt }: Life, now: number): number {
  return expiresAt === undefined ? Infinity : expiresAt - now;
}

/** What the server gets to see of the tokens: the id token where that is wanted and there is one. */
export function bearerOf({ idToken, accessToken }: TokenSet, useIdToken: boolean): string {
  return useIdToken ? idToken ?? accessToken : accessToken;
}

/** The life of what the server gets to see. */
export function bearerLife(tokens: TokenSet, useIdToken: boolean): Life {
  return useIdToken && tokens.idToken !== undefined ? idTokenLife(tokens) : tokens;
}

import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { ChannelFailure } from "../transport/channel.ts";

/** What to do about a request whose exchange failed. */
export type NextStep =
  | { kind: "again"; after: number }
  | { kind: "remake_session" }
  | { kind: "fail"; error: BridgeError };

/** What was tried for a request already. */
export interface Tries {
  /** How often it was sent again for a broken exchange. */
  readonly repeats: number;
  /** How long it has waited because the server asked for it, in ms. */
  readonly waited: number;
  /** Whether it was sent again already for a lost session. */
  readonly remade: boolean;
}

/** The tries of a request that was not sent yet. */
export const NO_TRIES: Tries = { repeats: 0, waited: 0, remade: false };

/** What is known of the request. */
export interface RequestHistory extends Tries {
  readonly method: string;
  /** Since the request came in, in ms. */
  readonly age: number;
  /** Whether nobody waits for the server, which was never there. */
  readonly isHurried?: boolean;
}

/** How long lists wait for a server that is not there; a host waits about a minute, in ms. */
export const LIST_PATIENCE_MS = 45_000;
/** As much for everything else: a person is waiting. */
export const CALL_PATIENCE_MS = 10_000;
/** The longest wait that a server may ask for, in ms. */
const LONGEST_BUSY_MS = 60_000;
const MOST_REPEATS = 2;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** Whether a request may be carried out twice without harm: it only reads. */
export function isSafe(method: string): boolean {
  return method === "ping" || method === "completion/complete" || method.endsWith("/list") ||
    method.endsWith("/read") ||
    method.endsWith("/get") || method === "server/discover" || method === "initialize";
}

/** How long a request waits for a server that is not there, in ms. */
export function patienceOf(method: string): number {
  return method.endsWith("/list") ? LIST_PATIENCE_MS : CALL_PATIENCE_MS;
}

/** Decides how a request goes on after `thrown`; what may have been carried out is sent again only if it is safe. */
export function nextStep(thrown: unknown, history: RequestHistory): NextStep {
  if (!(thrown instanceof ChannelFailure)) return { kind: "fail", error: toBridgeError(thrown) };
  const { method, age, isHurried = false, repeats, waited, remade } = history;
  if (thrown.kind === "session_lost" && !thrown.mayHaveRun) {
    return remade ? { kind: "fail", error: thrown } : { kind: "remake_session" };
  }
  const after = Math.min(FIRST_WAIT_MS * 2 ** repeats, LONGEST_WAIT_MS);
  if (thrown.retryAfter !== undefined) {
    // A server that asks for no wait and refuses again means something else.
    const wait = Math.max(thrown.retryAfter, repeats === 0 ? 0 : after);
    return waited + wait <= LONGEST_BUSY_MS ? { kind: "again", after: wait + 10 } : { kind: "fail", error: thrown };
  }
  if (thrown.code === "untrusted_certificate") return { kind: "fail", error: thrown };
  const unsent = thrown.kind === "broken" && !thrown.mayHaveRun;
  const left = isHurried ? 0 : patienceOf(method) - age;
  if (unsent && left > 0) return { kind: "again", after: Math.min(after, left) };
  if (!unsent && isPassing(thrown) && isSafe(method) && repeats < MOST_REPEATS) return { kind: "again", after };
  return { kind: "fail", error: unsent ? thrown : withOutcome(thrown, method) };
}

/** Whether a failure may be over in a moment: the server may be back. */
export function isPassing(failure: BridgeError): boolean {
  if (!(failure instanceof ChannelFailure) || failure.code === "untrusted_certificate") return false;
  return failure.kind === "broken" || failure.kind === "session_lost" || failure.code === "busy" ||
    (failure.code === "http_status" && failure.mayHaveRun);
}

/** Adds what a person must know before trying again: whether the request may have been carried out. */
function withOutcome(failure: ChannelFailure, method: string): BridgeError {
  if (!failure.mayHaveRun || isSafe(method) || failure.kind === "refused") return failure;
  return new BridgeError(
    failure.code,
    `${failure.message}: it is unknown whether the request was carried out`,
    {
      hint: failure.hint ?? "look at its effect before you try again",
      cause: failure,
    },
  );
}

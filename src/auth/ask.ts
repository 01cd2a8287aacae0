import type { HttpRequest, HttpWire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { AddressRules } from "./addresses.ts";
import type { JsonObject } from "./settings.ts";

/** What signing in needs of the world. */
export interface AuthTools extends AddressRules {
  readonly wire: HttpWire;
  readonly clock: Clock;
  /** Gives everything up; its reason is what comes back. */
  readonly signal?: AbortSignal;
}

/** What an authorization server is asked: with a body by POST, otherwise by GET. */
export interface Question {
  readonly url: URL;
  readonly headers?: Headers;
  readonly body?: URLSearchParams | JsonObject;
}

/** What it answers. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; absent where it is none. Not checked, and never to be printed as it is. */
  readonly json?: unknown;
}

/** As long as an answer may be, in bytes. */
const LARGEST = 1_048_576;

/** As long as an answer may take, its body too, in ms. */
const LONGEST_MS = 10_000;

/**
 * Asks one question; the address has been judged. Every status is an answer.
 *
 * @throws {BridgeError} as the gate does, `timed_out` after 10 s and `too_large` beyond 1 MiB, whatever the compression
 */
export async function ask(question: Question, tools: AuthTools): Promise<Reply> {
  const { url, body } = question;
  const abort = new AbortController();
  const { signal } = tools;
  function giveUp(): void {
    abort.abort(signal?.reason);
  }
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener("abort", giveUp);
  const timer = tools.clock.after(LONGEST_MS, () => {
    abort.abort(
      new BridgeError("timed_out", `${url.host} has not answered within ${LONGEST_MS / 1_000} s`, {
        hint: "try again later",
      }),
    );
  });
  try {
    const answer = await tools.wire.fetch({ ...requestOf(question, body), abort });
    const bytes = await answer.body.bytes(LARGEST);
    return { status: answer.status, headers: answer.headers, ...readJson(bytes) };
  } catch (thrown) {
    if (abort.signal.aborted) throw abort.signal.reason;
    if (!(thrown instanceof BridgeError)) throw thrown;
    const isHintless = thrown.hint === undefined && (thrown.code === "outcome_unknown" || thrown.code === "bad_answer");
    if (thrown.code !== "too_large") throw isHintless ? hinted(thrown) : thrown;
    throw new BridgeError("too_large", `the answer of ${url.host} is larger than ${LARGEST / 1_048_576} MiB`, {
      hint: "an address of the authorization server leads to something else",
      cause: thrown,
    });
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", giveUp);
  }
}

/** What the gate says of any request, with what is to be done where it was one of a sign-in. */
function hinted(error: BridgeError): BridgeError {
  const hint = "try again, or ask whoever runs the authorization server";
  return new BridgeError(error.code, error.message, { hint, cause: error });
}

function requestOf({ url, headers: further }: Question, body: Question["body"]): HttpRequest {
  const headers = new Headers(further);
  headers.set("accept", "application/json");
  if (body === undefined) return { url, method: "GET", headers };
  const isForm = body instanceof URLSearchParams;
  headers.set("content-type", isForm ? "application/x-www-form-urlencoded" : "application/json");
  return {
    url,
    method: "POST",
    headers,
    // What it spends may be spent though its answer is lost: a code, a refresh token, a proof.
    alone: true,
    body: new TextEncoder().encode(isForm ? body.toString() : JSON.stringify(body)),
  };
}

function readJson(bytes: Uint8Array): { json?: unknown } {
  try {
    return { json: JSON.parse(new TextDecoder().decode(bytes)) };
  } catch {
    return {};
  }
}

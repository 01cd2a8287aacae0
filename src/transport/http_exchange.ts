import type { HttpAnswer, HttpRequest, Wire } from "../net/gate.ts";
import { type ErrorCode, toBridgeError } from "../platform/errors.ts";
import { ChannelFailure } from "./channel.ts";

/** Carries one HTTP request out; every failure comes as a `ChannelFailure`. */
export async function fetchOrFail(wire: Wire, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await wire.fetch(request);
  } catch (thrown) {
    throw asChannelFailure(thrown);
  }
}

/** The failure of an exchange, from whatever was thrown below it. */
export function asChannelFailure(thrown: unknown): ChannelFailure {
  if (thrown instanceof ChannelFailure) return thrown;
  const error = toBridgeError(thrown);
  const refused = error.code === "bad_answer" || error.code === "too_large" || error.code === "proxy_refused";
  return new ChannelFailure(refused ? "refused" : "broken", error.code, error.message, {
    mayHaveRun: !UNSENT.has(error.code),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error.cause ?? error,
  });
}

/** The failures before anything was sent. */
const UNSENT: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "connect_timeout",
  "untrusted_certificate",
  "proxy_refused",
]);

/** The media type of an answer, in lower case and without parameters; empty where there is none. */
export function mediaType(answer: HttpAnswer): string {
  return (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

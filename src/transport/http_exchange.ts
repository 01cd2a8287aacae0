import type { HttpAnswer, HttpRequest, HttpWire } from "../net/gate.ts";
import { asChannelFailure } from "./channel.ts";

/** Carries one HTTP request out; every failure comes as a `ChannelFailure`. */
export async function fetchOrFail(wire: HttpWire, request: HttpRequest): Promise<HttpAnswer> {
  try {
    return await wire.fetch(request);
  } catch (thrown) {
    throw asChannelFailure(thrown);
  }
}

/** The media type of an answer, in lower case and without parameters; empty where there is none. */
export function mediaType(answer: HttpAnswer): string {
  return (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

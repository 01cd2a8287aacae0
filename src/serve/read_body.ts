import { collect, SMALL_BODY } from "../net/body.ts";
import type { Budget } from "../platform/budget.ts";
import { BridgeError } from "../platform/errors.ts";
import { TooSlow } from "../platform/lease.ts";
import { splitBatch } from "../transport/batch.ts";
import { MalformedMessage } from "../transport/malformed_message.ts";
import { type Message, readMessage } from "../transport/message.ts";
import { carrierOf } from "./carrier.ts";
import { protocolRefusal, refusal } from "./guard/refusals.ts";

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

/** What bounds the bodies that clients post: the longest message, in bytes, and the memory that large ones share. */
export interface BodyBounds {
  readonly limit: number;
  readonly budget: Budget;
}

/** The messages that a client posts, or the refusal of what is none. */
export async function readPosted(request: Request, bounds: BodyBounds): Promise<readonly Message[] | Response> {
  const type = request.headers.get("content-type");
  if (type === null || !/^application\/json\s*(?:;|$)/i.test(type)) {
    return protocolRefusal(415, INVALID_REQUEST, "the body must be application/json");
  }
  let body: Uint8Array;
  try {
    body = await bytesOf(request, bounds);
  } catch (thrown) {
    if (thrown instanceof TooSlow) return refusal(408, thrown);
    if (thrown instanceof BridgeError) {
      return refusal(413, new BridgeError("too_large", `a message may have ${bounds.limit / 1_048_576} MiB at most`));
    }
    // Nobody reads this: the client has gone, or the listener has refused the rest.
    return protocolRefusal(400, PARSE_ERROR, "the body broke off");
  }
  try {
    const carrier = carrierOf(request);
    return splitBatch(body).map((text) => {
      const message = readMessage(text);
      message.carrier = carrier;
      return message;
    });
  } catch (fault) {
    if (!(fault instanceof MalformedMessage)) throw fault;
    return protocolRefusal(400, fault.isJson ? INVALID_REQUEST : PARSE_ERROR, fault.message, fault.id);
  }
}

/** A body that states a small length is read in one go; of others as much lies in memory as there is room for. */
async function bytesOf(request: Request, { limit, budget }: BodyBounds): Promise<Uint8Array> {
  const stated = Number(request.headers.get("content-length") ?? NaN);
  if (stated <= Math.min(SMALL_BODY, limit)) return await request.bytes();
  const abort = new AbortController();
  request.signal.addEventListener("abort", () => abort.abort(request.signal.reason), { once: true });
  return await collect(chunksOf(request, abort.signal), limit, budget.during(abort));
}

async function* chunksOf({ body }: Request, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    signal.throwIfAborted();
  } finally {
    reader.cancel().catch(() => {});
  }
}

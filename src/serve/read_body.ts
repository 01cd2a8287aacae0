import { BridgeError } from "../platform/errors.ts";
import { MalformedMessage, type Message, readMessage, splitBatch } from "../transport/message.ts";
import { carrierOf } from "./carrier.ts";
import { protocolRefusal, refusal } from "./guard/refusals.ts";

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

/** The messages that a client posts, or the refusal of what is none; `limit` is in bytes. */
export async function readPosted(request: Request, limit: number): Promise<readonly Message[] | Response> {
  const type = request.headers.get("content-type");
  if (type === null || !/^application\/json\s*(?:;|$)/i.test(type)) {
    return protocolRefusal(415, INVALID_REQUEST, "the body must be application/json");
  }
  let body: Uint8Array;
  try {
    body = await request.bytes();
  } catch {
    // Nobody reads this: the client has gone, or the listener has refused the rest.
    return protocolRefusal(400, PARSE_ERROR, "the body broke off");
  }
  if (body.length > limit) {
    return refusal(413, new BridgeError("too_large", `a message may have ${limit / 1_048_576} MiB at most`));
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

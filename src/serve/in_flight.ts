import { BridgeError } from "../platform/errors.ts";
import type { Message } from "../transport/message.ts";
import { protocolRefusal, refusal } from "./guard/refusals.ts";

/** The requests of a session that wait for their answers. */
export interface InFlight {
  /** How many there are. */
  readonly inFlight: number;
  /** Whether a request has the id of one of them. */
  repeats(message: Message): boolean;
}

const INVALID_REQUEST = -32600;
/** How many requests of a session may wait for their answers. */
const MOST_OF_A_SESSION = 1_000;

/** The refusal of what a client posts to its session, at least one message: ids that are taken, or too many requests. */
export function refusalOf(messages: readonly Message[], session: InFlight): Response | undefined {
  const twin = messages.find((message, place) => session.repeats(message) || isRepeated(message, messages, place));
  if (twin !== undefined) {
    return protocolRefusal(400, INVALID_REQUEST, `a request with the id ${twin.id} is in flight already`, twin.id);
  }
  const isRequest = messages.some(({ kind }) => kind === "request");
  return isRequest && session.inFlight + messages.length > MOST_OF_A_SESSION ? tooMany(messages[0]!.id) : undefined;
}

/** Says to the request `id` that there are too many already. */
export function tooMany(id?: string): Response {
  const error = new BridgeError("busy", "too many requests wait for their answers", {
    hint: "try again when some of them have been answered",
  });
  return refusal(503, error, { "retry-after": "1" }, id);
}

/** Whether a request stands a second time in what was posted. */
function isRepeated(message: Message, messages: readonly Message[], place: number): boolean {
  return message.kind === "request" && messages.length > 1 &&
    messages.some((other, before) => before < place && other.kind === "request" && other.key === message.key);
}

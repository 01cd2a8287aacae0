import { BridgeError } from "../platform/errors.ts";
import type { MalformedMessage } from "../transport/malformed_message.ts";
import type { Message } from "../transport/message.ts";
import { errorAnswer } from "./answers.ts";

/** The answer to a line that is no message; `isInFlight` says whether its id has an answer of its own to wait for. */
export function malformedAnswer(fault: MalformedMessage, isInFlight: boolean, server: string): Message {
  const code = fault.isJson ? "invalid_request" : "parse_error";
  const error = new BridgeError(code, `the client's message is not valid: ${fault.message}`);
  const named = fault.isJson && fault.id !== undefined && !isInFlight;
  return errorAnswer(named ? fault.id! : "null", error, server);
}

/** The answer to a message beyond the limit, which is in bytes; `id` is in raw form, where one could be found. */
export function oversizeAnswer(id: string | undefined, limit: number, server: string): Message {
  const error = new BridgeError("too_large", `the client's message is larger than ${limit / 1_048_576} MiB`, {
    hint: 'raise the limit with "--max-message MIB"',
  });
  return errorAnswer(id ?? "null", error, server);
}

import { errorBehind } from "../bridge/answers.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import type { Message } from "../transport/message.ts";

/** JSON-RPC's number for a client that cannot do what a request takes (2026-07-28). */
const CAPABILITY_MISSING = -32021;

/** An error that a server answered with. */
export class ServerError extends BridgeError {
  /** The number and the data of JSON-RPC. */
  readonly number: number;
  readonly data: unknown;

  constructor(number: number, message: string, data: unknown) {
    const hint = number === CAPABILITY_MISSING
      ? "it wants to ask you something, and can where there is a terminal; a language model there is none"
      : undefined;
    super(
      "server_error",
      `the server says: ${quoted(message, 400)} (${number})`,
      hint === undefined ? {} : { hint },
    );
    this.number = number;
    this.data = data;
  }
}

/** What an error answer says, with the server's words made safe; an error of the bridge comes back as what it was. */
export function errorOf(answer: Message): BridgeError {
  const own = errorBehind(answer);
  if (own !== undefined) return own;
  const number = Number(answer.answerMember("error", "code") ?? Number.NaN);
  const message = String(JSON.parse(answer.answerMember("error", "message") ?? '""'));
  return new ServerError(number, message, JSON.parse(answer.answerMember("error", "data") ?? "null"));
}

import { BridgeError, ERROR_NUMBERS, type ErrorCode, harmless, quoted } from "../platform/errors.ts";
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
  const number = Number(answer.answerMember("error", "code") ?? Number.NaN);
  const message = String(JSON.parse(answer.answerMember("error", "message") ?? '""'));
  const data: unknown = JSON.parse(answer.answerMember("error", "data") ?? "null");
  const { code, hint } = (typeof data === "object" && data !== null ? data : {}) as { code?: unknown; hint?: unknown };
  if (!isOwnCode(code) || ERROR_NUMBERS[code] !== number || !message.startsWith(PREFIX)) {
    return new ServerError(number, message, data);
  }
  const text = message.slice(PREFIX.length);
  if (typeof hint !== "string") return new BridgeError(code, harmless(text, LONGEST));
  const alone = text.endsWith(`; ${hint}`) ? text.slice(0, -hint.length - 2) : text;
  return new BridgeError(code, harmless(alone, LONGEST), { hint: harmless(hint, LONGEST) });
}

const PREFIX = "mcp-bridge: ";
/** A server can say what the bridge would: its text is shown up to this length, in characters. */
const LONGEST = 1_000;

function isOwnCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_NUMBERS, code);
}

import { type BridgeError, ERROR_NUMBERS, type ErrorCode, quoted } from "../../platform/errors.ts";
import type { Message } from "../../transport/message.ts";

/** An error of ours that answered a call in the server's place. */
export interface OwnFailure {
  readonly code: ErrorCode;
  /** One sentence, lower case, without a full stop. */
  readonly text: string;
}

const LONGEST_TEXT = 300;
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f]/;
const PREFIX = "mcp-bridge: ";
const NUMBERS: ReadonlySet<number> = new Set(Object.values(ERROR_NUMBERS));

/** What of ours went wrong, by an answer that is an error; nothing where the server itself has said no. */
export function ownFailure(answer: Message): OwnFailure | undefined {
  const number = Number(answer.answerMember("error", "code"));
  if (!NUMBERS.has(number)) return undefined;
  const data: unknown = JSON.parse(answer.answerMember("error", "data") ?? "null");
  const { code, hint } = (data ?? {}) as { code?: unknown; hint?: unknown };
  if (typeof code !== "string" || ERROR_NUMBERS[code as ErrorCode] !== number) return undefined;
  const whole = String(JSON.parse(answer.answerMember("error", "message") ?? '""'));
  const text = whole.startsWith(PREFIX) ? whole.slice(PREFIX.length) : whole;
  const bare = typeof hint === "string" && text.endsWith(`; ${hint}`) ? text.slice(0, -hint.length - 2) : text;
  // A server may give its own errors the looks of ours.
  return { code: code as ErrorCode, text: shown(bare) };
}

/** The same of an error that stayed with us. */
export function failureOf({ code, message }: BridgeError): OwnFailure {
  return { code, text: shown(message) };
}

function shown(text: string): string {
  const short = text.slice(0, LONGEST_TEXT);
  const isPlain = quoted(short, LONGEST_TEXT).length === JSON.stringify(short).length && !CONTROLS.test(short);
  return isPlain ? short : quoted(short, LONGEST_TEXT);
}

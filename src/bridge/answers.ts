import { type BridgeError, ERROR_NUMBERS } from "../platform/errors.ts";
import { findMember, textOf } from "../transport/json_scan.ts";
import { skipBlank } from "../transport/json_skip.ts";
import { composeMessage, type Message, readMessage } from "../transport/message.ts";

/** The lists that a server may say have changed, by the capability that promises it. */
const LISTS = ["tools", "prompts", "resources"] as const;

/**
 * The error that answers a request in the server's place (JSON-RPC 2.0, section 5.1). `error.data` carries our stable
 * code, the hint, and the server's host or command, so that nobody takes the answer for the server's.
 */
export function errorAnswer(id: string, error: BridgeError, server: string): Message {
  const text = JSON.stringify({
    code: ERROR_NUMBERS[error.code],
    message: `mcp-bridge: ${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}`,
    data: {
      code: error.code,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      server,
    },
  });
  const answer = readMessage(new TextEncoder().encode(`{"jsonrpc":"2.0","id":${id},"error":${text}}`));
  answer.madeOf = error;
  return answer;
}

/** The error that an answer of this process was made of; nothing for one of a server, however much it looks like ours. */
export function errorBehind(answer: Message): BridgeError | undefined {
  return answer.madeOf;
}

/** An answer whose result is given as raw text. */
export function resultAnswer(id: string, result: string): Message {
  return readMessage(new TextEncoder().encode(`{"jsonrpc":"2.0","id":${id},"result":${result}}`));
}

/** The result of an answer, as raw text; nothing where it is an error. */
export function rawResult({ bytes }: Message): string | undefined {
  const result = findMember(bytes, skipBlank(bytes, 0), "result");
  return result && textOf(bytes, result);
}

/** Whether an answer only refuses a second request under an id in flight: the first one still has its own to come. */
export function refusesTwin(answer: Message): boolean {
  const data = answer.isError ? answer.answerMember("error", "data") : undefined;
  return data !== undefined && JSON.parse(data)?.code === "invalid_request";
}

/**
 * The answer to `initialize` when the server cannot be asked in time: the client's own revision, and the lists with
 * the promise to say when they change, so that the client asks again once the server is there.
 */
export function provisionalInitializeResult(initialize: Message, server: string): Message {
  const text = JSON.stringify({
    protocolVersion: initialize.stringParam("protocolVersion") ?? "2025-11-25",
    capabilities: Object.fromEntries(LISTS.map((list) => [list, { listChanged: true }])),
    serverInfo: { name: server, version: "unknown" },
  });
  return resultAnswer(initialize.id!, text);
}

/**
 * The same by what the server answered an earlier time, as `resultOf` gave it, with the promise to say when its lists
 * change; nothing where it is no result.
 */
export function recalledInitializeResult(initialize: Message, recalled: unknown): Message | undefined {
  if (!isObject(recalled) || !isObject(recalled["capabilities"])) return undefined;
  const capabilities: Record<string, unknown> = { ...recalled["capabilities"] };
  for (const list of LISTS) {
    if (isObject(capabilities[list])) capabilities[list] = { ...capabilities[list], listChanged: true };
  }
  const text = JSON.stringify({ ...recalled, capabilities });
  return resultAnswer(initialize.id!, text);
}

/** The result of an answer, as JSON. */
export function resultOf(answer: Message): unknown {
  return JSON.parse(rawResult(answer) ?? "null");
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The lists that a result of `initialize` promises news of. */
export function promisedLists(promise: Message): readonly string[] {
  const raw = promise.answerMember("result", "capabilities");
  const capabilities = raw?.startsWith("{") ? JSON.parse(raw) as Record<string, { listChanged?: unknown } | null> : {};
  return LISTS.filter((list) => capabilities[list]?.listChanged === true);
}

/** The notification that makes a client read a list again. */
export function listChange(list: string): Message {
  return composeMessage({ method: `notifications/${list}/list_changed` });
}

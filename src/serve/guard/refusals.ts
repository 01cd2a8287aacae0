import { errorAnswer } from "../../bridge/answers.ts";
import type { BridgeError } from "../../platform/errors.ts";
import { jsonResponse } from "../../transport/reply.ts";

/** How our endpoint names itself in errors. */
export const OURSELVES = "mcp-bridge";

/** A refusal by HTTP whose body is a JSON-RPC error, since some clients read the one and some the other. */
export function refusal(
  status: number,
  error: BridgeError,
  headers: Readonly<Record<string, string>> = {},
  id = "null",
): Response {
  return jsonResponse(errorAnswer(id, error, OURSELVES).bytes, status, headers);
}

/** The same in words of the protocol's own, by a JSON-RPC error code. */
export function protocolRefusal(status: number, code: number, message: string, id = "null"): Response {
  const error = JSON.stringify({ code, message });
  const headers = { "content-type": "application/json" };
  return new Response(`{"jsonrpc":"2.0","id":${id},"error":${error}}`, { status, headers });
}

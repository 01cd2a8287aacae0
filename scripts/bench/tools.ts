/** What the far ends of the bench answer, whatever carries it: handlers that cost as little as they can. */
import { AWKWARD_MESSAGES } from "../../test/harness/awkward_messages.ts";

/** A message of a client, as far as a far end looks at it. */
export interface Call {
  readonly jsonrpc: "2.0";
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly name?: string;
    readonly arguments?: { readonly text?: string; readonly count?: number; readonly row?: number };
  };
}

const LARGE_BYTES = 8 * 1024 * 1024;
const LARGE_TEXT = "0123456789abcdef".repeat(LARGE_BYTES / 16);

const OFFER = JSON.stringify({
  resultType: "complete",
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {}, logging: {} },
  ttlMs: 0,
  cacheScope: "private",
});

/** The answer to a request; what a tool does beyond that is the matter of the far end that offers it. */
export function answerTo(call: Call): string {
  switch (call.method) {
    case "initialize":
      return answer(call.id, initialized(call));
    case "server/discover":
      return answer(call.id, OFFER);
    case "tools/call":
      return callTool(call);
    case "tools/list":
      return answer(call.id, `{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}`);
    default:
      return answer(call.id, "{}");
  }
}

function callTool({ id, params }: Call): string {
  const args = params?.arguments ?? {};
  switch (params?.name) {
    case "echo":
    case "echo_on_a_stream":
      return answer(id, text(args.text));
    case "large":
      return answer(id, `{"content":[{"type":"text","text":"${LARGE_TEXT}"}]}`);
    case "awkward":
    case "awkward_on_a_stream":
      return AWKWARD_MESSAGES[args.row!]!.answer;
    case "push":
      return answer(id, text("pushing"));
    default:
      return answer(id, text("no such tool"));
  }
}

function initialized({ params }: Call): string {
  return JSON.stringify({
    protocolVersion: params?.protocolVersion ?? "2025-11-25",
    capabilities: { tools: {}, logging: {} },
    serverInfo: { name: "bench", version: "1.0.0" },
  });
}

function answer(id: Call["id"], result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

function text(value = ""): string {
  return `{"content":[{"type":"text","text":${JSON.stringify(value)}}]}`;
}

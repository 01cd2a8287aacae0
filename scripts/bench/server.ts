/**
 * The far end of the bench, a process of its own: a remote MCP server of revision 2025-11-25 whose handlers cost as
 * little as they can. It prints its port as its first line, and `GET /stats` answers with its counters.
 */
import { AWKWARD_MESSAGES } from "../../test/harness/awkward_messages.ts";
import type { Stats } from "./far_end.ts";

interface Session {
  /** Notifications that are still to go out on the GET stream. */
  owed: number;
  /** Wakes the GET stream when something is owed. */
  wake: () => void;
}

interface Call {
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
const NOTIFICATION = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", logger: "bench", data: "one line of a log that is neither short nor long" },
};
const EVENT = event(JSON.stringify(NOTIFICATION));
// About 8 KiB: large enough that the server is not what the figure measures, small enough to meet back-pressure.
const EVENTS_PER_CHUNK = 64;
const CHUNK = Buffer.from(EVENT.repeat(EVENTS_PER_CHUNK));

const stats: Stats = { requests: 0, opened: 0, deleted: 0 };
const sessions = new Map<string, Session>();

function answer(id: Call["id"], result: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
}

function event(message: string): string {
  return `event: message\ndata: ${message}\n\n`;
}

function json(body: string): Response {
  return new Response(body, { headers: { "Content-Type": "application/json" } });
}

function events(body: string | ReadableStream): Response {
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" },
  });
}

function text(value = ""): string {
  return `{"content":[{"type":"text","text":${JSON.stringify(value)}}]}`;
}

function initialize(call: Call): Response {
  const id = crypto.randomUUID();
  sessions.set(id, { owed: 0, wake: () => {} });
  stats.opened++;
  const body = answer(
    call.id,
    JSON.stringify({
      protocolVersion: call.params?.protocolVersion ?? "2025-11-25",
      capabilities: { tools: {}, logging: {} },
      serverInfo: { name: "bench", version: "1.0.0" },
    }),
  );
  return new Response(body, { headers: { "Content-Type": "application/json", "Mcp-Session-Id": id } });
}

function callTool(call: Call, session: Session): Response {
  const args = call.params?.arguments ?? {};
  switch (call.params?.name) {
    case "echo":
      return json(answer(call.id, text(args.text)));
    case "echo_on_a_stream":
      return events(event(answer(call.id, text(args.text))));
    case "large":
      return json(answer(call.id, `{"content":[{"type":"text","text":"${LARGE_TEXT}"}]}`));
    case "awkward":
      return json(AWKWARD_MESSAGES[args.row!]!.answer);
    case "awkward_on_a_stream":
      return events(event(AWKWARD_MESSAGES[args.row!]!.answer));
    case "push":
      session.owed += args.count ?? 0;
      session.wake();
      return json(answer(call.id, text("pushing")));
    default:
      return json(answer(call.id, text("no such tool")));
  }
}

function sessionOf(request: Request): Session | undefined {
  return sessions.get(request.headers.get("mcp-session-id") ?? "");
}

async function post(request: Request): Promise<Response> {
  stats.requests++;
  const call = await request.json() as Call;
  if (call.method === "initialize") return initialize(call);
  const session = sessionOf(request);
  if (session === undefined) return new Response("no such session", { status: 404 });
  if (call.id === undefined) return new Response(null, { status: 202 });
  return call.method === "tools/call" ? callTool(call, session) : json(answer(call.id, "{}"));
}

/** One chunk for each pull, so the socket's back-pressure decides how fast the notifications go out. */
function listen(request: Request): Response {
  stats.requests++;
  const session = sessionOf(request);
  if (session === undefined) return new Response("no such session", { status: 404 });
  return events(
    new ReadableStream({
      async pull(controller): Promise<void> {
        while (session.owed === 0) {
          await new Promise<void>((resolve) => {
            session.wake = resolve;
          });
        }
        const count = Math.min(session.owed, EVENTS_PER_CHUNK);
        session.owed -= count;
        controller.enqueue(CHUNK.subarray(0, count * EVENT.length));
      },
    }),
  );
}

function remove(request: Request): Response {
  stats.requests++;
  if (sessions.delete(request.headers.get("mcp-session-id") ?? "")) stats.deleted++;
  return new Response(null, { status: 204 });
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  routes: {
    "/mcp": { POST: post, GET: listen, DELETE: remove },
    "/stats": () => Response.json(stats),
  },
  fetch(): Response {
    stats.requests++;
    return new Response("not found", { status: 404 });
  },
});
console.log(server.port);

// The end of input is the end of the bench, however that came about.
for await (const _ of Bun.stdin.stream());
process.exit(0);

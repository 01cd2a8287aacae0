/**
 * The far end of the bench, a process of its own: a remote MCP server of revision 2025-11-25 whose handlers cost as
 * little as they can. It prints its port as its first line, and `GET /stats` answers with its counters.
 */
import type { Server } from "bun";
import type { Stats } from "./far_end.ts";
import { answerTo, type Call } from "./tools.ts";

interface Session {
  /** Notifications that are still to go out on the GET stream. */
  owed: number;
  /** Wakes the GET stream when something is owed. */
  wake: () => void;
}

const NOTIFICATION = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", logger: "bench", data: "one line of a log that is neither short nor long" },
};
const OPENING = Buffer.from(":\n\n");
const EVENT = event(JSON.stringify(NOTIFICATION));
// About 8 KiB: large enough that the server is not what the figure measures, small enough to meet back-pressure.
const EVENTS_PER_CHUNK = 64;
const CHUNK = Buffer.from(EVENT.repeat(EVENTS_PER_CHUNK));

const stats: Stats = { requests: 0, opened: 0, deleted: 0 };
const sessions = new Map<string, Session>();
/** The event streams of HTTP+SSE, where what is written in one turn of the event loop leaves in one go. */
const streams = new Map<string, ReadableStreamDirectController>();

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

function initialize(call: Call): Response {
  const id = crypto.randomUUID();
  sessions.set(id, { owed: 0, wake: () => {} });
  stats.opened++;
  return new Response(answerTo(call), { headers: { "Content-Type": "application/json", "Mcp-Session-Id": id } });
}

function answerCall(call: Call, session: Session): Response {
  const name = call.params?.name;
  if (name === "push") {
    session.owed += call.params?.arguments?.count ?? 0;
    session.wake();
  }
  return name?.endsWith("_on_a_stream") ? events(event(answerTo(call))) : json(answerTo(call));
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
  return answerCall(call, session);
}

/** The same server where it speaks revision 2026-07-28 alone. */
async function postModern(request: Request): Promise<Response> {
  stats.requests++;
  const call = await request.json() as Call;
  if (call.method === "initialize") {
    const error = { code: -32022, message: "Unsupported protocol version", data: { supported: ["2026-07-28"] } };
    return Response.json({ jsonrpc: "2.0", id: call.id, error }, { status: 400 });
  }
  if (call.id === undefined) return new Response(null, { status: 202 });
  return json(answerTo(call));
}

/** One chunk for each pull, so the socket's back-pressure decides how fast the notifications go out. */
function listen(request: Request): Response {
  stats.requests++;
  const session = sessionOf(request);
  if (session === undefined) return new Response("no such session", { status: 404 });
  return events(
    new ReadableStream({
      start(controller): void {
        // Without a first byte the head would not leave, and no stream would be open.
        controller.enqueue(OPENING);
      },
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

/** HTTP+SSE: the stream first names where its messages are to be posted. */
function openStream(): Response {
  stats.requests++;
  const id = crypto.randomUUID();
  return events(
    new ReadableStream({
      type: "direct",
      pull(controller: ReadableStreamDirectController): Promise<never> {
        streams.set(id, controller);
        controller.write(`event: endpoint\ndata: /messages?session=${id}\n\n`);
        return new Promise(() => {});
      },
    }),
  );
}

async function postToStream(request: Request): Promise<Response> {
  stats.requests++;
  const stream = streams.get(request.url.slice(request.url.indexOf("=") + 1));
  if (stream === undefined) return new Response("no such session", { status: 404 });
  const call = await request.json() as Call;
  if (call.id !== undefined) stream.write(event(answerTo(call)));
  return new Response(null, { status: 202 });
}

function upgrade(request: Request, server: Server<undefined>): Response | undefined {
  stats.requests++;
  const headers = { "Sec-WebSocket-Protocol": "mcp" };
  return server.upgrade(request, { headers }) ? undefined : new Response("no handshake", { status: 400 });
}

const server = Bun.serve<undefined>({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  routes: {
    "/mcp": { POST: post, GET: listen, DELETE: remove },
    "/modern": { POST: postModern },
    "/sse": { GET: openStream },
    "/messages": { POST: postToStream },
    "/ws": { GET: upgrade },
    "/stats": () => Response.json(stats),
  },
  fetch(): Response {
    stats.requests++;
    return new Response("not found", { status: 404 });
  },
  websocket: {
    idleTimeout: 0,
    message(socket, text): void {
      const call = JSON.parse(text as string) as Call;
      if (call.id !== undefined) socket.send(answerTo(call));
    },
  },
});
console.log(server.port);

// The end of input is the end of the bench, however that came about.
for await (const _ of Bun.stdin.stream());
process.exit(0);

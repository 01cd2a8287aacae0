/**
 * A server on standard input and output that speaks one era alone, or both: run by Bun as a program of its own. Its first
 * argument names a folder: the file `era` there says what it speaks when it starts, and `log` gets a line for its start,
 * with its process id, and for whatever it gives up.
 */
import { appendFileSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Json } from "./fake_mcp.ts";

const PREFIX = "io.modelcontextprotocol/";
const [folder = ""] = process.argv.slice(2);
const era = readFileSync(join(folder, "era"), "utf8").trim();
/** The filters of the subscriptions, by their ids' texts. */
const listening = new Map<string, { id: unknown; uris: string[] }>();
const held: Json[] = [];

note(`start ${process.pid}`);

function note(line: string): void {
  appendFileSync(join(folder, "log"), `${line}\n`);
}

function say(message: Json): void {
  writeSync(1, `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function tell(method: string, params: Json): void {
  say({ method, params });
}

function answer({ id }: Json, result: Json): void {
  say({ id, result: { resultType: "complete", ...result } });
}

/** Answers the call of a tool. */
function give(request: Json, value: unknown): void {
  answer(request, { content: [{ type: "text", text: JSON.stringify(value) }] });
}

const OFFER = {
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
  supportedVersions: ["2026-07-28"],
  resultType: "complete",
};

/** The tools, by name. */
const tools: Record<string, (request: Json, args: Json, meta: Json) => void> = {
  who: (request, _args, meta) =>
    give(request, {
      pid: process.pid,
      client: meta[`${PREFIX}clientInfo`]?.name ?? null,
      level: meta[`${PREFIX}logLevel`] ?? null,
    }),
  log(request, { text }, meta): void {
    if (meta[`${PREFIX}logLevel`] !== undefined) tell("notifications/message", { level: "error", data: text });
    give(request, text);
  },
  progress(request, { step }, { progressToken }): void {
    tell("notifications/progress", { progressToken, progress: step });
    give(request, step);
  },
  hold(request): void {
    held.push(request);
    note("hold");
  },
  release(request): void {
    for (const each of held.splice(0)) give(each, each.params.arguments.text);
    give(request, null);
  },
  ask(request): void {
    const { inputResponses } = request.params;
    if (inputResponses !== undefined) return give(request, inputResponses.name.content);
    const schema = { type: "object", properties: { name: { type: "string" } } };
    const name = { method: "elicitation/create", params: { message: "who?", requestedSchema: schema } };
    say({ id: request.id, result: { resultType: "input_required", inputRequests: { name } } });
  },
  touch(request, { uri }): void {
    for (const { id, uris } of listening.values()) {
      if (uris.includes(uri)) {
        tell("notifications/resources/updated", { uri, _meta: { [`${PREFIX}subscriptionId`]: id } });
      }
    }
    give(request, null);
  },
  /** Ends every subscription of its own accord. */
  dismiss(request): void {
    for (const { id } of listening.values()) tell("notifications/cancelled", { requestId: id });
    listening.clear();
    give(request, null);
  },
  listeners: (request) => give(request, listening.size),
  exit: () => process.exit(7),
};

function listen({ id, params }: Json): void {
  const { resourceSubscriptions: uris = [] } = params.notifications;
  listening.set(JSON.stringify(id), { id, uris });
  note(`listen ${uris.join(" ")}`);
  const _meta = { [`${PREFIX}subscriptionId`]: id };
  tell("notifications/subscriptions/acknowledged", { notifications: params.notifications, _meta });
}

function cancelled({ params: { requestId } }: Json): void {
  const found = held.findIndex(({ id }) => id === requestId);
  if (found >= 0) {
    held.splice(found, 1);
    note("cancelled");
  } else note(listening.delete(JSON.stringify(requestId)) ? "unlisten" : "cancelled nothing");
}

function serve(request: Json): void {
  const { id, method, params } = request;
  const meta = params?._meta ?? {};
  const isModern = meta[`${PREFIX}protocolVersion`] !== undefined;
  if (method === "notifications/cancelled") return cancelled(request);
  if (id === undefined) return;
  const isSpoken = era === "dual" || (isModern ? era === "modern" : era === "legacy");
  if (!isSpoken) return say({ id, error: { code: isModern ? -32600 : -32601, message: "Not in this era" } });
  if (method === "initialize") {
    const serverInfo = { name: "era-program", version: "1.0.0" };
    return say({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  }
  if (method === "server/discover") return say({ id, result: OFFER });
  if (method === "subscriptions/listen") return listen(request);
  if (method === "tools/call") return tools[params.name]!(request, params.arguments ?? {}, meta);
  answer(request, {});
}

for await (const line of createInterface({ input: process.stdin })) serve(JSON.parse(line));

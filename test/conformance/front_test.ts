import { expect, test } from "bun:test";
import type { Message } from "../harness/executable.ts";
import { eventStream, FakeMcp } from "../harness/fake_mcp.ts";
import { DualEraServer } from "./dual_era_server.ts";
import { Front } from "./front.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

function post(url: string, message: Message, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "accept": "application/json, text/event-stream", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    signal: signal ?? null,
  });
}

/** The next message of an event stream. */
async function next(messages: AsyncIterator<Message>): Promise<Message> {
  return (await messages.next()).value;
}

async function* messagesOf(response: Response): AsyncGenerator<Message> {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice("data: ".length));
  }
}

test("a client of 2026-07-28 that goes away from a stream takes its request back at the server", async () => {
  using server = new FakeMcp();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  server.on("subscriptions/listen", ({ message, signal }) => {
    signal.addEventListener("abort", () => end());
    const { response, stream } = eventStream();
    const params = { _meta: { "io.modelcontextprotocol/subscriptionId": message.id } };
    stream.send({ jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params });
    return response;
  });
  await using front = new Front(server.url);
  const leaving = new AbortController();
  const listen = { id: "news", method: "subscriptions/listen", params: { notifications: {}, _meta: META } };
  const response = await post(front.url, listen, { "mcp-protocol-version": "2026-07-28" }, leaving.signal);
  const { method } = await next(messagesOf(response));
  expect(method).toBe("notifications/subscriptions/acknowledged");
  leaving.abort();
  await ended;
});

test("a client of the handshake's era without a stream is asked on that of its call", async () => {
  await using server = new DualEraServer();
  await using front = new Front(server.url);
  const opened = await post(front.url, {
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "by-hand", version: "1.0.0" },
    },
  }, {});
  const headers = { "mcp-session-id": opened.headers.get("mcp-session-id")!, "mcp-protocol-version": "2025-11-25" };
  await post(front.url, { method: "notifications/initialized" }, headers);
  const call = { name: "test_elicitation", arguments: { message: "Who is it?" } };
  const messages = messagesOf(await post(front.url, { id: 2, method: "tools/call", params: call }, headers));
  const question = await next(messages);
  expect(question).toMatchObject({ method: "elicitation/create", params: { message: "Who is it?" } });
  const reply = await post(front.url, { id: question.id, result: { action: "decline" } }, headers);
  expect(reply.status).toBe(202);
  expect(await next(messages)).toMatchObject({
    id: 2,
    result: { content: [{ text: expect.stringContaining("decline") }] },
  });
  const closed = await fetch(front.url, { method: "DELETE", headers });
  expect(closed.status).toBe(200);
});

/** The executable between a client and a server that say what JSON-RPC allows and few expect: it passes as it is. */
import { describe, expect, test } from "bun:test";
import { AWKWARD_MESSAGES, type AwkwardMessage } from "../harness/awkward_messages.ts";
import { Executable } from "../harness/executable.ts";
import { body, FakeMcp } from "../harness/fake_mcp.ts";

const FORMS: [form: string, answer: (text: string) => Response][] = [
  ["as JSON", (text) => body(text)],
  ["in an event stream", (text) => body(`data: ${text}\n\n`, "text/event-stream")],
];

const ALONE = AWKWARD_MESSAGES.map((message) => [message.name, message] as const);

function requestFor({ id, answer }: AwkwardMessage): string {
  // What the server says comes back through a number, so that the awkward text stands in the answer alone.
  const row = AWKWARD_MESSAGES.findIndex((message) => message.answer === answer);
  return `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"row":${row}}}`;
}

function answerRows(server: FakeMcp, answer: (text: string) => Response): void {
  server.on("tools/call", ({ message }) => answer(AWKWARD_MESSAGES[message.params.row]!.answer));
}

describe.each(FORMS)("an awkward answer %s reaches the client byte for byte, and once", (_form, answer) => {
  test.each(ALONE)("%s", async (_name, message) => {
    using server = new FakeMcp();
    answerRows(server, answer);
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const from = bridge.output.items.length;
    bridge.write(`${requestFor(message)}\n`);
    await bridge.output.find(() => true, from);
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    await bridge.output.ended;
    expect(bridge.output.items.slice(from)).toEqual([message.answer]);
    expect(server.posted("tools/call")).toHaveLength(1);
  });
});

describe("an awkward message of the client reaches the server byte for byte", () => {
  test.each(ALONE)("%s", async (_name, { id, answer }) => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    // The answer to a question of the server is the same text on its way in the other direction.
    await server.streams.find(() => true);
    const from = bridge.output.items.length;
    server.streams.items[0]!.raw(`data: {"jsonrpc":"2.0","id":${id},"method":"roots/list"}\n\n`);
    await bridge.output.find(() => true, from);
    bridge.write(`${answer}\n`);
    const { text } = await server.seen.find(({ message }) => message !== undefined && message.method === undefined);
    expect(text).toBe(answer);
  });
});

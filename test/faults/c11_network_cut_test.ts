import { expect, test } from "bun:test";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { Executable } from "../harness/executable.ts";
import { eventStream, FakeMcp, type Json, result } from "../harness/fake_mcp.ts";

/** What the server says to one call, head and body, in bytes; the cut goes through all of it. */
const LONGEST_EXCHANGE = 400;

function answerAsStream(message: Json): Response {
  const { response, stream } = eventStream();
  stream.send({
    jsonrpc: "2.0",
    method: "notifications/message",
    params: { level: "info", data: "on the way" },
  });
  stream.send({ jsonrpc: "2.0", id: message.id, result: { done: true } });
  stream.end();
  return response;
}

const ANSWERS: [kind: string, answer: (message: Json) => Response][] = [
  ["a JSON", (message) => result(message, { done: true })],
  ["an SSE", answerAsStream],
];

for (const [kind, answer] of ANSWERS) {
  for (const reset of [false, true]) {
    test(`a network ${reset ? "reset" : "cut"} at every byte of ${kind} exchange leaves each request with one answer`, async () => {
      using server = new FakeMcp();
      server.on("tools/call", ({ message }) => answer(message));
      server.on("tools/list", ({ message }) => answer(message));
      server.offersStream = false;
      using proxy = await ChaosProxy.inFrontOf(server.port);
      await using bridge = new Executable(proxy.url);
      await bridge.initialize();
      await server.seen.find(({ method }) => method === "GET");
      let whole = 0;
      for (let at = 0; at < LONGEST_EXCHANGE; at++) {
        proxy.chaos = { cutAfter: at, reset };
        const call = await bridge.request({ id: at, method: "tools/call", params: { name: "x" } });
        if (call.result !== undefined) whole++;
        else expect(call.error.data.code).toBeOneOf(["outcome_unknown", "no_answer"]);
        proxy.chaos = {};
      }
      expect(whole).toBeGreaterThan(0);
      expect(whole).toBeLessThan(LONGEST_EXCHANGE);
      expect(answeredTwice(bridge)).toEqual([]);
      // The call may have been carried out each time: it was never sent a second time.
      expect(server.posted("tools/call")).toHaveLength(LONGEST_EXCHANGE);
    });
  }
}

test("a list whose answer was cut is asked for again, and arrives", async () => {
  using server = new FakeMcp();
  using proxy = await ChaosProxy.inFrontOf(server.port);
  await using bridge = new Executable(proxy.url);
  await bridge.initialize();
  let asked = 0;
  server.on("tools/list", ({ message }) => {
    if (++asked === 1) {
      proxy.cutAll();
      return undefined;
    }
    return result(message, { tools: [] });
  });
  const list = await bridge.request({ id: 1, method: "tools/list" });
  expect(list.result).toEqual({ tools: [] });
  expect(asked).toBe(2);
});

function answeredTwice(bridge: Executable): string[] {
  const ids = bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) => method === undefined)
    .map(({ id }) => String(id));
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

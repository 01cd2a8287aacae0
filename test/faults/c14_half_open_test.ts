/** A connection of which the other side is gone without a word, in real time: 30 s of silence and two pings of 10 s. */
import { expect, test } from "bun:test";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { eventStream, FakeMcp } from "../harness/fake_mcp.ts";

/** 30 s of silence, two pings of 10 s, and the second that a deadline may be late, twice. */
const FOUND_WITHIN_MS = 53_000;

const STATES: [state: string, hold: (server: FakeMcp) => void][] = [
  ["before its answer began", (server) => server.on("tools/call", () => new Promise(() => {}))],
  ["in the middle of its stream", (server) => {
    server.on("tools/call", () => {
      const { response, stream } = eventStream();
      stream.send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "begun" } });
      return response;
    });
  }],
];

test.skipIf(process.env.TEST_COUNTS !== "full")(
  "a call whose connection froze is answered as unresponsive after two pings, and once it thaws a call works (C14)",
  async () => {
    await Promise.all(STATES.map(async ([_state, hold]) => {
      using server = new FakeMcp();
      hold(server);
      using proxy = await ChaosProxy.inFrontOf(server.port);
      await using bridge = new Executable(proxy.url);
      await bridge.initialize();
      await server.streams.find(() => true);
      bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "x" } });
      await server.seen.find(({ message }) => message?.method === "tools/call");
      proxy.chaos = { frozen: true };
      const start = performance.now();
      const isAnswer = (line: string): boolean => JSON.parse(line).id === 1;
      const answer: Message = JSON.parse(await bridge.output.find(isAnswer, 0, FOUND_WITHIN_MS));
      expect(answer.error.data.code).toBe("unresponsive");
      expect(answer.error.message).toContain("unknown whether the request was carried out");
      expect(performance.now() - start).toBeGreaterThan(45_000);
      expect(server.posted("tools/call")).toHaveLength(1);
      proxy.chaos = {};
      expect((await bridge.request({ id: 2, method: "tools/list" })).result).toEqual({ echo: {} });
      expect(bridge.output.items.filter(isAnswer)).toHaveLength(1);
    }));
  },
  90_000,
);

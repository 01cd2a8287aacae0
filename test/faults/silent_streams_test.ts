import { expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { eventStream, FakeMcp, type Json, type OpenStream, result } from "../harness/fake_mcp.ts";

/** Bun's fetch ends a silent stream after 360 s, Node's after 300 s, unless told otherwise. */
const LONGER_THAN_FETCH_MS = 375_000;
/** More than fetch carries at a time, so that some go by `node:http`. */
const CALLS = 220;

test.skipIf(process.env.TEST_COUNTS !== "full")(
  "a silent GET stream, calls without headers and a call with headers all live longer than fetch lets them",
  async () => {
    using server = new FakeMcp();
    const held: (() => void)[] = [];
    const opened = Promise.withResolvers<OpenStream>();
    server.on("tools/call", ({ message }: { message: Json }) => {
      if (message.id === "stream") {
        const { response, stream } = eventStream();
        opened.resolve(stream);
        return response;
      }
      return new Promise((resolve) => held.push(() => resolve(result(message, { id: message.id }))));
    });
    await using bridge = new Executable(server.url, "--body-timeout", "0");
    await bridge.initialize();
    const stream = await server.streams.find(() => true);
    const calls = Array.from({ length: CALLS }, (_, id) => id);
    const answers = calls.map((id) =>
      bridge.request({ id, method: "tools/call", params: {} }, 2 * LONGER_THAN_FETCH_MS)
    );
    const streamed = bridge.request({ id: "stream", method: "tools/call", params: {} }, 2 * LONGER_THAN_FETCH_MS);
    await Bun.sleep(LONGER_THAN_FETCH_MS);
    for (const answer of held) answer();
    (await opened.promise).send({ jsonrpc: "2.0", id: "stream", result: { id: "stream" } });
    stream.send({ jsonrpc: "2.0", method: "notifications/after-silence" });
    expect((await Promise.all(answers)).map(({ result }) => result?.id)).toEqual(calls);
    expect((await streamed).result).toEqual({ id: "stream" });
    await bridge.output.find((line) => line.includes("after-silence"));
    expect(server.streams.items).toHaveLength(1);
  },
  2 * LONGER_THAN_FETCH_MS,
);

/** Streams of the endpoint that say nothing for longer than the runtime's own servers allow by themselves (10 s). */
import { expect, test } from "bun:test";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

const SILENCE_MS = 13_000;

/** What a stream has said so far, and whether it has ended. */
function heard(response: Response): { text: string; ended: boolean } {
  const state = { text: "", ended: false };
  void (async (): Promise<void> => {
    for await (const chunk of response.body!) state.text += new TextDecoder().decode(chunk);
  })().catch(() => {}).finally(() => state.ended = true);
  return state;
}

test(
  "a call and the streams of both kinds of sessions stay open through a long silence, and what comes then arrives (C23)",
  async () => {
    using server = new FakeMcp();
    const answered = Promise.withResolvers<void>();
    server.on("tools/call", async () => {
      await answered.promise;
      return undefined;
    });
    await using serve = await ServeExecutable.start({ quiet: { url: server.url } });
    const session = await serve.open("/mcp/quiet");
    const accept = { accept: "text/event-stream" };
    const streams = [
      heard(await serve.ask("/mcp/quiet", { headers: { ...session, ...accept } })),
      heard(await serve.ask("/sse/quiet", { headers: accept })),
    ];
    const call = serve.answers("/mcp/quiet", { id: 1, method: "tools/call", params: { name: "x" } }, session);
    await server.seen.find(({ message }) => message?.method === "tools/call");
    // Nothing but time passes.
    await Bun.sleep(SILENCE_MS);
    expect(streams.map(({ ended }) => ended)).toEqual([false, false]);
    answered.resolve();
    expect(await call).toEqual([expect.objectContaining({ id: 1 })]);
    expect(streams.map(({ ended }) => ended)).toEqual([false, false]);
  },
  30_000,
);

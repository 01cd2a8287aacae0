/** What exchanges leave behind is collected in time: the runtime itself waits until it is 100 to 260 MiB (C11, C30). */
import { afterAll, afterEach, expect, spyOn, test } from "bun:test";
import type { Wire } from "../../../src/net/gate.ts";
import { plainGate } from "../../harness/plain_gate.ts";

const MIB = 1_048_576;
const collections = spyOn(Bun, "gc").mockImplementation(() => {});
afterEach(() => void collections.mockClear());
afterAll(() => collections.mockRestore());

const BODIES: Readonly<Record<string, () => Response>> = {
  "/small": () => new Response("{}"),
  "/large": () => new Response(new Uint8Array(MIB)),
  "/stream": () => new Response(new ReadableStream({ start: (controller) => controller.enqueue("data: 1\n\n") })),
};

/** Asks for a path so many times; what its body is read as is the caller's. */
async function ask(
  path: string,
  times: number,
  read: (answer: Awaited<ReturnType<Wire["fetch"]>>) => unknown,
): Promise<void> {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => BODIES[new URL(url).pathname]!(),
  });
  const gate = plainGate();
  for (let n = 0; n < times; n++) {
    const url = new URL(path, server.url);
    await read(await gate.fetch({ url, method: "GET", headers: new Headers() }));
  }
  server.stop(true);
}

test("small answers are not worth it for long", async () => {
  await ask("/small", 100, ({ body }) => body.bytes(MIB));
  expect(collections).not.toHaveBeenCalled();
});

test("16 MiB of bodies are, each time", async () => {
  await ask("/large", 33, ({ body }) => body.bytes(MIB));
  expect(collections).toHaveBeenCalledTimes(2);
});

test("some thirty answers that are given up are", async () => {
  await ask("/stream", 40, async ({ body }) => {
    for await (const _ of body.chunks()) break;
  });
  expect(collections).toHaveBeenCalledTimes(1);
});

import { expect, test } from "bun:test";
import type { Wire } from "../../../src/net/gate.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { ByteFlow } from "../../../src/platform/socket_flow.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import { textFrame } from "../../../src/transport/frames.ts";
import type { Link } from "../../../src/transport/shared_stream.ts";
import { webSocketLink } from "../../../src/transport/websocket.ts";
import { serverFrame } from "../../harness/server_frame.ts";

/** A connection whose other side reads only when it is told to. */
class StuckFlow implements ByteFlow {
  isOpen = true;
  unsent = 0;
  readonly written: Uint8Array[] = [];
  readonly #pipe = new TransformStream<Uint8Array>();
  readonly #writer = this.#pipe.writable.getWriter();

  get input(): AsyncIterable<Uint8Array> {
    return this.#pipe.readable;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.written.push(bytes);
    this.unsent += bytes.length;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.read = () => resolve(0);
    return promise;
  }

  /** The other side takes what was written last. */
  read(): void {}

  flush(): number {
    return 0;
  }

  end(): void {
    this.isOpen = false;
  }

  async say(...frames: readonly Uint8Array[]): Promise<void> {
    await this.#writer.write(Buffer.concat(frames));
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

function open(
  flow: ByteFlow,
  onclose: (message: string) => void = () => {},
  onmalformed: () => void = () => {},
): Promise<Link> {
  const wire: Wire = {
    connect: () => Promise.resolve(flow),
    fetch: () => Promise.reject(new Error("There is nothing to ask")),
    forgetConnections: () => {},
  };
  const budget = new Budget(1_000_000);
  const options = { url: new URL("ws://127.0.0.1/"), wire, clock: systemClock, budget, headers: {}, limit: 1_000 };
  return webSocketLink(options)({
    onmessage: () => undefined,
    onmalformed,
    onactivity: () => {},
    onclose: ({ message }) => onclose(message),
  }, new AbortController());
}

test("pings of a server that does not read are left unanswered, and answered again when it does", async () => {
  const flow = new StuckFlow();
  await open(flow);
  const ping = serverFrame(9, "x".repeat(125));
  for (let chunk = 0; chunk < 100; chunk++) await flow.say(...Array.from({ length: 100 }, () => ping));
  expect(flow.unsent).toBeGreaterThan(1_000);
  expect(flow.unsent).toBeLessThan(100_000);
  const before = flow.written.length;
  flow.unsent = 0;
  await flow.say(ping);
  await flow.say(serverFrame(10, ""));
  expect(flow.written.length).toBe(before + 1);
});

test("a text without a sign is no message, and no request fails for it", async () => {
  const flow = new StuckFlow();
  const { promise, resolve } = Promise.withResolvers<string>();
  let malformed = 0;
  await open(flow, resolve, () => void malformed++);
  await flow.say(serverFrame(1, ""), serverFrame(1, "", false), serverFrame(0, ""), serverFrame(8, ""));
  await promise;
  expect(malformed).toBe(0);
});

test("a server that ends the connection gets the end back, and its number is told", async () => {
  const flow = new StuckFlow();
  const { promise, resolve } = Promise.withResolvers<string>();
  await open(flow, resolve);
  await flow.say(serverFrame(8, new Uint8Array([3, 244])));
  expect(await promise).toContain("the server closed the connection (1012)");
  expect(flow.written.map(([first]) => first)).toEqual([0x88]);
  expect(flow.isOpen).toBe(false);
});

test("a server that breaks the rules of frames is left, and what it did is told", async () => {
  const flow = new StuckFlow();
  const { promise, resolve } = Promise.withResolvers<string>();
  await open(flow, resolve);
  await flow.say(serverFrame(3, "?"));
  expect(await promise).toContain("a frame of the server is of an unknown kind");
  expect(flow.isOpen).toBe(false);
});

test("a text with bytes that are none goes out as a text that can be read, for which no server ends the connection", async () => {
  const flow = new StuckFlow();
  const link = await open(flow);
  const message = composeMessage({ method: "notifications/x" });
  void link.write({ ...message, bytes: new Uint8Array([0x22, 0xff, 0x22]) } as typeof message, {});
  const [frame] = flow.written;
  const mask = frame!.subarray(2, 6);
  expect(Buffer.from(frame!.subarray(6).map((byte, at) => byte ^ mask[at % 4]!)).toString()).toBe('"\ufffd"');
});

test("behind a message that the server does not take others are not made ready, nor is one kept that is given up", async () => {
  const flow = new StuckFlow();
  const link = await open(flow);
  const [given, kept] = [new AbortController(), new AbortController()];
  const [first, second, third] = [1, 2, 3].map((id) => composeMessage({ id, method: `x${id}` }));
  void link.write(first!, {});
  const dropped = link.write(second!, { abort: given });
  void link.write(third!, { abort: kept });
  expect(flow.written.length).toBe(1);
  given.abort();
  await dropped;
  flow.read();
  await Bun.sleep(0);
  expect(flow.written.map(({ length }) => length)).toEqual([first, third].map((one) => textFrame(one!.bytes).length));
});

import { afterAll, expect, test } from "bun:test";
import { Budget } from "../../../src/platform/budget.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import { StreamableHttp } from "../../../src/transport/streamable_http.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { plainGate } from "../../harness/plain_gate.ts";

const MIB = 1_048_576;
const JSON_TYPE = "application/json";
const STREAM = "text/event-stream";

/** A server whose answers begin with so many bytes; those of a type that has no end are left open. */
class Dripping implements Disposable {
  readonly #server = Bun.serve({ port: 0, fetch: (request) => this.#answer(request) });
  readonly type: string;

  constructor(type: string) {
    this.type = type;
  }

  get url(): URL {
    return this.#server.url;
  }

  async #answer(request: Request): Promise<Response> {
    if (request.method !== "POST") return this.#open(2 * MIB);
    const { id, method, params } = await request.json() as { id?: number; method: string; params: { bytes: number } };
    if (id === undefined) return new Response(null, { status: 202 });
    if (method !== "initialize") return this.#open(params.bytes);
    return Response.json({ jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25", capabilities: {} } });
  }

  #open(bytes: number): Response {
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
      controller.enqueue(new TextEncoder().encode(`data: "${"x".repeat(bytes)}`));
    return new Response(new ReadableStream({ start }), { headers: { "content-type": this.type } });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** Two servers that share a budget of 2 MiB, the first of which drips. */
class Rig {
  readonly clock = new FakeClock();
  readonly budget = new Budget(2 * MIB, false, this.clock);

  /** `taken` settles when the client has taken what came. */
  farEnd(url: URL, taken?: Promise<void>): StreamableHttp {
    const { clock } = this;
    const budget = this.budget.forServer();
    const wire = plainGate({ clock, budget });
    const options = { url, wire, clock, headers: {}, budget, idle: 0, limit: 64 * MIB, notify: (): void => {} };
    return new StreamableHttp(options, { onmessage: () => taken, onactivity: () => {}, onloss: () => {} });
  }

  async untilFull(): Promise<void> {
    while (!this.budget.exhausted) await Bun.sleep(1);
  }

  /** Waits for what needs time. */
  async passing(what: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = (): boolean => isOver = true;
    what.then(over, over);
    for (; !isOver; await Bun.sleep(1)) await this.clock.pass(1_000);
  }
}

function send(far: StreamableHttp, bytes: number, abort = new AbortController()): Promise<void> {
  const sent = Promise.resolve(
    far.send(composeMessage({ id: bytes, method: "tools/call", params: { bytes } }), { abort }),
  );
  sent.catch(() => {});
  return sent;
}

const honest = Bun.serve({
  port: 0,
  fetch: () => Response.json({ jsonrpc: "2.0", id: 1, result: { text: "x".repeat(MIB) } }),
});
afterAll(() => honest.stop(true));

test.each([JSON_TYPE, STREAM])("large answers of one server that drip hold up no other server: %s", async (type) => {
  using hostile = new Dripping(type);
  const rig = new Rig();
  const far = rig.farEnd(hostile.url);
  const [first, second] = [send(far, 1.5 * MIB), send(far, 1.6 * MIB)];
  await rig.untilFull();
  const other = send(rig.farEnd(honest.url), 1);
  await rig.passing(other);
  await other;
  const failed = await Promise.race([first, second]).catch((thrown) => thrown);
  expect(failed).toMatchObject({ kind: "refused", code: "too_large" });
  expect(failed.message).toContain("so slowly");
});

test("a stream is not given up for a large event that has come whole, however long its client takes", async () => {
  const text = (message: object): Uint8Array => new TextEncoder().encode(`data: ${JSON.stringify(message)}\n\n`);
  const large = { jsonrpc: "2.0", method: "notifications/message", params: { data: "x".repeat(3 * MIB) } };
  const answered = Promise.withResolvers<void>();
  async function* events(): AsyncGenerator<Uint8Array> {
    yield text(large);
    await answered.promise;
    yield text({ jsonrpc: "2.0", id: 1, result: {} });
  }
  using server = Bun.serve({
    port: 0,
    fetch: () => new Response(events() as unknown as ReadableStream, { headers: { "content-type": STREAM } }),
  });
  const rig = new Rig();
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const sent = send(rig.farEnd(server.url, taken), 1);
  await rig.untilFull();
  await rig.passing(send(rig.farEnd(honest.url), 1));
  take();
  answered.resolve();
  await sent;
});

test("a server's own stream that drips holds up no other server", async () => {
  using hostile = new Dripping(STREAM);
  const rig = new Rig();
  const far = rig.farEnd(hostile.url);
  await far.send(composeMessage({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } }));
  await far.send(composeMessage({ method: "notifications/initialized" }));
  await rig.untilFull();
  const other = send(rig.farEnd(honest.url), 1);
  await rig.passing(other);
  await other;
  await far.close(0);
});

test.each([JSON_TYPE, STREAM])(
  "a request that is given up while it waits for memory ends at once: %s",
  async (type) => {
    using hostile = new Dripping(type);
    const rig = new Rig();
    const far = rig.farEnd(hostile.url);
    const holding = new AbortController();
    void send(far, 3 * MIB, holding);
    await rig.untilFull();
    const abort = new AbortController();
    const waiting = send(rig.farEnd(hostile.url), 2 * MIB, abort);
    while (rig.budget.requests < 2) await Bun.sleep(1);
    await Bun.sleep(50);
    const reason = new BridgeError("closing", "given up");
    abort.abort(reason);
    expect(await waiting.catch((thrown) => thrown)).toMatchObject({ code: "closing" });
    while (rig.budget.requests > 1) await Bun.sleep(1);
    holding.abort(reason);
  },
);

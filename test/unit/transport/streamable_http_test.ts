import { describe, expect, test } from "bun:test";
import type { HttpAnswer, HttpRequest, HttpWire } from "../../../src/net/gate.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { composeMessage, type Message, readMessage } from "../../../src/transport/message.ts";
import { StreamableHttp } from "../../../src/transport/streamable_http.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";
import type { Json } from "../../harness/fake_mcp.ts";

const SESSION = "s-1";
const MODERN = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };

/** One HTTP request on its way, which the test answers as it likes. */
interface Asked {
  readonly method: string;
  readonly headers: Headers;
  readonly json: Json | undefined;
  readonly signal: AbortSignal | undefined;
  /** Answers with a status, a body of one piece, and headers. */
  answer(status: number, text?: string, headers?: Record<string, string>): void;
  /** Answers with JSON. */
  json200(value: unknown, headers?: Record<string, string>): void;
  /** Answers with an event stream that the test writes. */
  stream(): { push(text: string): void; end(): void; cut(): void; isDiscarded(): boolean };
  fail(thrown: unknown): void;
}

/** A far end between the test's hands: what was asked over HTTP, what came of it. */
class Rig {
  readonly clock = new FakeClock();
  readonly asked: Asked[] = [];
  readonly received: { json: Json; causedBy: string | undefined }[] = [];
  losses = 0;
  activity = 0;
  forgotten = 0;
  readonly far: StreamableHttp;

  constructor(limit = 1_000_000, listensFirst = false) {
    const wire: HttpWire = {
      fetch: (request) => this.#fetch(request),
      forgetConnections: () => void this.forgotten++,
    };
    this.far = new StreamableHttp({
      url: new URL("https://mcp.example.com/mcp"),
      wire,
      clock: this.clock,
      headers: { "x-api-key": "1", "mcp-protocol-version": "overridden" },
      budget: new Budget(64 * 1_048_576),
      idle: 0,
      limit,
      listensFirst,
      notify: () => {},
    }, {
      onmessage: (message, causedBy) => {
        this.received.push({ json: JSON.parse(new TextDecoder().decode(message.bytes)), causedBy });
        return undefined;
      },
      onactivity: () => void this.activity++,
      onloss: () => void this.losses++,
    });
  }

  get last(): Asked {
    return this.asked.at(-1)!;
  }

  gets(): Asked[] {
    return this.asked.filter(({ method }) => method === "GET");
  }

  /** Sends a message and tells later how that ended. */
  send(value: Record<string, unknown>, abort?: AbortController): Promise<unknown> {
    const sent = this.far.send(composeMessage(value), { abort });
    return Promise.resolve(sent).then(() => "done", (thrown) => thrown);
  }

  /** Does the handshake, with a session id or without, and leaves the GET unanswered. */
  async handshake(headers: Record<string, string> = { "mcp-session-id": SESSION }): Promise<void> {
    const sent = this.send({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } });
    await settle();
    this.last.json200({ jsonrpc: "2.0", id: 0, result: { protocolVersion: "2025-06-18", capabilities: {} } }, headers);
    await sent;
    const confirmed = this.send({ method: "notifications/initialized" });
    await settle();
    this.last.answer(202);
    await confirmed;
    await settle();
  }

  #fetch({ method, headers, body, abort }: HttpRequest): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    const signal = abort?.signal;
    signal?.addEventListener("abort", () => reject(signal.reason));
    const answer = (status: number, text = "", more: Record<string, string> = {}): void => {
      const bytes = new TextEncoder().encode(text);
      resolve({
        status,
        headers: new Headers(more),
        body: {
          async *chunks(): AsyncGenerator<Uint8Array> {
            yield await Promise.resolve(bytes);
          },
          bytes: () => Promise.resolve(bytes),
          discard(): void {},
        },
      });
    };
    this.asked.push({
      method,
      headers: new Headers(headers),
      json: body === undefined ? undefined : JSON.parse(new TextDecoder().decode(body)),
      signal,
      answer,
      json200: (value, more = {}) =>
        answer(200, JSON.stringify(value), { "content-type": "application/json", ...more }),
      stream: () => streamAnswer(resolve, signal),
      fail: reject,
    });
    if (signal?.aborted) reject(signal.reason);
    return promise;
  }
}

function streamAnswer(
  resolve: (answer: HttpAnswer) => void,
  signal: AbortSignal | undefined,
): ReturnType<Asked["stream"]> {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let discarded = false;
  let over = false;
  const source = new ReadableStream<Uint8Array>({ start: (opened) => void (controller = opened) });
  const close = (how: () => void): void => {
    if (!over) how();
    over = true;
  };
  signal?.addEventListener("abort", () => close(() => controller.error(signal.reason)));
  resolve({
    status: 200,
    headers: new Headers({ "content-type": "text/event-stream" }),
    body: {
      chunks: () => source,
      bytes: () => Promise.reject(new Error("It is a stream")),
      discard(): void {
        discarded = true;
        close(() => controller.close());
      },
    },
  });
  return {
    push: (text) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => close(() => controller.close()),
    cut: () => close(() => controller.error(new BridgeError("outcome_unknown", "the connection ended early"))),
    isDiscarded: () => discarded,
  };
}

function event(value: Json, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...value })}\n\n`;
}

const CALL = { id: 1, method: "tools/call", params: { name: "x" } };

test("whoever confirms a session that is over meanwhile waits for no stream of it", async () => {
  const rig = new Rig(1_000_000, true);
  const opened = rig.send({ id: 0, method: "initialize", params: { protocolVersion: "2025-11-25" } });
  await settle();
  const result = { protocolVersion: "2025-06-18", capabilities: {} };
  rig.last.json200({ jsonrpc: "2.0", id: 0, result }, { "mcp-session-id": SESSION });
  await opened;
  let outcome: unknown;
  void rig.send({ method: "notifications/initialized" }).then((how) => outcome = how);
  await settle();
  const confirming = rig.last;
  void rig.far.close(1_000);
  confirming.answer(202);
  await settle();
  expect(outcome).toBe("done");
  expect(rig.gets()).toEqual([]);
});

describe("the headers of a session", () => {
  test("initialize goes without session or revision; everything after it with those that were settled on", async () => {
    const rig = new Rig();
    await rig.handshake();
    const [initialize, initialized, listen] = rig.asked;
    expect(initialize!.headers.get("mcp-session-id")).toBeNull();
    expect(initialize!.headers.get("accept")).toBe("application/json, text/event-stream");
    expect(initialize!.headers.get("content-type")).toBe("application/json");
    for (const { headers } of [initialized!, listen!]) {
      expect(headers.get("mcp-session-id")).toBe(SESSION);
      expect(headers.get("mcp-protocol-version")).toBe("2025-06-18");
      expect(headers.get("x-api-key")).toBe("1");
    }
    expect([listen!.method, listen!.headers.get("accept"), listen!.headers.get("content-type")]).toEqual([
      "GET",
      "text/event-stream",
      null,
    ]);
  });

  test("a session that another handshake replaces is deleted, unless the server has lost it", async () => {
    for (const isLost of [false, true]) {
      const rig = new Rig();
      await rig.handshake();
      if (isLost) {
        const call = rig.send(CALL);
        await settle();
        rig.last.answer(404);
        expect(await call).toMatchObject({ kind: "session_lost" });
      }
      void rig.send({ id: 5, method: "initialize", params: {} });
      await settle();
      const deletes = rig.asked.filter(({ method }) => method === "DELETE");
      expect(deletes.map(({ headers }) => headers.get("mcp-session-id"))).toEqual(isLost ? [] : [SESSION]);
    }
  });

  test("a server without sessions gets none back, and no DELETE at the end", async () => {
    const rig = new Rig();
    await rig.handshake({});
    expect(rig.last.headers.get("mcp-session-id")).toBeNull();
    const count = rig.asked.length;
    await rig.far.close(500);
    expect(rig.asked).toHaveLength(count);
  });

  test("a second initialize ends the session before it", async () => {
    const rig = new Rig();
    await rig.handshake();
    const listen = rig.gets()[0]!;
    listen.stream();
    void rig.send({ id: 9, method: "initialize", params: {} });
    await settle();
    expect(rig.last.headers.get("mcp-session-id")).toBeNull();
    expect(listen.signal!.aborted).toBe(true);
  });

  test("the end deletes the session, within its time", async () => {
    const rig = new Rig();
    await rig.handshake();
    let closed = false;
    const closing = rig.far.close(500).then(() => closed = true);
    await settle();
    expect([rig.last.method, rig.last.headers.get("mcp-session-id")]).toEqual(["DELETE", SESSION]);
    await rig.clock.pass(499);
    expect(closed).toBe(false);
    await rig.clock.pass(1);
    await closing;
    expect(rig.last.signal!.aborted).toBe(true);
  });
});

describe("the headers of revision 2026-07-28", () => {
  test("repeat what the message says, without a session", async () => {
    const rig = new Rig();
    void rig.send({ id: 1, method: "tools/call", params: { name: "caf\u00e9", ...MODERN } });
    await settle();
    expect(Object.fromEntries(["mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id"].map((name) => [
      name,
      rig.last.headers.get(name),
    ]))).toEqual({
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "=?base64?Y2Fmw6k=?=",
      "mcp-session-id": null,
    });
  });

  test("are those of the last request on a notification, which names no revision", async () => {
    const rig = new Rig();
    void rig.send({ id: 1, method: "tools/call", params: MODERN });
    void rig.send({ method: "notifications/x" });
    await settle();
    expect(rig.last.headers.get("mcp-protocol-version")).toBe("2026-07-28");
    expect(rig.last.headers.get("mcp-method")).toBe("notifications/x");
  });
});

describe("an answer", () => {
  test("goes to the owner with the request that it came for", async () => {
    const rig = new Rig();
    const sent = rig.send(CALL);
    await settle();
    rig.last.json200({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await sent).toBe("done");
    expect(rig.received).toEqual([{ json: { jsonrpc: "2.0", id: 1, result: {} }, causedBy: "1" }]);
  });

  test("of a stream ends the exchange 2 s later at the latest, and what comes until then is handed on", async () => {
    const rig = new Rig();
    const sent = rig.send(CALL);
    await settle();
    const stream = rig.last.stream();
    stream.push(event({ id: 1, result: {} }));
    await rig.clock.pass(1_900);
    stream.push(event({ method: "notifications/x" }));
    await rig.clock.pass(99);
    expect(stream.isDiscarded()).toBe(false);
    await rig.clock.pass(1);
    expect(stream.isDiscarded()).toBe(true);
    expect(await sent).toBe("done");
    expect(rig.received).toHaveLength(2);
  });

  test("to a request that was accepted with 202 may come on the server's own stream", async () => {
    const rig = new Rig();
    await rig.handshake();
    const own = rig.last.stream();
    const abort = new AbortController();
    const sent = rig.send(CALL, abort);
    await settle();
    rig.last.answer(202);
    await settle();
    own.push(event({ id: 1, result: {} }));
    await settle();
    expect(rig.received.at(-1)).toEqual({ json: { jsonrpc: "2.0", id: 1, result: {} }, causedBy: undefined });
    const why = new Error("answered");
    abort.abort(why);
    expect(await sent).toBe(why);
  });

  test("that was never to come is a failure, also where it was accepted with 202", async () => {
    const rig = new Rig();
    const sent = rig.send(CALL);
    await settle();
    rig.last.answer(202);
    expect(await sent).toMatchObject({ kind: "refused", code: "no_answer", mayHaveRun: true });
  });

  test("that was accepted with 202 is waited for no longer than the server may have a stream of its own", async () => {
    const rig = new Rig();
    await rig.handshake();
    const own = rig.last;
    const sent = rig.send(CALL, new AbortController());
    await settle();
    rig.last.answer(202);
    await settle();
    own.answer(405);
    expect(await sent).toMatchObject({ kind: "refused", code: "no_answer", mayHaveRun: true });
  });
});

describe("a lost session", () => {
  test("is a 404 inside one, and a 400 where a ping gets 400 or 404 too, whatever the bodies say", async () => {
    const texts = [
      "",
      "No valid session ID",
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no session"}}',
    ];
    const rows = [[[404], true], [[400, 404], true], [[400, 400], true], [[400, 200], false]] as const;
    for (const [text, [statuses, lost]] of texts.flatMap((text) => rows.map((row) => [text, row] as const))) {
      const rig = new Rig();
      await rig.handshake();
      const sent = rig.send(CALL);
      for (const status of statuses) {
        await settle();
        rig.last.answer(status, text);
      }
      const outcome = await sent;
      if (lost) expect(outcome).toMatchObject({ kind: "session_lost", mayHaveRun: false });
      else if (text.startsWith("{")) expect(outcome).toBe("done");
      else expect(outcome).toMatchObject({ kind: "refused", code: "http_status", mayHaveRun: false });
      expect(rig.asked.filter(({ json }) => json?.method === "ping")).toHaveLength(statuses.length - 1);
    }
  });

  test("is none where the server's error names the request", async () => {
    const rig = new Rig();
    await rig.handshake();
    const sent = rig.send(CALL);
    await settle();
    const count = rig.asked.length;
    rig.last.answer(400, '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}');
    expect(await sent).toBe("done");
    expect([rig.asked.length, rig.received.at(-1)!.json.error.code]).toEqual([count, -1]);
  });

  test.each([-32_020, -32_021, -32_022])(
    "is the word of a server without sessions, %d, whatever it names",
    async (code) => {
      for (const id of ["1", "null", '"server-error"']) {
        const rig = new Rig();
        await rig.handshake();
        const sent = rig.send(CALL);
        await settle();
        const count = rig.asked.length;
        rig.last.answer(400, `{"jsonrpc":"2.0","id":${id},"error":{"code":${code},"message":"m"}}`);
        expect(await sent).toMatchObject({ kind: "session_lost", mayHaveRun: false });
        expect(rig.asked).toHaveLength(count);
      }
    },
  );

  test.each([[200, false], [400, true]])(
    "is looked for by a ping where a sender is missed: %d",
    async (status, lost) => {
      const rig = new Rig();
      await rig.handshake();
      const sent = rig.send(CALL);
      await settle();
      rig.last.answer(400, '{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"No _meta"}}');
      await settle();
      expect(rig.last.json!.method).toBe("ping");
      rig.last.answer(status);
      if (lost) expect(await sent).toMatchObject({ kind: "session_lost" });
      else expect([await sent, rig.received.at(-1)!.json.error.code]).toEqual(["done", -32_602]);
    },
  );

  test("is looked for where the server's own stream is refused that was open before", async () => {
    for (const status of [400, 405]) {
      const rig = new Rig();
      await rig.handshake();
      rig.last.stream().end();
      await rig.clock.pass(60_000);
      rig.last.answer(status);
      await settle();
      expect(rig.last.json!.method).toBe("ping");
      rig.last.answer(400);
      await settle();
      expect(rig.losses).toBe(1);
    }
  });

  test("is told by the server's own stream", async () => {
    const rig = new Rig();
    await rig.handshake();
    rig.last.answer(404);
    await settle();
    expect(rig.losses).toBe(1);
    await rig.clock.pass(3_600_000);
    expect(rig.gets()).toHaveLength(1);
  });
});

describe("the server's own stream", () => {
  test.each([400, 404, 405, 501])("is not asked for again where it is not offered (%d)", async (status) => {
    const rig = new Rig();
    await rig.handshake(status === 404 ? {} : undefined);
    rig.last.answer(status);
    await rig.clock.pass(status === 501 ? 0 : 3_600_000);
    expect(rig.gets()).toHaveLength(1);
  });

  test("is asked for again after waits that grow to 5 min", async () => {
    const rig = new Rig();
    await rig.handshake();
    const waits: number[] = [];
    for (let n = 0; n < 14; n++) {
      const since = rig.clock.now();
      const { length } = rig.gets();
      rig.last.answer(503);
      while (rig.gets().length === length) await rig.clock.pass(250);
      waits.push(rig.clock.now() - since);
    }
    for (const [n, wait] of waits.entries()) {
      const grown = Math.min(1_000 * 2 ** n, 400_000);
      expect(wait).toBeGreaterThanOrEqual(Math.min(grown * 0.75, 300_000));
      expect(wait).toBeLessThanOrEqual(Math.min(grown * 1.25, 300_000) + 250);
    }
  });

  test("that lived for 30 s comes back soon, whatever went before", async () => {
    const rig = new Rig();
    await rig.handshake();
    for (let n = 0; n < 5; n++) {
      rig.last.answer(503);
      await rig.clock.pass(60_000);
    }
    const stream = rig.last.stream();
    await rig.clock.pass(31_000);
    const { length } = rig.gets();
    stream.end();
    await rig.clock.pass(1_300);
    expect(rig.gets()).toHaveLength(length + 1);
  });

  test("is opened anew after a sleep, in place of the one that was", async () => {
    const rig = new Rig();
    await rig.handshake();
    const first = rig.last;
    first.stream();
    await settle();
    rig.far.reconnect();
    await settle();
    expect([rig.forgotten, first.signal!.aborted, rig.gets().length]).toEqual([1, true, 2]);
    await rig.clock.pass(3_600_000);
    expect(rig.gets()).toHaveLength(2);
  });

  test("goes on behind the last event that came, though it was given up, and by each stream anew", async () => {
    const rig = new Rig();
    await rig.handshake();
    for (const id of ["7", "8"]) {
      rig.last.stream().push(event({ method: "notifications/message", params: {} }, id));
      await settle();
      rig.far.reconnect();
      await settle();
      expect(rig.last.headers.get("last-event-id")).toBe(id);
    }
  });

  test("counts as a sign of life with each of its bytes", async () => {
    const rig = new Rig();
    await rig.handshake();
    const stream = rig.last.stream();
    await settle();
    const before = rig.activity;
    stream.push(":\n");
    await settle();
    expect(rig.activity).toBe(before + 1);
  });
});

describe("resuming", () => {
  async function begun(
    text: string,
  ): Promise<{ rig: Rig; sent: Promise<unknown>; breaks(): void; abort: AbortController }> {
    const rig = new Rig();
    await rig.handshake();
    rig.last.answer(405);
    const abort = new AbortController();
    const sent = rig.send(CALL, abort);
    await settle();
    const stream = rig.last.stream();
    stream.push(text);
    await settle();
    return { rig, sent, abort, breaks: () => stream.cut() };
  }
  const resumed = (rig: Rig): Asked[] => rig.gets().filter(({ headers }) => headers.has("last-event-id"));

  test("waits as long as the server asks, at least half a second and at most 5 min", async () => {
    for (
      const [retry, wait] of [["0", 500], ["499", 500], ["700", 700], ["300000", 300_000], [
        "1000000000000",
        300_000,
      ]] as const
    ) {
      const { rig, breaks } = await begun(`id: 1\nretry: ${retry}\ndata:\n\n`);
      breaks();
      await rig.clock.pass(wait - 1);
      expect(resumed(rig)).toHaveLength(0);
      await rig.clock.pass(1);
      expect(resumed(rig)).toHaveLength(1);
    }
  });

  test("waits about a second where the server asks for nothing", async () => {
    const { rig, breaks } = await begun("id: 1\ndata:\n\n");
    breaks();
    await rig.clock.pass(749);
    expect(resumed(rig)).toHaveLength(0);
    await rig.clock.pass(501);
    expect(resumed(rig)).toHaveLength(1);
  });

  test("goes on for as long as the server accepts it, ever more slowly where nothing new comes", async () => {
    const { rig, sent, breaks } = await begun("id: 1\nretry: 10\ndata:\n\n");
    breaks();
    for (let n = 0; n < 8; n++) {
      await rig.clock.pass(300_000);
      expect(resumed(rig)).toHaveLength(n + 1);
      const stream = rig.last.stream();
      await settle();
      stream.end();
    }
    await rig.clock.pass(60_000);
    expect(resumed(rig)).toHaveLength(8);
    await rig.clock.pass(240_000);
    rig.last.stream().push(event({ id: CALL.id, result: {} }));
    await rig.clock.pass(3_000);
    expect(await sent).toBe("done");
  });

  test("is tried again where the network is down, and given up after six times", async () => {
    const { rig, sent, breaks } = await begun("id: 1\nretry: 10\ndata:\n\n");
    breaks();
    for (let n = 0; n < 6; n++) {
      await rig.clock.pass(60_000);
      rig.last.fail(new BridgeError("unreachable", "nobody is there"));
    }
    await rig.clock.pass(600_000);
    expect(resumed(rig)).toHaveLength(6);
    expect(await sent).toMatchObject({ kind: "broken", code: "outcome_unknown", mayHaveRun: true });
  });

  test("ends with the exchange, whose reason comes back", async () => {
    const { rig, sent, breaks, abort } = await begun("id: 1\nretry: 10000\ndata:\n\n");
    breaks();
    await settle();
    const why = new Error("cancelled");
    abort.abort(why);
    expect(await sent).toBe(why);
    await rig.clock.pass(60_000);
    expect(resumed(rig)).toHaveLength(0);
  });

  test("is not tried outside a session", async () => {
    const rig = new Rig();
    const sent = rig.send(CALL);
    await settle();
    const stream = rig.last.stream();
    stream.push("id: 1\nretry: 10\ndata:\n\n");
    await settle();
    stream.end();
    expect(await sent).toMatchObject({ kind: "broken", code: "no_answer" });
    expect(rig.gets()).toEqual([]);
  });
});

test("a failure of the network tells whether the request may have been carried out", async () => {
  const FAILURES: [code: ConstructorParameters<typeof BridgeError>[0], kind: string, mayHaveRun: boolean][] = [
    ["unreachable", "broken", false],
    ["connect_timeout", "broken", false],
    ["untrusted_certificate", "broken", false],
    ["outcome_unknown", "broken", true],
    ["timed_out", "broken", true],
    ["bad_answer", "refused", true],
    ["too_large", "refused", true],
  ];
  for (const [code, kind, mayHaveRun] of FAILURES) {
    const rig = new Rig();
    const sent = rig.send(CALL);
    await settle();
    rig.last.fail(new BridgeError(code, "what happened", { hint: "what to do" }));
    expect(await sent).toMatchObject({ code, kind, mayHaveRun, message: "what happened", hint: "what to do" });
  }
});

test("a refusal answers the request that it came to, whatever id it names", async () => {
  const rig = new Rig();
  const sent = rig.send(CALL);
  await settle();
  rig.last.answer(400, '{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Missing session ID"}}');
  expect(await sent).toBe("done");
  expect(rig.received).toMatchObject([{ json: { id: 1, error: { code: -32_600 } }, causedBy: "1" }]);
});

test("a batch is taken apart, and a broken part of it does not spoil the rest", async () => {
  const rig = new Rig();
  const sent = rig.send(CALL);
  await settle();
  const text = '[{"jsonrpc":"2.0","method":"notifications/x"},{"oops":1},{"jsonrpc":"2.0","id":1,"result":{}}]';
  rig.last.answer(200, text, { "content-type": "application/json; charset=utf-8" });
  expect(await sent).toBe("done");
  expect(rig.received.map(({ json }) => json.method ?? "answer")).toEqual(["notifications/x", "answer"]);
});

test("an answer keeps its text, whatever stands in it", async () => {
  const rig = new Rig();
  const text = '{"id":1,"jsonrpc":"2.0","result":{"a":9007199254740993,"a":1.0}}';
  const messages: Message[] = [];
  const far = new StreamableHttp({
    url: new URL("https://mcp.example.com/mcp"),
    wire: {
      fetch: () =>
        Promise.resolve({
          status: 200,
          headers: new Headers({ "content-type": "application/json" }),
          body: {
            chunks: () => new ReadableStream(),
            bytes: () => Promise.resolve(new TextEncoder().encode(text)),
            discard: () => {},
          },
        }),
      forgetConnections: () => {},
    },
    clock: rig.clock,
    headers: {},
    budget: new Budget(64 * 1_048_576),
    idle: 0,
    limit: 1_000,
    notify: () => {},
  }, { onmessage: (message) => void messages.push(message), onactivity: () => {}, onloss: () => {} });
  await far.send(readMessage(new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"x"}')));
  expect(messages.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual([text]);
});

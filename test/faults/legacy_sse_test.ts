import { describe, expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { eventStream, type Json, type OpenStream } from "../harness/fake_mcp.ts";
import { Log } from "../harness/log.ts";

/** A server of the retired HTTP+SSE transport whose every move is the test's. */
class FakeSse implements Disposable {
  readonly posts = new Log<Json>();
  readonly gets = new Log<OpenStream>();
  /** What the stream says first. */
  endpoint = "/messages";
  /** What a GET and a POST to the first address are answered with in place of the transport's own way. */
  refuseGet: (() => Response) | undefined;
  refusePost: () => Response = () => new Response("no", { status: 404 });
  /** Answers on the stream; returns false to leave a request without an answer. */
  answer: (message: Json, stream: OpenStream) => void = (message, stream) => {
    const result = message.method === "initialize" ? { protocolVersion: "2024-11-05", capabilities: {} } : { ok: true };
    if (message.id !== undefined) stream.send({ jsonrpc: "2.0", id: message.id, result });
  };
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => this.#serve(request),
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/sse`;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/.well-known/") || pathname === "/register") return new Response("no", { status: 404 });
    if (request.method === "GET") {
      if (this.refuseGet !== undefined) return this.refuseGet();
      const { response, stream } = eventStream();
      if (this.endpoint !== "") stream.raw(`event: endpoint\ndata: ${this.endpoint}\n\n`);
      this.gets.add(stream);
      return response;
    }
    if (pathname === "/sse") return this.refusePost();
    const message = await request.json() as Json;
    this.posts.add(message);
    queueMicrotask(() => this.answer(message, this.gets.items.at(-1)!));
    return new Response("Accepted", { status: 202 });
  }
}

describe("the fallback to HTTP+SSE", () => {
  test.each([400, 404, 405])("is taken when the POST of initialize is refused with %d", async (status) => {
    using server = new FakeSse();
    server.refusePost = () => new Response("no", { status });
    await using bridge = new Executable(server.url);
    expect((await bridge.initialize("2024-11-05")).result.protocolVersion).toBe("2024-11-05");
  });

  test.each([401, 403, 429, 500, 502])("is not taken on %d", async (status) => {
    using server = new FakeSse();
    server.refusePost = () => new Response("no", { status });
    await using bridge = new Executable(server.url, "--sign-in-grace", "1");
    await bridge.initialize();
    expect(server.gets.items).toEqual([]);
  });

  test("reports the first refusal where neither transport is spoken", async () => {
    using server = new FakeSse();
    server.refusePost = () => new Response("Cannot POST /sse", { status: 404 });
    server.refuseGet = () => new Response("<html>", { headers: { "content-type": "text/html" } });
    await using bridge = new Executable(server.url);
    expect((await bridge.initialize()).error.message).toContain("Cannot POST /sse");
  });
});

describe("over HTTP+SSE", () => {
  test.each(["https://evil.example/messages", "//evil.example/x", "http://127.0.0.1:1/messages"])(
    "an endpoint of another origin is refused, and nothing is sent there: %s",
    async (endpoint) => {
      using server = new FakeSse();
      server.endpoint = endpoint;
      await using bridge = new Executable(server.url, "--transport", "sse-only", "--header", "X-Secret: s");
      const { error } = await bridge.initialize();
      expect(error.data.code).toBe("bad_answer");
      expect(error.message).toContain("another origin");
    },
  );

  test("a stream that names no endpoint is given up", async () => {
    using server = new FakeSse();
    server.endpoint = "";
    await using bridge = new Executable(server.url, "--transport", "sse-only", "--connect-timeout", "1");
    expect((await bridge.initialize()).error.message).toContain("named no endpoint within 1 s");
  });

  test("a stream may take its time to name its endpoint where --connect-timeout is 0", async () => {
    using server = new FakeSse();
    server.endpoint = "";
    await using bridge = new Executable(server.url, "--transport", "sse-only", "--connect-timeout", "0");
    const initialized = bridge.initialize("2024-11-05");
    const stream = await server.gets.find(() => true);
    stream.send({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "early" } });
    await bridge.output.find((line) => line.includes("early"));
    await bridge.started();
    stream.raw("event: endpoint\ndata: /messages\n\n");
    expect((await initialized).result.protocolVersion).toBe("2024-11-05");
  });

  test("a stream that ends in the midst of a call leaves its outcome unknown; what only reads is asked again", async () => {
    using server = new FakeSse();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const ordinary = server.answer;
    server.answer = (message, stream) => {
      if (message.method === "resources/read") stream.end();
      else if (message.method !== "tools/call") ordinary(message, stream);
    };
    const call = bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
    await server.posts.find(({ method }) => method === "tools/call");
    const read = bridge.request({ id: 2, method: "resources/read", params: { uri: "a" } });
    await server.posts.find(({ method }) => method === "resources/read");
    server.answer = ordinary;
    expect((await call).error.message).toContain("unknown whether the request was carried out");
    expect((await read).result).toEqual({ ok: true });
    expect(server.posts.items.filter(({ method }) => method === "tools/call")).toHaveLength(1);
    expect(server.posts.items.filter(({ method }) => method === "initialize")).toHaveLength(2);
  });

  test("an answer that cannot be read is an error for its request alone", async () => {
    using server = new FakeSse();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const ordinary = server.answer;
    server.answer = (message, stream) => {
      if (message.method === "tools/call") stream.raw(`data: {"jsonrpc":"2.0","id":${message.id},"result":{oops}}\n\n`);
      else ordinary(message, stream);
    };
    expect((await bridge.request({ id: 1, method: "tools/call", params: {} })).error.data.code).toBe("bad_answer");
    expect((await bridge.request({ id: 2, method: "ping" })).result).toEqual({ ok: true });
  });

  test("an answer that is too long is an error for its request alone, with others in flight", async () => {
    using server = new FakeSse();
    await using bridge = new Executable(server.url, "--max-message", "1");
    await bridge.initialize();
    const ordinary = server.answer;
    server.answer = (message, stream) => {
      const result = { pad: "x".repeat(2 * 1_048_576) };
      if (message.params?.name === "first") stream.send({ jsonrpc: "2.0", id: message.id, result });
      // As the SDK for TypeScript writes it.
      else if (message.params?.name === "last") stream.send({ result, jsonrpc: "2.0", id: message.id });
      else if (message.method !== "tools/call") ordinary(message, stream);
    };
    const other = bridge.request({ id: 7, method: "tools/call", params: { name: "waits" } });
    for (const name of ["first", "last"]) {
      const { error } = await bridge.request({ id: name, method: "tools/call", params: { name } });
      expect([error.data.code, error.message]).toEqual(["too_large", expect.stringContaining("--max-message")]);
    }
    server.gets.items.at(-1)!.send({ jsonrpc: "2.0", id: 7, result: { ok: true } });
    expect((await other).result).toEqual({ ok: true });
  });

  test("the stream's loss at rest brings a new session without any request", async () => {
    using server = new FakeSse();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    await bridge.request({ id: 1, method: "ping" });
    server.gets.items[0]!.end();
    await server.gets.find(() => true, 1);
    await server.posts.find(({ method }) => method === "notifications/initialized", 4);
    expect((await bridge.request({ id: 2, method: "ping" })).result).toEqual({ ok: true });
  });

  test("leaving ends the process at once", async () => {
    using server = new FakeSse();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
  });
});

/** The proxy of the environment: what is meant for this machine never goes there (trap L17). */
import { describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Log } from "../harness/log.ts";

/** A proxy that notes down what it is asked for and refuses it. Disposing it closes it. */
class RecordingProxy implements Disposable {
  /** Whether it answers at all. */
  answers = true;
  /** The first line of each connection. */
  readonly asked = new Log<string>();
  readonly #server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (chunk) => {
      this.asked.add(chunk.toString("latin1").split("\r\n")[0]!);
      if (this.answers) socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
  });

  static async start(): Promise<RecordingProxy> {
    const proxy = new RecordingProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

const VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

function environmentOf(proxy: RecordingProxy, variables = VARIABLES): Record<string, string> {
  return { NO_PROXY: "", no_proxy: "", ...Object.fromEntries(variables.map((name) => [name, proxy.url])) };
}

describe("a server on this machine is asked directly, whatever proxy the environment names (L17)", () => {
  for (const host of ["127.0.0.1", "localhost", "mcp.localhost", "127.1"]) {
    test(`as ${host}: calls, the server's stream and the session's end`, async () => {
      using proxy = await RecordingProxy.start();
      using server = new FakeMcp();
      const url = server.url.replace("127.0.0.1", host);
      await using bridge = new Executable({ env: environmentOf(proxy) }, url, "--header", "Authorization: Bearer x");
      await bridge.initialize();
      await server.streams.find(() => true);
      expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
      bridge.endInput();
      expect(await bridge.exit(2_000)).toBe(0);
      expect(server.deleted).toBe(1);
      expect(proxy.asked.items).toEqual([]);
    });
  }

  for (const variable of VARIABLES) {
    test(`with ${variable} alone`, async () => {
      using proxy = await RecordingProxy.start();
      using server = new FakeMcp();
      await using bridge = new Executable({ env: environmentOf(proxy, [variable]) }, server.url);
      expect((await bridge.initialize()).result).toBeDefined();
      expect(proxy.asked.items).toEqual([]);
    });
  }

  test("with more requests in flight than fetch carries", async () => {
    using proxy = await RecordingProxy.start();
    using server = new FakeMcp();
    const { promise: all, resolve: release } = Promise.withResolvers<undefined>();
    server.on("tools/call", () => all);
    await using bridge = new Executable({ env: environmentOf(proxy) }, server.url);
    await bridge.initialize();
    const calls = Array.from({ length: 220 }, (_, id) => bridge.request({ id, method: "tools/call" }));
    await server.seen.find(() => server.posted("tools/call").length === calls.length);
    release(undefined);
    expect((await Promise.all(calls)).every(({ result }) => result !== undefined)).toBe(true);
    expect(proxy.asked.items).toEqual([]);
  });
});

test("a server elsewhere is asked by the proxy of the environment, so the recording proxy does record", async () => {
  using proxy = await RecordingProxy.start();
  await using bridge = new Executable({ env: environmentOf(proxy) }, "http://mcp.example.test/mcp", "--allow-http");
  const { error } = await bridge.request({ id: 1, method: "tools/call", params: {} });
  expect(error.data.code).toBe("http_status");
  expect(proxy.asked.items).toEqual(["POST http://mcp.example.test/mcp HTTP/1.1"]);
});

test("a server elsewhere is asked by the proxy also with more requests in flight than fetch's share", async () => {
  using proxy = await RecordingProxy.start();
  proxy.answers = false;
  await using bridge = new Executable({ env: environmentOf(proxy) }, "http://mcp.example.test/mcp", "--allow-http");
  const count = 210;
  for (let id = 0; id < count; id++) bridge.send({ jsonrpc: "2.0", id, method: "tools/call" });
  await proxy.asked.find(() => proxy.asked.items.length === count);
  expect(bridge.output.items).toEqual([]);
});

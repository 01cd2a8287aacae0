/** The proxy of the environment: what is meant for this machine never goes there (trap L17). */
import { describe, expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { FaultProxy } from "../harness/fault_proxy.ts";

const VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

function environmentOf(proxy: FaultProxy, variables = VARIABLES): Record<string, string> {
  return { NO_PROXY: "", no_proxy: "", ...Object.fromEntries(variables.map((name) => [name, proxy.url])) };
}

describe("a server on this machine is asked directly, whatever proxy the environment names (L17)", () => {
  for (const host of ["127.0.0.1", "localhost", "mcp.localhost", "127.1"]) {
    test(`as ${host}: calls, the server's stream and the session's end`, async () => {
      using proxy = await FaultProxy.start();
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
      using proxy = await FaultProxy.start();
      using server = new FakeMcp();
      await using bridge = new Executable({ env: environmentOf(proxy, [variable]) }, server.url);
      expect((await bridge.initialize()).result).toBeDefined();
      expect(proxy.asked.items).toEqual([]);
    });
  }

  test("with more requests in flight than fetch carries", async () => {
    using proxy = await FaultProxy.start();
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
  using proxy = await FaultProxy.start();
  await using bridge = new Executable({ env: environmentOf(proxy) }, "http://mcp.example.test/mcp", "--allow-http");
  const { error } = await bridge.request({ id: 1, method: "tools/call", params: {} });
  expect(error.data.code).toBe("http_status");
  expect(proxy.asked.items).toEqual(["POST http://mcp.example.test/mcp HTTP/1.1"]);
});

test("a server elsewhere is asked by the proxy also with more requests in flight than fetch's share", async () => {
  using proxy = await FaultProxy.start();
  proxy.says = undefined;
  await using bridge = new Executable({ env: environmentOf(proxy) }, "http://mcp.example.test/mcp", "--allow-http");
  const count = 210;
  for (let id = 0; id < count; id++) bridge.send({ jsonrpc: "2.0", id, method: "tools/call" });
  await proxy.asked.find(() => proxy.asked.items.length === count);
  expect(bridge.output.items).toEqual([]);
});

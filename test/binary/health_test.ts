/** What `serve` knows of its servers: one that dies is found, and is good again before anybody needs it. */
import { expect, test } from "bun:test";
import type { Status } from "../../src/serve/status/status.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { freePort } from "../harness/free_port.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

test("a server that dies is found, told, and made good again when it is back, before a client asks", async () => {
  using server = new FakeMcp();
  await using serving = await ServeExecutable.start({ one: { url: server.url } });
  const call = await serving.session("one");
  expect((await call("tools/call", { name: "echo" })).result.echo).toEqual({ name: "echo" });
  const { port } = server;
  server.stop();
  expect((await call("tools/call", { name: "echo" })).error.data.code).toBeOneOf(["unreachable", "outcome_unknown"]);
  const { stderr } = serving;
  const down = 'mcp-bridge: warning: "one" is down: ';
  await stderr.find((line) => line.startsWith(down), 0, 30_000);
  using again = new FakeMcp(port);
  await stderr.find((line) => line === 'mcp-bridge: "one" is up: it answers again', 0, 30_000);
  expect(again.posted("initialize")).toHaveLength(1);
  expect((await call("tools/call", { name: "echo" })).result.echo).toEqual({ name: "echo" });
  expect(again.posted("initialize")).toHaveLength(1);
}, 60_000);

test(
  "a server that is not there is down with the first client, though that has its answer in the server's place",
  async () => {
    await using serving = await ServeExecutable.start({ gone: { url: `http://127.0.0.1:${await freePort()}/mcp` } });
    await serving.open("/mcp");
    await serving.stderr.find((line) => line.startsWith('mcp-bridge: warning: "gone" is down: '), 0, 30_000);
    const { servers } = await (await serving.ask("/api/status")).json() as Status;
    expect(servers[0]!.history.map(({ state }) => state)).toEqual(["idle", "down"]);
  },
  60_000,
);

/** What `serve` knows of its servers: one that dies is found, and is good again before anybody needs it. */
import { expect, test } from "bun:test";
import { FakeMcp } from "../harness/fake_mcp.ts";
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

/** `mcp-bridge connect NAME NAME` and `--all`: servers of servers.json behind one stdio end. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mergedUri } from "../../src/bridge/merge/uris.ts";
import { DualEraServer } from "../conformance/dual_era_server.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import { commandOf, outcomeOf as ended } from "../harness/executable.ts";
import { freePort } from "../harness/free_port.ts";
import { Home } from "../harness/home.ts";
import { closeWithoutComplaint, outcomeOf, roleOf, textOf } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const home = new Home();
let every: EverythingServer;
let dual: DualEraServer;
beforeAll(async () => {
  every = await EverythingServer.start();
  dual = new DualEraServer();
  const folder = home.env["MCP_BRIDGE_HOME"]!;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const mcpServers = {
    every: { url: every.url },
    dual: { url: dual.url },
    dead: { url: `http://127.0.0.1:${await freePort()}/mcp` },
    off: { url: every.url, disabled: true },
  };
  writeFileSync(join(folder, "servers.json"), JSON.stringify({ mcpServers }));
});
afterAll(async () => {
  for (const part of [every, dual]) await part[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

describe.each([V1_CLIENT, V2_LEGACY_CLIENT])("$name", (kind) => {
  test.each([
    ["two names have the servers of these names", ["connect", "every", "dual"], []],
    ["--all has every server that is not disabled, whoever is down", ["--all"], ["dead is left out"]],
  ])("%s", async (_promise, words, warnings) => {
    const client = await kind.overStdio(
      commandOf(home, ...words),
      roleOf({
        elicit: () => ({
          action: "accept",
          content: { name: "Ada", check: true, username: "ada", email: "a@b.example" },
        }),
      }),
    );
    const { tools } = await client.sdk.listTools();
    const slugs = new Set(tools.map(({ name }) => name.split("__", 1)[0]));
    expect([...slugs]).toEqual(["every", "dual"]);
    await using direct = await kind.overHttp(dual.url, roleOf());
    const ofDual = (await direct.sdk.listTools()).tools.map(({ name }) => `dual__${name}`);
    expect(tools.map(({ name }) => name).filter((name) => name.startsWith("dual__"))).toEqual(ofDual);
    expect(textOf(await client.call("every__echo", { message: "hi" }))).toBe("Echo: hi");
    expect(textOf(await client.call("every__trigger-elicitation-request"))).toContain("Name: Ada");
    expect(textOf(await client.call("dual__test_elicitation", { message: "Where?" }))).toContain("a@b.example");
    const uri = mergedUri("dual", "test://static-text");
    expect((await client.sdk.readResource({ uri })).contents).toMatchObject([{ uri }]);
    const from = dual.waits.items.length;
    const abort = new AbortController();
    const call = outcomeOf(client.call("dual__test_waiting_tool", {}, { signal: abort.signal }));
    await dual.waits.find((wait) => wait === "begun", from);
    abort.abort("changed my mind");
    await dual.waits.find((wait) => wait === "cancelled", from);
    expect(await call).toMatchObject({ error: { message: expect.stringContaining("changed my mind") } });
    for (const warning of warnings) await client.stderr!.find((line) => line.includes(warning));
    await closeWithoutComplaint(client);
  }, 30_000);
});

test.each([
  ["an address among names", ["connect", "every", "https://mcp.example/mcp"], "several servers go by their names"],
  ["a name that no server has", ["connect", "every", "nowhere"], '"nowhere"'],
  ["--all beside a name", ["connect", "--all", "every"], '"--all" and "every" do not go together'],
  ["a header for several", ["connect", "every", "dual", "--header", "X: 1"], '"--header" is for one server'],
  ["a header for all", ["--all", "--header=X: 1"], '"--header" is for one server'],
  ["an account for several", ["connect", "every", "dual", "--account", "work"], '"--account" is for one server'],
])("%s is refused with the exit code 2 and without a word on stdout", async (_what, words, said) => {
  const outcome = await ended({ env: home.env }, ...words);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: "" });
  expect(outcome.stderr).toContain(said);
});

test("--all without any server is refused with the exit code 2", async () => {
  const outcome = await ended({}, "--all");
  expect(outcome).toMatchObject({ exitCode: 2, stdout: "" });
  expect(outcome.stderr).toContain("there is no server in servers.json");
});

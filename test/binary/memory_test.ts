/** What the executable learns of a server is there when it starts again. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SharedVault } from "../../src/app/shared_vault.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { DualEraServer } from "../conformance/dual_era_server.ts";
import { EraMcp, META, type OneEra } from "../harness/era_mcp.ts";
import { commandOf, Executable, type Message, outcomeOf } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { Recorder } from "../harness/recorder.ts";
import { roleOf, textOf } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT } from "../harness/v2_client.ts";

/** Keeps something in the vault of a home, as a sign-in does. */
async function makeVault({ env }: Home): Promise<void> {
  const settings = {
    surroundings: { platform: process.platform, env },
    keyKind: "file",
    passphrase: undefined,
  } as const;
  await (await new SharedVault(settings, systemClock, () => {}).open()).put("memory", "any", {});
}

/** The folder for what is learnt without a vault. */
function memoryOf({ env }: Home): string {
  return join(env["MCP_BRIDGE_HOME"]!, "memory");
}

/** One start of the executable in a home, with one request by hand; settles with the answer once it has ended. */
async function once(home: Home, request: Message, ...words: string[]): Promise<Message> {
  await using bridge = new Executable({ env: home.env }, ...words);
  const answer = await bridge.request({ id: 1, ...request });
  bridge.endInput();
  expect(await bridge.exit(2_000)).toBe(0);
  return answer;
}

const INITIALIZE: Message = {
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "by-hand", version: "1" } },
};
const DISCOVER: Message = { method: "server/discover", params: { _meta: META } };

/** The methods that a start of the executable by a client with a handshake sends to a server of 2026-07-28 alone. */
async function methodsOfStart(home: Home, recorder: Recorder, ...words: string[]): Promise<(string | undefined)[]> {
  const before = recorder.messages.items.length;
  const { env, args, ...command } = commandOf(home, recorder.url, ...words);
  await using client = await V1_CLIENT.overStdio(
    { ...command, args, env: { ...env, MCP_BRIDGE_VAULT_KEY: "file" } },
    roleOf(),
  );
  expect(textOf(await client.call("test_simple_text"))).toContain("simple text");
  return recorder.messages.items.slice(before).map(({ method }) => method);
}

describe("the second start at a server that speaks 2026-07-28 alone asks it at once, without a handshake", () => {
  test.each([
    ["without a vault", false, []],
    ["with a vault", true, []],
    ["with a credential that the person gives", false, ["--header", "Authorization: Bearer hush-hush"]],
    ["with such a credential and a vault", true, ["--header", "Authorization: Bearer hush-hush"]],
  ])("%s", async (_, isVault, words) => {
    using home = new Home();
    if (isVault) await makeVault(home);
    await using server = new DualEraServer({ era: "modern" });
    await using recorder = new Recorder(server.url);
    const [first, second] = [
      await methodsOfStart(home, recorder, ...words),
      await methodsOfStart(home, recorder, ...words),
    ];
    expect(first.slice(0, 2)).toEqual(["initialize", "server/discover"]);
    expect(second[0]).toBe("server/discover");
    expect(second).not.toContain("initialize");
    const folder = memoryOf(home);
    expect(existsSync(folder)).toBe(!isVault || words.length > 0);
    if (!existsSync(folder)) return;
    const [name, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    if (process.platform !== "win32") expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, name!), "utf8")).not.toContain("hush");
  });

  test("and what one credential has learnt is not another's", async () => {
    using home = new Home();
    await using server = new DualEraServer({ era: "modern" });
    await using recorder = new Recorder(server.url);
    for (const value of ["one", "two"]) {
      const [first] = await methodsOfStart(home, recorder, "--header", `Authorization: Bearer ${value}`);
      expect(first).toBe("initialize");
    }
    expect(readdirSync(memoryOf(home))).toHaveLength(2);
  });
});

describe("a start within a minute is answered from what the one before has learnt", () => {
  test("word for word", async () => {
    using home = new Home();
    using server = new EraMcp("modern");
    const first = await once(home, DISCOVER, server.url);
    const second = await once(home, DISCOVER, server.url);
    expect(second).toEqual(first);
    expect(second.result.supportedVersions).toEqual(["2026-07-28"]);
    expect(server.posted("server/discover")).toHaveLength(1);
  });

  test("for a client that asks on a process of its own before it starts another", async () => {
    using home = new Home();
    await using server = new DualEraServer({ era: "modern" });
    await using recorder = new Recorder(server.url);
    for (let start = 0; start < 2; start++) {
      await using client = await V2_AUTO_CLIENT.overStdio(commandOf(home, recorder.url), roleOf());
      expect(client.era).toBe("modern");
      expect(textOf(await client.call("test_simple_text"))).toContain("simple text");
    }
    const methods = recorder.messages.items.map(({ method }) => method);
    expect(methods.filter((method) => method === "server/discover")).toHaveLength(1);
    expect(methods.filter((method) => method === "tools/call")).toHaveLength(2);
  });
});

test("a server that has changed its era is found out again, once for each change", async () => {
  using home = new Home();
  using server = new EraMcp("modern");
  const starts: readonly [era: OneEra, methods: string[]][] = [
    ["modern", ["initialize", "server/discover"]],
    ["modern", ["server/discover"]],
    ["legacy", ["server/discover", "initialize"]],
    ["legacy", ["initialize"]],
    ["modern", ["initialize", "server/discover"]],
    ["modern", ["server/discover"]],
  ];
  for (const [era, methods] of starts) {
    server.become(era);
    const before = server.seen.items.length;
    expect((await once(home, INITIALIZE, server.url)).result.serverInfo.name).toBe("fake");
    const posted = server.seen.items.slice(before).filter(({ method }) => method === "POST");
    expect(posted.map(({ message }) => message!.method)).toEqual(methods);
  }
});

test("a file that cannot be written or read costs a line of the log, and nothing else", async () => {
  using home = new Home();
  using server = new EraMcp("modern");
  mkdirSync(home.env["MCP_BRIDGE_HOME"]!);
  writeFileSync(memoryOf(home), "in the way");
  await using bridge = new Executable({ env: home.env }, server.url, "--debug");
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  await bridge.stderr.find((line) => line.includes("nothing is remembered of the server"));
  bridge.endInput();
  expect(await bridge.exit(2_000)).toBe(0);
  expect(bridge.stderr.items.filter((line) => line.includes("nothing is remembered"))).toHaveLength(1);
  expect(readFileSync(memoryOf(home), "utf8")).toBe("in the way");
});

test("signing out forgets what was learnt without a vault", async () => {
  using home = new Home();
  using server = new EraMcp("modern");
  await once(home, INITIALIZE, server.url);
  expect(readdirSync(memoryOf(home))).toHaveLength(1);
  const { exitCode } = await outcomeOf({ env: home.env }, "logout", server.url, "--vault-key", "file");
  expect(exitCode).toBe(0);
  expect(readdirSync(memoryOf(home))).toEqual([]);
});

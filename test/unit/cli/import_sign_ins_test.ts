import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ImportPlan, plannedAddress, planServers } from "../../../src/cli/import_plan.ts";
import { planSignIns, type SignInPlan } from "../../../src/cli/import_sign_ins.ts";
import { storeNames } from "../../../src/registry/mcp_remote/store_place.ts";
import { clientOf } from "../../../src/registry/clients/table.ts";
import { EMPTY_REGISTRY } from "../../../src/registry/registry.ts";
import { Home } from "../../harness/home.ts";

const URL_WORD = "https://mcp.example.com/mcp";
const NOW = Date.parse("2026-11-23T10:00:00Z");

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home[Symbol.dispose]());

/** Keeps a sign-in as mcp-remote does. */
function keep(folder: string, url: string, token: string, client: object | null = { "client_id": "c" }): void {
  const path = join(home.folder, folder, "mcp-remote-v1");
  const [name] = storeNames({ url }, { folder: "mcp-remote-v1", naming: "all" });
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, `${name}_tokens.json`), JSON.stringify({ "access_token": token, "refresh_token": "r" }));
  if (client !== null) writeFileSync(join(path, `${name}_client_info.json`), JSON.stringify(client));
}

async function entry(env: Record<string, string>, ...words: string[]): Promise<ImportPlan> {
  return await planned(env, words);
}

async function planned(
  env: Record<string, string>,
  words: string[],
  named: { isNamed?: true } = {},
): Promise<ImportPlan> {
  const client = await clientOf("cursor");
  const value = { command: "npx", args: ["mcp-remote", URL_WORD, ...words], env };
  const source = {
    ...named,
    client,
    file: "/mcp.json",
    entry: { name: "x", ...client.read(value), value, place: { line: 1, column: 1 } },
  };
  return await planServers({ entries: [source], faults: [] }, EMPTY_REGISTRY, { all: false, platform: "linux" });
}

function look(servers: ImportPlan["servers"], isWhole = false): Promise<SignInPlan> {
  return planSignIns(servers, join(home.folder, "usual"), NOW, isWhole);
}

function tokensOf({ signIns }: SignInPlan): string[] {
  return [...signIns.values()].map(({ imported }) => imported.tokens.accessToken);
}

test("a sign-in is looked for where its entry has mcp-remote keep it, and nowhere else", async () => {
  keep("usual", URL_WORD, "usual");
  keep("own", URL_WORD, "own");
  const tokens = async (env: Record<string, string>): Promise<string[]> =>
    tokensOf(await look((await entry(env)).servers));
  expect(await tokens({})).toEqual(["usual"]);
  expect(await tokens({ MCP_REMOTE_CONFIG_DIR: join(home.folder, "own") })).toEqual(["own"]);
  expect(await tokens({ MCP_REMOTE_CONFIG_DIR: join(home.folder, "absent") })).toEqual([]);
  expect(await tokens({ MCP_REMOTE_CONFIG_DIR: "usual" })).toEqual([]);
});

test("a file that may be others' says nothing of where a sign-in is: it would be theirs", async () => {
  keep("own", URL_WORD, "theirs");
  keep("usual", URL_WORD, "usual");
  const isNamed = true;
  const { servers, leftOut } = await planned({ MCP_REMOTE_CONFIG_DIR: join(home.folder, "own") }, [], { isNamed });
  expect([servers.length, tokensOf(await look(servers)), leftOut[0]!.what]).toEqual([
    1,
    [],
    'the sign-in of "x" of Cursor',
  ]);
  expect(tokensOf(await look((await planned({}, [], { isNamed })).servers))).toEqual(["usual"]);
});

test("a sign-in that two servers share is taken once", async () => {
  keep("usual", URL_WORD, "t");
  const [one, other] = [await entry({}, "--ipv4"), await entry({})];
  expect(tokensOf(await look([...one.servers, ...other.servers]))).toEqual(["t"]);
});

test("an address is looked for as it is typed, and as it may have been", async () => {
  for (
    const [kept, typed] of [["https://a.example/", "https://a.example"], [
      "https://b.example/x",
      "HTTPS://B.example/x/",
    ]]
  ) {
    keep("usual", kept!, "t");
    expect(tokensOf(await look([plannedAddress(typed!, new URL(typed!))]))).toEqual(["t"]);
  }
});

test("without its client a sign-in is not taken, unless a person has named one", async () => {
  keep("usual", URL_WORD, "t", null);
  const { signIns, leftOut } = await look((await entry({})).servers);
  expect([signIns.size, leftOut[0]!.reason]).toEqual([
    0,
    "the client that it was made for is not there, so that nothing could renew it",
  ]);
  const named = await look((await entry({}, "--static-oauth-client-info", '{"client_id":"me"}')).servers);
  expect([...named.signIns.values()][0]!.imported.client).toMatchObject({ kind: "static", clientId: "me" });
});

test("who signs in without a person has nothing to be taken", async () => {
  keep("usual", URL_WORD, "t");
  const words = ["--client-credentials", "--static-oauth-client-info", '{"client_id":"me","client_secret":"${S}"}'];
  expect(tokensOf(await look((await entry({}, ...words)).servers))).toEqual([]);
});

test("what belongs to nobody that is known is counted, by a look at the whole alone", async () => {
  keep("usual", URL_WORD, "t");
  keep("usual", "https://other.example/", "t");
  writeFileSync(join(home.folder, "usual/notes.txt"), "");
  const { servers } = await entry({});
  expect((await look(servers)).leftOut).toEqual([]);
  expect((await look(servers, true)).leftOut.map(({ what }) => what.split(" in ")[0])).toEqual([
    "a sign-in",
    "what else is",
  ]);
  expect((await look([], true)).leftOut[0]!.what).toStartWith("2 sign-ins");
});

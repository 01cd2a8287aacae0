/** A vault that is damaged, or of a later version, as a client and a person learn of it. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { refuses } from "../harness/as_faults.ts";
import { Executable, type Message, outcomeOf, type Surroundings } from "../harness/executable.ts";
import type { FakeAs } from "../harness/fake_as.ts";
import type { FakeBrowser } from "../harness/fake_browser.ts";
import type { Home } from "../harness/home.ts";
import type { ProtectedMcp } from "../harness/protected_mcp.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

let scene: SignInScene;
let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;
let file: string;

beforeEach(async () => {
  scene = new SignInScene();
  ({ home, as, server, browser } = scene);
  file = join(home.env["MCP_BRIDGE_HOME"]!, "vault.db");
  await using bridge = start();
  await bridge.initialize();
});
afterEach(() => {
  scene[Symbol.dispose]();
});

function surroundings(): Surroundings {
  return { env: { ...home.env, ...browser.env } };
}

function start(): Executable {
  return new Executable(surroundings(), server.url, "--debug");
}

/** Another try of the same host. */
function tryAgain(bridge: Executable): Promise<Message> {
  const clientInfo = { name: "by-hand", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  return bridge.request({ id: "again", method: "initialize", params });
}

/** The files that were kept aside; a process that was killed in the midst of writing has left a journal, which goes along. */
function aside(): string[] {
  return readdirSync(dirname(file)).filter((name) => name.includes("damaged-") && !name.endsWith("-journal"));
}

function change(statement: string): void {
  using database = new Database(file);
  database.run(statement);
}

function expectKept(bridge: Executable): void {
  const outputs = { stdout: bridge.output, stderr: bridge.stderr };
  expect(sweep([as.tokens.marker], { folders: [home.folder], outputs, pids: [bridge.pid] })).toEqual([]);
}

test("one of a later version is an error with a hint, and stays as it is (C29)", async () => {
  change("PRAGMA user_version = 99");
  const bytes = readFileSync(file);
  await using bridge = start();
  const { error } = await bridge.initialize();
  expect([error.data.code, error.data.hint]).toEqual(["vault_newer", expect.stringContaining("MCP_BRIDGE_HOME")]);
  for (const words of [["status"], ["login", server.url], ["logout", server.url]]) {
    const { stderr, exitCode } = await outcomeOf(surroundings(), ...words);
    expect([words[0], exitCode, stderr]).toEqual([words[0], 1, expect.stringContaining("later mcp-bridge")]);
  }
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect([browser.count, aside()]).toEqual([1, []]);
});

test.each<[damage: string, damage: () => void]>([
  ["cut off", () => truncateSync(file, 5_000)],
  ["empty", () => truncateSync(file, 0)],
  ["something else", () => writeFileSync(file, "not a vault\n")],
  ["another program's database", () => change("PRAGMA application_id = 1")],
])("a file that is %s is kept aside and reported, and the next try signs in (B15)", async (_damage, damage) => {
  damage();
  const bytes = readFileSync(file);
  await using bridge = start();
  const { error } = await bridge.initialize();
  expect(error.data.code).toBe("vault_damaged");
  const [kept] = aside();
  expect(error.data.hint).toContain(kept!);
  expect(readFileSync(join(dirname(file), kept!)).equals(bytes)).toBe(true);
  expect(browser.count).toBe(1);
  expect((await tryAgain(bridge)).result.serverInfo.name).toBe("fake");
  expect([browser.count, aside()]).toEqual([2, [kept!]]);
  expectKept(bridge);
});

test.each(["tokens", "grants", "clients"])(
  "damage in the %s alone is reported, and the next try signs in",
  async (table) => {
    change(`UPDATE sealed SET content = zeroblob(length(content)) WHERE part = '${table}'`);
    as.tokens.expireAccess();
    // The client is looked for in a sign-in alone.
    if (table === "clients") as.once("token", refuses("invalid_grant"));
    await using bridge = start();
    const { error } = await bridge.initialize();
    expect([error.data.code, error.data.hint]).toEqual(["vault_damaged", expect.stringContaining("sign in again")]);
    expect(browser.count).toBe(1);
    expect((await tryAgain(bridge)).result.serverInfo.name).toBe("fake");
    expect([browser.count, aside()]).toEqual([2, []]);
    expectKept(bridge);
  },
);

/** The executable at a real Secret Service: where the vault's key is kept, and what a locked keychain leads to. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Executable, type Message, type Outcome, outcomeOf, type Surroundings } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { Keyring, keyringIsAbsent } from "../harness/keyring.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";

type State = "unlocked" | "locked";

describe.skipIf(keyringIsAbsent)("with gnome-keyring", () => {
  let home: Home;
  let keyring: Keyring;
  let as: FakeAs;
  let server: ProtectedMcp;
  let browser: FakeBrowser;

  beforeEach(() => {
    home = new Home();
    keyring = new Keyring();
    as = new FakeAs();
    server = new ProtectedMcp(as);
    browser = new FakeBrowser();
  });
  afterEach(() => {
    for (const part of [browser, server, as, keyring, home]) part[Symbol.dispose]();
  });

  function surroundings(state: State): Surroundings {
    const env = Object.fromEntries(Object.entries(keyring.env).filter(([, value]) => value !== undefined));
    const { MCP_BRIDGE_HOME } = home.env;
    return { env: { ...env, ...browser.env, MCP_BRIDGE_HOME: MCP_BRIDGE_HOME! }, before: keyring.session(state) };
  }

  /** The answer to `initialize` in a session of its own. */
  async function initialize(state: State): Promise<Message> {
    await using bridge = new Executable(surroundings(state), server.url, "--debug");
    const answer = await bridge.initialize();
    bridge.endInput();
    await bridge.exit(10_000);
    const outputs = { stdout: bridge.output, stderr: bridge.stderr };
    expect(sweep([as.tokens.marker], { folders: [home.folder], outputs })).toEqual([]);
    return answer;
  }

  function run(state: State, ...words: string[]): Promise<Outcome> {
    return outcomeOf(surroundings(state), ...words);
  }

  /** The files of the vault and its keys. */
  function files(): string[] {
    return readdirSync(home.env["MCP_BRIDGE_HOME"]!).filter((name) => /\.(?:db|key)$/.test(name)).sort();
  }

  test(
    "the first start puts the key into the keychain, status says so, and the next start finds it there",
    async () => {
      expect((await initialize("unlocked")).result.serverInfo.name).toBe("fake");
      expect(files()).toEqual(["vault.db"]);
      expect((await run("unlocked", "status")).stdout).toContain("its key is in the system's keychain");
      expect((await initialize("unlocked")).result.serverInfo.name).toBe("fake");
      expect([browser.count, as.tokens.redemptions]).toEqual([1, 0]);
    },
    30_000,
  );

  test("a locked keychain is an error with a hint to the client, changes nothing, and makes no other key", async () => {
    await initialize("unlocked");
    const bytes = readFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "vault.db"));
    const { error } = await initialize("locked");
    expect(error.data.code).toBe("vault_locked");
    expect(error.message).toContain("the keychain is locked");
    expect(error.data.hint).toContain("unlock the keychain");
    expect(files()).toEqual(["vault.db"]);
    expect(readFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "vault.db")).equals(bytes)).toBe(true);
    expect(browser.count).toBe(1);
    expect((await initialize("unlocked")).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(1);
  }, 30_000);

  test("where it is locked at the first start, nobody is asked to sign in for nothing", async () => {
    // The person has a keychain since a session before, in which something was put there.
    await initialize("unlocked");
    for (const name of files()) rmSync(join(home.env["MCP_BRIDGE_HOME"]!, name));
    const { error } = await initialize("locked");
    expect([error.data.code, error.data.hint]).toEqual(["vault_locked", expect.stringContaining("--vault-key file")]);
    expect(browser.count).toBe(1);
    expect(as.asked("register").length).toBeLessThanOrEqual(2);
    expect(files()).toEqual([]);
  }, 30_000);
});

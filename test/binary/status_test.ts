/** What `login`, `status` and `logout` say to a person with several servers and accounts, word for word. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Executable, type Outcome, unattendedOutcome } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";

let home: Home;
let as: FakeAs;
let one: ProtectedMcp;
let other: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  home = new Home();
  as = new FakeAs();
  [one, other] = [new ProtectedMcp(as), new ProtectedMcp(as)];
  // Addresses are listed in order, and ports are given out in any.
  if (other.url < one.url) [one, other] = [other, one];
  browser = new FakeBrowser();
});
afterEach(() => {
  for (const part of [browser, other, one, as, home]) part[Symbol.dispose]();
});

/** Runs a command to its end. */
async function run(...words: string[]): Promise<Outcome> {
  const env = { ...browser.env, MCP_BRIDGE_VAULT_KEY: "file" };
  const { stdout, stderr, exitCode } = await unattendedOutcome(home, env, ...words);
  return { stdout: named(stdout), stderr: named(stderr), exitCode };
}

/** A text with names in the place of addresses and of the folder. */
function named(text: string): string {
  return text.replaceAll(one.url, "ONE").replaceAll(other.url, "OTHER").replaceAll(as.issuer, "AS")
    .replaceAll(home.folder, "HOME").replaceAll(/AS\/authorize\S+/g, "PAGE");
}

const VAULT = "the vault is HOME/mcp-bridge/vault.db; its key is in a file beside it that only you can read\n";

describe("status", () => {
  test("says that nobody is signed in, and makes nothing", async () => {
    expect(await run("status")).toEqual({ stdout: "nobody is signed in anywhere\n", stderr: "", exitCode: 0 });
  });

  test("lists accounts by server, the one without a name first, with what they may and for how long", async () => {
    one.scope = "mcp:read mcp:write";
    as.tokens.lifetimes.access = 90 * 60 + 30;
    await run("login", one.url, "--account", "work");
    as.tokens.lifetimes.access = 3 * 86_400 + 30;
    as.offersRefresh = false;
    await run("login", one.url);
    as.tokens.lifetimes.access = 30;
    await run("login", other.url, "--account", "a-b");
    expect(await run("status")).toEqual({
      stdout: `\
ONE
  default  the token ends in 3 days
           scope mcp:read mcp:write, from AS
  work     the token ends in 90 min, and is renewed by itself
           scope mcp:read mcp:write, from AS

OTHER
  a-b      the token ends in less than a minute
           no scope named, from AS

${VAULT}`,
      stderr: "",
      exitCode: 0,
    });
  });

  test("names the command for a token that has ended and that nothing renews", async () => {
    as.tokens.lifetimes.access = 1;
    await run("login", one.url);
    as.offersRefresh = false;
    await run("login", one.url, "--account", "work");
    let shown = "";
    while (!shown.includes("--account work")) shown = (await run("status")).stdout;
    expect(shown).toBe(`\
ONE
  default  the token has ended, and the next use renews it
           no scope named, from AS
  work     the token has ended: run "mcp-bridge login ONE --account work"
           no scope named, from AS

${VAULT}`);
  });
});

describe("login and logout", () => {
  test("say in a few lines what happens", async () => {
    const release = browser.hold();
    const env = { ...browser.env, MCP_BRIDGE_VAULT_KEY: "file", MCP_BRIDGE_HOME: home.env["MCP_BRIDGE_HOME"]! };
    await using login = new Executable({ env }, "login", one.url);
    await login.stderr.find((line) => line.includes("in the browser window"));
    release();
    expect(await login.exit(10_000)).toBe(0);
    await login.stderr.ended;
    expect([login.output.toString(), named(login.stderr.toString())]).toEqual([
      "",
      `\
mcp-bridge: the key of the vault is kept in "HOME/mcp-bridge/vault-a.key", which only your user may read
mcp-bridge: sign in to ONE: in the browser window that just opened, or visit PAGE
mcp-bridge: signed in to ONE
mcp-bridge: you are signed in; "mcp-bridge status" shows for what and until when`,
    ]);
    expect((await run("login", one.url)).stderr).toBe(
      'mcp-bridge: you are signed in already; "--force" signs in anew\n',
    );
    expect(await run("logout", one.url)).toEqual({
      stdout: "",
      stderr: "mcp-bridge: the tokens are gone: the next use of ONE asks for a sign-in\n",
      exitCode: 0,
    });
    expect((await run("logout", one.url, "--account", "work")).stderr).toBe(
      'mcp-bridge: nobody is signed in to ONE as "work"; "mcp-bridge status" shows who is\n',
    );
    expect((await run("status")).stdout).toBe(`nobody is signed in anywhere\n${VAULT}`);
  });
});

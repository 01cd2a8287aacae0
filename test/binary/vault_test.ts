/** `mcp-bridge vault` as a person types it, on the vault of one who has signed in. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { type Outcome, unattendedOutcome } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";
import { TerminalSession } from "../harness/terminal_session.ts";

const PASSPHRASE = "correct horse battery";
const onWindows = process.platform === "win32";

let here: Home;
let there: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;
let file: string;

beforeEach(() => {
  [here, there] = [new Home(), new Home()];
  as = new FakeAs();
  server = new ProtectedMcp(as);
  browser = new FakeBrowser();
  file = join(here.folder, "tokens.vault");
});
afterEach(() => {
  for (const part of [browser, server, as, there, here]) part[Symbol.dispose]();
});

/** Runs a command to its end; what differs from machine to machine is named. */
async function run(home: Home, env: Record<string, string>, ...words: string[]): Promise<Outcome> {
  const outcome = await unattendedOutcome(home, { ...browser.env, MCP_BRIDGE_VAULT_KEY: "file", ...env }, ...words);
  const named = (text: string): string => text.replaceAll(here.folder, "HERE").replaceAll(there.folder, "THERE");
  return { ...outcome, stdout: named(outcome.stdout), stderr: named(outcome.stderr) };
}

function vault(...words: string[]): Promise<Outcome> {
  return run(here, { MCP_BRIDGE_PASSPHRASE: PASSPHRASE }, "vault", ...words);
}

async function signIn(): Promise<void> {
  expect((await run(here, {}, "login", server.url)).exitCode).toBe(0);
}

async function isSignedIn(home: Home, env: Record<string, string> = {}): Promise<boolean> {
  return (await run(home, env, "status")).stdout.startsWith(server.url);
}

function said(...lines: string[]): string {
  return lines.map((line) => `mcp-bridge: ${line}\n`).join("");
}

describe("vault status", () => {
  test("says where the vault is and what keeps it shut, without the key", async () => {
    expect(await vault("status")).toEqual({
      stdout: "there is no vault yet: the first sign-in makes HERE/mcp-bridge/vault.db\n",
      stderr: "",
      exitCode: 0,
    });
    expect(existsSync(join(here.folder, "mcp-bridge"))).toBe(false);
    await signIn();
    expect((await vault("status")).stdout).toBe(`\
vault   HERE/mcp-bridge/vault.db
key     in a file beside it that only you can read
holds   3 rows, sealed, in format 1
`);
    const state = JSON.parse((await vault("status", "--json")).stdout);
    expect(state).toMatchObject({ exists: true, keyKind: "file", format: 1, rows: 3 });
  });
});

test.skipIf(onWindows)("who waits for a vault that another program keeps busy is told so", async () => {
  await signIn();
  using holder = new Database(join(here.folder, "mcp-bridge", "vault.db"));
  holder.run("BEGIN EXCLUSIVE");
  const env = { ...here.env, MCP_BRIDGE_VAULT_KEY: "file" };
  await using session = new TerminalSession([EXECUTABLE, "vault", "status"], { env, cwd: here.folder });
  await session.shows("looking at the vault (1 s)");
  holder.run("ROLLBACK");
  await session.shows("sealed, in format 1");
  expect(await session.exit()).toBe(0);
});

describe("vault rotate", () => {
  test("seals everything under a new key, and drops the last one", async () => {
    await signIn();
    const keys = ["vault-a.key", "vault-b.key"].map((name) => join(here.folder, "mcp-bridge", name));
    expect(keys.map((key) => existsSync(key))).toEqual([true, false]);
    const { stdout, stderr, exitCode } = await vault("rotate");
    expect([stdout, exitCode]).toEqual(["", 0]);
    expect(stderr).toEndWith(
      said("the vault has a new key, in a file beside it that only you can read: 3 rows sealed anew"),
    );
    expect(keys.map((key) => existsSync(key))).toEqual([false, true]);
    expect(await isSignedIn(here)).toBe(true);
  });

  test("puts the key where --vault-key says", async () => {
    await signIn();
    const { stderr, exitCode } = await vault("rotate", "--vault-key", "passphrase");
    expect([stderr, exitCode]).toEqual([
      said("the vault has a new key, made of a passphrase: 3 rows sealed anew"),
      0,
    ]);
    const env = { MCP_BRIDGE_VAULT_KEY: "passphrase" };
    expect(await run(here, { ...env, MCP_BRIDGE_PASSPHRASE: "another" }, "status")).toEqual({
      stdout: "",
      stderr: said(
        "error: cannot open the vault: its key is a passphrase, and not the one that was given",
        "hint: set MCP_BRIDGE_PASSPHRASE to the one it has",
      ),
      exitCode: 1,
    });
    expect(await isSignedIn(here, { ...env, MCP_BRIDGE_PASSPHRASE: PASSPHRASE })).toBe(true);
  });

  test("disturbs nobody who reads meanwhile", async () => {
    await signIn();
    let isOver = false;
    const reader = (async (): Promise<boolean[]> => {
      const seen: boolean[] = [];
      while (!isOver) seen.push(await isSignedIn(here));
      return seen;
    })();
    for (let round = 0; round < 5; round++) expect((await vault("rotate")).exitCode).toBe(0);
    isOver = true;
    expect(new Set(await reader)).toEqual(new Set([true]));
  });

  test("of a vault that is not there changes nothing", async () => {
    expect(await vault("rotate")).toEqual({
      stdout: "",
      stderr: said("there is no vault, and no key to change"),
      exitCode: 1,
    });
    expect(existsSync(join(here.folder, "mcp-bridge"))).toBe(false);
  });
});

describe("vault export and import", () => {
  test("bring a sign-in to another machine", async () => {
    await signIn();
    expect(await vault("export", "tokens.vault")).toEqual({
      stdout: "",
      stderr: said(
        'the tokens are in "HERE/tokens.vault", under the passphrase',
        "use them on one machine alone: a server that meets a token which was renewed elsewhere may end both sign-ins",
      ),
      exitCode: 0,
    });
    if (!onWindows) expect(statSync(file).mode & 0o777).toBe(0o600);
    const { stderr, exitCode } = await run(there, { MCP_BRIDGE_PASSPHRASE: PASSPHRASE }, "vault", "import", file);
    expect(exitCode).toBe(0);
    expect(stderr).toEndWith(said('3 rows came from "HERE/tokens.vault": nobody needs that file any more'));
    expect(await isSignedIn(there)).toBe(true);
    expect(browser.count).toBe(1);
  });

  test("let no secret out: not by output, and not by the file", async () => {
    await signIn();
    const transcripts = [await vault("export", file), await vault("import", file), await vault("rotate")];
    const outputs = { outputs: JSON.stringify(transcripts) };
    expect(sweep([as.tokens.marker, PASSPHRASE], { folders: [here.folder], outputs })).toEqual([]);
  });

  test("take another passphrase for wrong, and change nothing", async () => {
    await signIn();
    await vault("export", file);
    expect(await run(there, { MCP_BRIDGE_PASSPHRASE: "another" }, "vault", "import", file)).toEqual({
      stdout: "",
      stderr: said(
        "error: cannot open the vault: its key is a passphrase, and not the one that was given",
        "hint: set MCP_BRIDGE_PASSPHRASE to the one it has",
      ),
      exitCode: 1,
    });
    expect(existsSync(join(there.folder, "mcp-bridge"))).toBe(false);
  });

  test("take a damaged file for what it is, and change nothing", async () => {
    await signIn();
    await vault("export", file);
    writeFileSync(file, readFileSync(file).subarray(0, 5_000));
    expect(await run(there, { MCP_BRIDGE_PASSPHRASE: PASSPHRASE }, "vault", "import", file)).toEqual({
      stdout: "",
      stderr: said(
        "error: the file to import is no exported vault",
        'hint: make it with "mcp-bridge vault export"',
      ),
      exitCode: 1,
    });
    expect(existsSync(join(there.folder, "mcp-bridge"))).toBe(false);
  });

  test("leave out a row that was changed on the way, and say so", async () => {
    await signIn();
    await vault("export", file);
    {
      using exported = new Database(file);
      exported.run("UPDATE sealed SET content = zeroblob(60) WHERE part = 'clients'");
    }
    const { stderr, exitCode } = await run(there, { MCP_BRIDGE_PASSPHRASE: PASSPHRASE }, "vault", "import", file);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      said("warning: a row of the vault is not what was written, and left out: sign in again where it is asked for"),
    );
    expect(stderr).toContain('2 rows came from "HERE/tokens.vault"');
  });

  test("write over no file that is there", async () => {
    await signIn();
    writeFileSync(file, "mine");
    expect(await vault("export", file)).toEqual({
      stdout: "",
      stderr: said('error: "HERE/tokens.vault" is there already', "hint: name a new file"),
      exitCode: 2,
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  test("want a passphrase, and do nothing where there is nobody to ask", async () => {
    await signIn();
    expect(await run(here, {}, "vault", "export", file)).toEqual({
      stdout: "",
      stderr: said(
        "error: this takes a passphrase, and there is no terminal to ask for it",
        "hint: set MCP_BRIDGE_PASSPHRASE",
      ),
      exitCode: 2,
    });
    expect(existsSync(file)).toBe(false);
  });
});

describe.skipIf(onWindows)("a passphrase at the terminal", () => {
  /** Runs a command at a terminal, and types the next of `answers` whenever it asks. */
  async function typeIn(answers: string[], ...words: string[]): Promise<{ shown: string; exitCode: number }> {
    let shown = "";
    let asked = 0;
    const command = Bun.spawn([EXECUTABLE, "vault", ...words], {
      cwd: here.folder,
      env: { ...here.env, MCP_BRIDGE_VAULT_KEY: "file", NO_COLOR: "1" },
      terminal: {
        data(terminal, bytes): void {
          shown += new TextDecoder().decode(bytes);
          const questions = shown.match(/passphrase of the file[^:\n]*: /g)?.length ?? 0;
          for (; asked < questions; asked++) terminal.write(`${answers[asked]}\r`);
        },
      },
    });
    const exitCode = await command.exited;
    return { shown: shown.replaceAll(here.folder, "HERE").replaceAll("\r\n", "\n"), exitCode };
  }

  test("is asked for twice where it is new, and never shown", async () => {
    await signIn();
    const { shown, exitCode } = await typeIn([`${PASSPHRASE}x\u007f`, PASSPHRASE], "export", file);
    expect(exitCode).toBe(0);
    expect(shown).toStartWith("passphrase of the file: \npassphrase of the file, once more: \nmcp-bridge: ");
    expect(shown).not.toContain(PASSPHRASE.slice(0, 7));
    const { exitCode: imported } = await typeIn([PASSPHRASE], "import", file);
    expect(imported).toBe(0);
  });

  test("that is typed otherwise the second time does nothing, and so does Ctrl-C", async () => {
    await signIn();
    const differing = await typeIn(["one", "other"], "export", file);
    expect(differing.exitCode).toBe(2);
    expect(differing.shown).toContain("mcp-bridge: error: the two passphrases differ: nothing was done\n");
    const givenUp = await typeIn(["one\u0003"], "export", file);
    expect(givenUp.exitCode).toBe(1);
    expect(givenUp.shown).toContain("mcp-bridge: error: given up at the terminal: nothing was done\n");
    expect(existsSync(file)).toBe(false);
  });
});

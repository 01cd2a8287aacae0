/** Signing in, by the executable as a client starts it, with a server, an authorization server and a browser. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";

let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  home = new Home();
  as = new FakeAs();
  server = new ProtectedMcp(as);
  browser = new FakeBrowser();
});
afterEach(() => {
  for (const part of [browser, server, as, home]) part[Symbol.dispose]();
});

/** What all processes of one person share. */
function surroundings(): { env: Record<string, string> } {
  return { env: { ...browser.env, MCP_BRIDGE_HOME: join(home.folder, "state") } };
}

function start(...flags: string[]): Executable {
  return new Executable(surroundings(), server.url, ...flags);
}

/** Runs a command to its end. */
async function run(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const { env } = surroundings();
  const command = Bun.spawn([EXECUTABLE, ...words], {
    cwd: home.folder,
    env: { ...home.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([command.stdout.text(), command.stderr.text()]);
  return { stdout, stderr, exitCode: await command.exited };
}

describe("an unmodified client at a server that demands OAuth", () => {
  test("is served: the browser opens once, and the client gets the server's own answer", async () => {
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect((await bridge.request({ id: 1, method: "tools/list" })).error).toBeUndefined();
    expect(browser.count).toBe(1);
    expect(as.asked("register")).toHaveLength(1);
    expect(server.judged("good")).toBeGreaterThanOrEqual(3);
    const page = (await browser.visits.find(() => true)).page!;
    expect([page.status, page.text]).toEqual([200, expect.stringContaining("You are signed in")]);
  });

  test("is not asked again by the next start, which fetches no metadata", async () => {
    {
      await using bridge = start();
      await bridge.initialize();
    }
    const before = [as.seen.items.length, server.seen.items.length];
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(1);
    expect(as.seen.items.length).toBe(before[0]!);
    const asked = server.seen.items.slice(before[1]);
    expect(asked[0]!.message!.method).toBe("initialize");
  });
});

describe("the commands", () => {
  test("login, status, logout", async () => {
    const login = await run("login", server.url);
    expect(login.stderr).toContain("you are signed in");
    expect(login.exitCode).toBe(0);
    const status = JSON.parse((await run("status", "--json")).stdout);
    expect(status.accounts).toMatchObject([{
      server: server.url,
      account: "default",
      issuer: as.issuer,
      renews: true,
    }]);
    expect((await run("login", server.url)).stderr).toContain("signed in already");
    const logout = await run("logout", server.url);
    expect(logout.stderr).toContain("the tokens are gone");
    expect(as.asked("revoke").length).toBeGreaterThan(0);
    expect(JSON.parse((await run("status", "--json")).stdout).accounts).toEqual([]);
  });
});

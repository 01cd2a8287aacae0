/** What strangers send to the callback while a person signs in (B6, B7). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";

let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  as = new FakeAs();
  server = new ProtectedMcp(as);
  browser = new FakeBrowser();
});
afterEach(() => {
  for (const part of [browser, server, as]) part[Symbol.dispose]();
});

test("100 wrong visits are told so and change nothing, and the right one still counts", async () => {
  const release = browser.hold();
  await using bridge = new Executable({ env: browser.env }, server.url, "--debug");
  const answer = bridge.initialize();
  const { args } = await browser.openings.find(() => true);
  const asked = new URL(args.at(-1)!).searchParams;
  const [callback, state] = [asked.get("redirect_uri")!, asked.get("state")!];
  const { host, origin } = new URL(callback);
  const visits: [address: string, init?: RequestInit][] = [
    [callback],
    [`${callback}?code=x`],
    [`${callback}?code=x&state=`],
    [`${callback}?code=x&state=${state.slice(1)}`],
    [`${callback}?code=x&state=${state}&state=${state}`],
    [`${callback}?error=access_denied&state=${state.toLowerCase()}x`],
    [`${callback}/?code=x&state=${state}`],
    [`${origin}/?code=x&state=${state}`],
    [`${callback}?code=x&state=${state}`, { method: "POST" }],
    [`${callback}?code=x&state=${state}`, { headers: { host: `evil.example:${host.split(":")[1]}` } }],
  ];
  for (let round = 0; round < 10; round++) {
    for (const [address, init] of visits) {
      const { status, headers } = await fetch(address, init);
      expect([address, status]).toEqual([address, 400]);
      expect(headers.get("content-security-policy")).toStartWith("default-src 'none'");
    }
  }
  expect(as.asked("token")).toEqual([]);
  release();
  expect((await answer).result.serverInfo.name).toBe("fake");
  expect([browser.count, as.asked("token").length]).toEqual([1, 1]);
  const outputs = { stdout: bridge.output, stderr: bridge.stderr };
  expect(sweep([as.tokens.marker], { outputs, pids: [bridge.pid] })).toEqual([]);
});

test("the right visit counts once, however often it is made", async () => {
  browser.person.times = 3;
  await using bridge = new Executable({ env: browser.env }, server.url);
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  await browser.visits.find(() => true);
  expect(as.asked("token")).toHaveLength(1);
  expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
});

/** The command that starts another as somebody else, which only root can. */
const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
const canBeOthers = process.platform === "linux" && process.getuid!() === 0 && Bun.which("setpriv") !== null &&
  Bun.which("bash") !== null;

describe.if(canBeOthers)("another user, who has read the page's address in the browser's arguments,", () => {
  test.each<[how: string, rest: string, status: string]>([
    ["and waits for an answer", "head -n 1 <&3", "HTTP/1.1 403 Forbidden"],
    ["and hangs up at once", ":", ""],
  ])("brings a code %s: the person is not signed in by it, and still is by their own", async (_how, rest, status) => {
    const release = browser.hold();
    await using bridge = new Executable({ env: browser.env }, server.url);
    const answer = bridge.initialize();
    const { args } = await browser.openings.find(() => true);
    const asked = new URL(args.at(-1)!).searchParams;
    const { hostname, port, pathname } = new URL(asked.get("redirect_uri")!);
    const head = `GET ${pathname}?code=theirs&state=${
      asked.get("state")
    } HTTP/1.1\\r\\nHost: ${hostname}:${port}\\r\\n\\r\\n`;
    const script = `exec 3<>/dev/tcp/${hostname}/${port}; printf '${head.replaceAll("%", "%%")}' >&3; ${rest}`;
    const visit = Bun.spawnSync([...AS_NOBODY, "bash", "-c", script], { cwd: "/", env: { PATH: process.env["PATH"] } });
    expect([visit.exitCode, visit.stdout.toString().trim()]).toEqual([0, status]);
    await bridge.stderr.find((line) => line.includes("turned away another user of this machine"));
    expect(as.asked("token")).toEqual([]);
    release();
    expect((await answer).result.serverInfo.name).toBe("fake");
    expect(as.asked("token")).toHaveLength(1);
  });
});

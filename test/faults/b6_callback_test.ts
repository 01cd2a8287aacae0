/** What strangers send to the callback while a person signs in (B6, B7). */
import { afterEach, beforeEach, expect, test } from "bun:test";
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

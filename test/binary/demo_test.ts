/** The demo as a stranger runs it: what it shows, and that it leaves nothing behind, however it ends. */
import type { Subprocess } from "bun";
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { EXECUTABLE } from "../../scripts/build.ts";
import { Page } from "../../scripts/demo/page.ts";
import { tell } from "../../scripts/demo/story.ts";
import { Home } from "../harness/home.ts";
import { LineLog } from "../harness/line_log.ts";

const ROOT = join(import.meta.dir, "..", "..");
const onWindows = process.platform === "win32";

/** What the demo shows, with the times left out, and numbers of the day in the place of those that differ. */
const TRANSCRIPT = `\
mcp-bridge  joins an MCP client that speaks stdio with a remote MCP server that speaks HTTP
  install   the packages that bun.lockb names
  build     dist/mcp-bridge
  server    shipyard 2.7.0 on 127.0.0.1:1, tried once without a bridge

            client                           bridge                           server
            MCP SDK ${manifest.dependencies["@modelcontextprotocol/client"]}, unmodified        \
mcp-bridge, process 1 shipyard
            │<─────────── stdio ────────────>│<────── Streamable HTTP ───────>│  arrived
            │                                │                                │
  connect   ├─ initialize ──────────────────>├─ POST, no token ──────────────>│
            │                                │<────────── 401, sign in first ─┤
            │                                │                                │
  discover  │                                ├─ GET, where to sign in ───────>│
            │                                │<─── 200, at the harbourmaster ─┤
            │                                │                                harbourmaster
            │                                ├─ GET, how to sign in ─────────>│
            │                                │<────── 200, by code with PKCE ─┤
            │                                │                                │
  register  │                                ├─ POST, who we are ────────────>│
            │                                │<──────────── 201, a client id ─┤
            │                                │                                browser
  sign in   │                                ├─ the sign-in page ────────────>│
            │    the person agrees: the harbourmaster answers 302, to the bridge's callback
            │                                │<────────── callback, code ... ─┤
            │                                │                                harbourmaster
  token     │                                ├─ POST, code ..., verifier ... >│
            │                                │<─ 200, token ..., refresh ... ─┤
            │    both sealed in vault.db, 1 bytes, in which no token stands in the clear
            │    the browser shows "You are signed in"
            │                                │                                shipyard
            │                                ├─ POST, token ... ─────────────>│
            │<───────── revision 2025-11-25 ─┤<──────────── session 00000000 ─┤
            │                                ├─ GET, session 00000000 ───────>│
            │                                │                                │
  list      ├─ tools/list ──────────────────>├─ POST, session 00000000 ──────>│
            │<───────────────────── 2 tools ─┤<────── 200, text/event-stream ─┤
            │    find_issues      finds the open issues under a label
            │    publish_release  publishes a release and reports each stage
            │                                │                                │
  call      ├─ tools/call find_issues ──────>├─ POST, session 00000000 ──────>│
            │<────────────────────── result ─┤<────── 200, text/event-stream ─┤
            │    2 open issues under "crash"
            │    #412  importing an empty calendar, open for 3 days
            │    #398  printing a page of zero height, open for 2 weeks
            │                                │                                │
  progress  ├─ tools/call publish_release ──>├─ POST, session 00000000 ──────>│
            │<─────────────── 1 of 3, built ─┤<────── notifications/progress ─┤
            │<────────────── 2 of 3, signed ─┤<────── notifications/progress ─┤
            │<──────────── 3 of 3, uploaded ─┤<────── notifications/progress ─┤
            │<────────────────────── result ─┤<────── 200, text/event-stream ─┤
            │    4.2.0 is published
            │                                │                                │
  push      │<────────── tools/list_changed ─┤<──────── on the stream of GET ─┤
            │    asked again, the server lists 3 tools, among them withdraw_release
            │                                │                                │
  close     ├─ end of input ────────────────>├─ DELETE, session 00000000 ────>│
            │<───────────────── exit code 0 ─┤<──────── 200, 0 sessions left ─┤

  again     ├─ initialize ──────────────────>├─ POST, token ... ─────────────>│
            │<───────── revision 2025-11-25 ─┤<──────────── session 00000000 ─┤
            │    process 1 has opened the vault: no browser, 0 requests to the harbourmaster
            │                                │                                │
  renew     ├─ tools/call find_issues ──────>├─ POST, token ... ─────────────>│
            │                                │<──── 401, the token has ended ─┤
            │                                │                                harbourmaster
            │                                ├─ POST, refresh token ... ─────>│
            │                                │<─ 200, token ..., refresh ... ─┤
            │    both sealed in vault.db, 1 bytes, in which no token stands in the clear
            │                                │                                shipyard
            │                                ├─ POST, token ... ─────────────>│
            │<────────────────────── result ─┤<────── 200, text/event-stream ─┤
            │                                │                                │
  close     ├─ end of input ────────────────>├─ DELETE, session 00000000 ────>│
            │<───────────────── exit code 0 ─┤<──────── 200, 0 sessions left ─┤

  your turn make "dist/mcp-bridge <url>" the command of a server in your client`;

/** The demo in a process group and with a folder for temporary files of its own. Disposing it removes the folder. */
class Demo implements Disposable {
  readonly output: LineLog;
  readonly stderr: LineLog;
  readonly #home = new Home();
  readonly #temp = join(this.#home.folder, "temp");
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;

  constructor(...args: string[]) {
    mkdirSync(this.#temp);
    this.#process = Bun.spawn([process.execPath, ...args], {
      cwd: ROOT,
      env: { ...this.#home.env, TEMP: this.#temp, TMP: this.#temp, TMPDIR: this.#temp },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.output = new LineLog(this.#process.stdout);
    this.stderr = new LineLog(this.#process.stderr);
  }

  /** Sends a signal to the demo alone, and not to what it started. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for the end and gives the exit code. Throws when a process or a file outlives the demo. */
  async end(): Promise<number> {
    const code = await this.#process.exited;
    await Promise.all([this.output.ended, this.stderr.ended]);
    expect(readdirSync(this.#temp)).toEqual([]);
    if (!onWindows) expect(() => process.kill(-this.#process.pid, 0)).toThrow("ESRCH");
    return code;
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
    this.#home[Symbol.dispose]();
  }
}

test("shows how a client, the bridge and a server work together, and leaves nothing behind", async () => {
  using demo = new Demo("run", "--silent", "demo");
  expect(await demo.end()).toBe(0);
  expect(demo.stderr.items).toEqual([]);
  expect(Math.max(...demo.output.items.map((line) => line.length))).toBeLessThan(100);
  const shown = demo.output.toString()
    .replaceAll(relative(ROOT, EXECUTABLE), "dist/mcp-bridge")
    .replaceAll(/ +\d+\.\d m?s$/gm, "")
    .replaceAll(/session [0-9a-f]{8}/g, "session 00000000")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1")
    .replaceAll(/process \d+ +/g, "process 1 ")
    .replaceAll(/[\d,]+ bytes/g, "1 bytes");
  expect(shown).toBe(TRANSCRIPT);
  // Whatever the harbourmaster gives out is marked.
  expect(demo.output.toString()).not.toContain("marked");
});

test.skipIf(onWindows)("leaves nothing behind when it is ended while a person signs in", async () => {
  using demo = new Demo(join("scripts", "demo.ts"));
  await demo.output.find((line) => line.includes("tried once"));
  demo.kill("SIGTERM");
  expect(await demo.end()).toBe(143);
  expect(demo.stderr.items).toEqual([]);
});

test.skipIf(onWindows)("leaves nothing behind when it is ended in the midst of a call", async () => {
  using demo = new Demo(join("scripts", "demo.ts"));
  await demo.output.find((line) => line.includes("1 of 3"));
  demo.kill("SIGTERM");
  expect(await demo.end()).toBe(143);
  expect(demo.output.toString()).not.toContain("2 of 3");
  expect(demo.stderr.items).toEqual([]);
});

test("says which step failed", async () => {
  const page = new Page({ write: () => {} });
  const told = tell(page, join(ROOT, "no-such-file"), new AbortController().signal);
  await expect(told).rejects.toThrow('the step "connect" failed: ');
});

test("paints for people only, and for none who ask for no colour", () => {
  function written(isTTY: boolean): string {
    let text = "";
    new Page({ isTTY, write: (more) => text += more }).there({ step: "step", left: "left", ms: 1 });
    return text;
  }
  const before = process.env.NO_COLOR;
  try {
    delete process.env.NO_COLOR;
    expect(written(true)).toContain("\x1b[");
    expect(Bun.stripANSI(written(true))).toBe(written(false));
    process.env.NO_COLOR = "1";
    expect(written(true)).toBe(written(false));
  } finally {
    if (before === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = before;
  }
});

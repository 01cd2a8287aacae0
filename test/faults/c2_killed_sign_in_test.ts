/** The executable ended by force around the one moment when a code or a refresh token is spent (C2). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Barrier } from "../harness/as_faults.ts";
import { Executable } from "../harness/executable.ts";
import type { FakeAs } from "../harness/fake_as.ts";
import type { FakeBrowser } from "../harness/fake_browser.ts";
import type { Home } from "../harness/home.ts";
import type { ProtectedMcp } from "../harness/protected_mcp.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

type Point = "before it is spent" | "after it is spent" | "as its answer comes";
const POINTS: Point[] = ["before it is spent", "after it is spent", "as its answer comes"];

let scene: SignInScene;
let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  scene = new SignInScene();
  ({ home, as, server, browser } = scene);
});
afterEach(() => {
  // What was spent for a process that is no more may be sent again by the next one, which cannot know of it.
  as.tokens.takeAlarms();
  scene[Symbol.dispose]();
});

function start(...flags: string[]): Executable {
  return new Executable({ env: { ...home.env, ...browser.env } }, server.url, ...flags);
}

/** Kills a process that asks for tokens; it is sent `initialize`, which is not answered. */
async function killAt(point: Point): Promise<void> {
  const barrier = new Barrier();
  as.on("token", point === "before it is spent" ? barrier.before : barrier.after);
  await using bridge = start("--debug");
  bridge.send({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
  await barrier.arrived();
  if (point === "as its answer comes") barrier.open();
  bridge.kill("SIGKILL");
  await bridge.exit(5_000);
  barrier.open();
  as.on("token");
}

/** Works, and gives how often the authorization server was asked for tokens meanwhile. */
async function startAgain(): Promise<number> {
  const before = as.asked("token").length;
  await using bridge = start("--debug");
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
  const outputs = { stdout: bridge.output, stderr: bridge.stderr };
  expect(sweep([as.tokens.marker], { folders: [home.folder], outputs, pids: [bridge.pid] })).toEqual([]);
  return as.asked("token").length - before;
}

describe("a process that is killed leads to one more page at most, and never to a start that fails", () => {
  test.each(POINTS)("in a sign-in, at the code, %s", async (point) => {
    await killAt(point);
    expect(await startAgain()).toBeLessThanOrEqual(1);
    expect(browser.count).toBeLessThanOrEqual(2);
    expect(await startAgain()).toBe(0);
  });

  test.each(POINTS)("in a renewal, at the refresh token, %s", async (point) => {
    await startAgain();
    as.tokens.expireAccess();
    await killAt(point);
    expect(await startAgain()).toBeLessThanOrEqual(2);
    expect(browser.count).toBeLessThanOrEqual(2);
    expect(await startAgain()).toBe(0);
  });

  test("and why there is one more is said before it opens (C2, C7)", async () => {
    await startAgain();
    as.tokens.expireAccess();
    await killAt("after it is spent");
    await using bridge = start();
    await bridge.initialize();
    const said = (words: string): number => bridge.stderr.items.findIndex((line) => line.includes(words));
    expect(said("the token is not renewed, and a new sign-in is needed: ")).toBeGreaterThanOrEqual(0);
    expect(said("signed in to ")).toBeGreaterThan(said("a new sign-in is needed"));
  });
});

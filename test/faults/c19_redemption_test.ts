/** Whoever leaves while a refresh token is being redeemed: what was sent is waited for and kept (C19, C21). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Barrier } from "../harness/as_faults.ts";
import { Executable } from "../harness/executable.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

let scene: SignInScene;
let barrier: Barrier;
beforeEach(() => {
  scene = new SignInScene();
  barrier = new Barrier();
});
afterEach(() => scene[Symbol.dispose]());

const INITIALIZE = { jsonrpc: "2.0", id: 1, method: "initialize", params: {} };
const WAYS: readonly [name: string, leave: (bridge: Executable) => void, exitCode: number][] = [
  ["the end of input", (bridge) => bridge.endInput(), 0],
  ["SIGTERM", (bridge) => bridge.kill("SIGTERM"), 143],
];

function start(...words: string[]): Executable {
  const { home, browser, server } = scene;
  return new Executable({ env: { ...home.env, ...browser.env } }, ...words, server.url);
}

/** Signs in, and lets the token end: whoever starts next redeems, and gets no answer before the barrier is open. */
async function ended(): Promise<void> {
  await using bridge = start();
  await bridge.initialize();
  scene.as.tokens.expireAccess();
  scene.as.on("token", barrier.after);
}

/** It waits for the answer, and says so; the answer then comes. */
async function answered({ stderr }: Pick<Executable, "stderr">): Promise<void> {
  await stderr.find((line) => line.includes("ending once the renewed token is here"));
  barrier.open();
}

/** The next start has the token at hand: no page, no redemption, and no alarm. */
async function expectKept(): Promise<void> {
  const { as, browser } = scene;
  const before = as.asked("token").length;
  await using next = start();
  expect((await next.initialize()).result.serverInfo.name).toBe("fake");
  expect([as.asked("token").length - before, browser.count, as.tokens.takeAlarms()]).toEqual([0, 1, []]);
}

describe("a redemption that is on its way is waited for", () => {
  test.each(WAYS)("at %s", async (_way, leave, exitCode) => {
    await ended();
    await using bridge = start();
    bridge.send(INITIALIZE);
    await barrier.arrived();
    leave(bridge);
    await answered(bridge);
    expect(await bridge.exit(5_000)).toBe(exitCode);
    await expectKept();
  });

  test("by a command that a signal ends", async () => {
    await ended();
    await using tools = start("tools");
    await barrier.arrived();
    tools.kill("SIGTERM");
    await answered(tools);
    expect(await tools.exit(5_000)).toBe(143);
    await expectKept();
  });

  test("by serve", async () => {
    await ended();
    const { home, server } = scene;
    await using serve = await ServeExecutable.start({ a: { url: server.url } }, { home, env: scene.browser.env });
    const asked = serve.open("/mcp/a").catch(() => {});
    await barrier.arrived();
    serve.kill("SIGTERM");
    await answered(serve);
    expect(await serve.exit(5_000)).toBe(143);
    await asked;
    await expectKept();
  });
});

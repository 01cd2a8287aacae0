/** A server that names another authorization server than before: what the old one gave stays with the old one (A11). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Executable } from "../harness/executable.ts";
import { type AsRequest, FakeAs } from "../harness/fake_as.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

let scene: SignInScene;
let other: FakeAs;

beforeEach(() => {
  scene = new SignInScene();
  other = new FakeAs();
});
afterEach(() => {
  scene[Symbol.dispose]();
  other[Symbol.dispose]();
});

function start(): Executable {
  return new Executable({ env: { ...scene.home.env, ...scene.browser.env } }, scene.server.url, "--debug");
}

async function connect(): Promise<void> {
  await using bridge = start();
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
}

function clientOf(as: FakeAs): string {
  return as.asked("authorize").at(-1)!.parameters.get("client_id")!;
}

/** All that a request said, in one text. */
function wordsOf({ path, headers, parameters, text }: AsRequest): string {
  return [path, ...[...headers].flat(), ...[...parameters].flat(), text].join("\n");
}

/** How many requests `to` got, none of which may carry anything that `from` gave. */
function strangersSeen(from: FakeAs, to: FakeAs): number {
  const secrets = [from.tokens.marker, clientOf(from)];
  const astray = to.seen.items.filter((request) => secrets.some((secret) => wordsOf(request).includes(secret)));
  expect(astray.map(({ endpoint }) => endpoint)).toEqual([]);
  return to.seen.items.length;
}

function expectNoLeak(bridge: Executable): void {
  const outputs = { stdout: bridge.output, stderr: bridge.stderr };
  const folders = [join(scene.home.folder, "state")];
  expect(sweep([other.tokens.marker], { folders, outputs, pids: [bridge.pid] })).toEqual([]);
}

describe("a server that moves to another authorization server shows it nothing of the old one's", () => {
  test("before the next start, with a token that had not ended", async () => {
    await connect();
    scene.server.moveTo(other);
    await connect();
    expect(strangersSeen(scene.as, other)).toBeGreaterThanOrEqual(4);
    expect(scene.browser.count).toBe(2);
    expect(other.asked("token").map(({ parameters }) => parameters.get("grant_type"))).toEqual(["authorization_code"]);
  });

  test("and the person is told, by both names, and nothing where it stays", async () => {
    const isTold = (line: string): boolean => line.includes("no longer at");
    scene.as.offersRefresh = false;
    await connect();
    scene.as.tokens.expireAccess();
    const lines: string[] = [];
    {
      await using same = start();
      await same.initialize();
      await same.stderr.find((line) => line.includes("signed in"));
      lines.push(...same.stderr.items);
    }
    scene.server.moveTo(other);
    await using moved = start();
    await moved.initialize();
    const told = await moved.stderr.find(isTold);
    expect(told).toContain(`at ${JSON.stringify(other.issuer)}, and no longer at ${JSON.stringify(scene.as.issuer)}`);
    expect([lines.filter(isTold), scene.browser.count]).toEqual([[], 3]);
  });

  test("before the next start, with one to renew: only who gave it is asked to", async () => {
    await connect();
    scene.as.tokens.expireAccess();
    scene.server.moveTo(other);
    await connect();
    expect(strangersSeen(scene.as, other)).toBeGreaterThanOrEqual(4);
    expect(other.asked("register")).toHaveLength(1);
  });

  test("in mid-session, with calls in flight that are answered once each", async () => {
    await using bridge = start();
    await bridge.initialize();
    scene.server.moveTo(other);
    const ids = [...Array(20).keys()].map((at) => at + 10);
    const answers = await Promise.all(ids.map((id) => bridge.request({ id, method: "tools/list" })));
    expect(answers.filter(({ result }) => result === undefined)).toEqual([]);
    expect(strangersSeen(scene.as, other)).toBeGreaterThanOrEqual(4);
    expect(scene.browser.count).toBe(2);
    expectNoLeak(bridge);
  });

  test("and back again, where the old one's client is still known, and the new one's stays away", async () => {
    await connect();
    const { length } = scene.as.seen.items;
    scene.server.moveTo(other);
    await connect();
    scene.server.moveTo(scene.as);
    await connect();
    strangersSeen(scene.as, other);
    strangersSeen(other, scene.as);
    expect(scene.as.seen.items.length).toBeGreaterThan(length);
    expect(scene.as.asked("register")).toHaveLength(1);
  });
});

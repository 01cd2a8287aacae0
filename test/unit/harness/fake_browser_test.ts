import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FakeAs } from "../../harness/fake_as.ts";
import { FakeBrowser } from "../../harness/fake_browser.ts";
import { HandClient, type Started } from "../../harness/hand_client.ts";

let as: FakeAs;
let browser: FakeBrowser;
/** What the callback was visited with. */
let callbacks: URL[];
let listener: Bun.Server<undefined>;
let client: HandClient;
let started: Started;

beforeEach(async () => {
  as = new FakeAs();
  browser = new FakeBrowser();
  callbacks = [];
  listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      callbacks.push(new URL(request.url));
      return new Response("signed in");
    },
  });
  client = await HandClient.register(`${as.issuer}/.well-known/oauth-authorization-server`);
  started = client.start({ "redirect_uri": `http://127.0.0.1:${listener.port}/callback` });
});
afterEach(async () => {
  await listener.stop(true);
  browser[Symbol.dispose]();
  as[Symbol.dispose]();
});

/** Starts the browser as a process would, and gives what it ends with. */
function open(...args: string[]): Promise<number> {
  const env = { PATH: process.env.PATH!, MARK: "here", HTTP_PROXY: "http://127.0.0.1:9" };
  return Bun.spawn([browser.env.BROWSER!, ...args], { env, stdin: "ignore", stdout: "inherit", stderr: "inherit" })
    .exited;
}

describe.skipIf(process.platform === "win32")("the fake browser", () => {
  test("follows the address up to the callback, and tells what it was started with", async () => {
    expect(await open(started.url)).toBe(0);
    const [visit] = browser.visits.items;
    expect(visit!.opening.args).toEqual([started.url]);
    expect(visit!.opening.env.MARK).toBe("here");
    expect(visit!.way).toHaveLength(2);
    expect(visit!.page).toMatchObject({ status: 200, text: "signed in" });
    expect(callbacks.map(({ searchParams }) => searchParams.get("state"))).toEqual([started.state]);
  });

  test("counts how often it is opened, by whichever process", async () => {
    await Promise.all([open(started.url), open(started.url), open(started.url)]);
    expect([browser.count, callbacks.length]).toEqual([3, 3]);
  });

  test("waits until the test lets the person go on", async () => {
    const release = browser.hold();
    const ended = open(started.url);
    await browser.openings.find(() => true);
    // Whoever does not wait is there before this one.
    await client.approved(client.start());
    expect(as.asked("authorize")).toHaveLength(1);
    release();
    expect(await ended).toBe(0);
    expect(callbacks).toHaveLength(1);
  });

  test("carries back what the person makes of it", async () => {
    browser.deny();
    await open(started.url);
    browser.person.change = (callback) => callback.set("state", "another");
    browser.person.times = 2;
    browser.person.exitCode = 3;
    expect(await open(started.url)).toBe(3);
    const said = callbacks.map(({ searchParams }) => ["error", "state"].map((name) => searchParams.get(name)));
    expect(said).toEqual([["access_denied", started.state], [null, "another"], [null, "another"]]);
    expect(callbacks[0]!.searchParams.has("code")).toBe(false);
  });

  test("shows no page where nobody is at home, and leaves loopback for nobody", async () => {
    await listener.stop(true);
    expect((await browser.visit(started.url)).page).toBeUndefined();
    expect((await browser.visit("https://mcp.example.com/authorize")).page).toBeUndefined();
    expect(browser.lost).toEqual(["The walk leads away from loopback, to https://mcp.example.com"]);
    expect(browser.count).toBe(0);
  });

  test("fails the test that opens the one that must not be opened", async () => {
    const forbidden = FakeBrowser.forbidden();
    expect(await Bun.spawn([forbidden.env.BROWSER!, started.url]).exited).toBe(1);
    expect(callbacks).toEqual([]);
    expect(() => forbidden[Symbol.dispose]()).toThrow("must not be opened");
    FakeBrowser.forbidden()[Symbol.dispose]();
  });
});

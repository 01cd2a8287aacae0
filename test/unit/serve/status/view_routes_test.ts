import { beforeEach, describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { LogTail } from "../../../../src/serve/status/log_tail.ts";
import type { PoolEntry } from "../../../../src/serve/pool.ts";
import { Sessions } from "../../../../src/serve/sessions.ts";
import type { ServerStatus, Status, TokenEnd } from "../../../../src/serve/status/status.ts";
import { View } from "../../../../src/serve/status/view.ts";
import { addViewRoutes } from "../../../../src/serve/status/view_routes.ts";
import { FakeClock, settle } from "../../../harness/fake_clock.ts";

const ADDRESS = "https://a.example/mcp";
const HEADERS = { authorization: "Bearer token", host: "127.0.0.1:7319", "content-type": "application/json" };

let clock: FakeClock;
let view: View;
let app: Hono;
let tokens: TokenEnd[];
let signIns: { account: string; end: PromiseWithResolvers<void> }[];
let notices: string[];

beforeEach(async () => {
  clock = new FakeClock();
  tokens = [];
  signIns = [];
  notices = [];
  const notify = ({ text }: { text: string }): void => void notices.push(text);
  const sessions = new Sessions(clock, { most: 10, idle: 1_000 });
  const isOpen = (session: string): boolean => sessions.has(session);
  view = new View({ clock, notify, isOpen, sessionIdle: 0, tellsCalls: false });
  app = new Hono();
  addViewRoutes(app, {
    view,
    sessions,
    clock,
    version: "1.2.3",
    startedAt: clock.now(),
    tokens: () => Promise.resolve(tokens),
    guard: { names: ["127.0.0.1"], port: () => 7319, token: "token", notify },
    log: new LogTail(clock),
    url: () => "http://127.0.0.1:7319",
  });
  await view.pool.replace(new Map([["a", entry("a", true)], ["program", entry("program", false)]]));
});

function entry(slug: string, isRemote: boolean): PoolEntry {
  const signing = {
    address: ADDRESS,
    signIn(account: string, onwaiting: (cause: BridgeError) => void): Promise<void> {
      const end = Promise.withResolvers<void>();
      signIns.push({ account, end });
      onwaiting(
        new BridgeError("sign_in_required", `a person has to sign in first, at https://as.example/${"x".repeat(99)}`),
      );
      return end.promise;
    },
  };
  return {
    slug,
    account: "work",
    isShared: false,
    fingerprint: "",
    reach: () => ({
      name: slug,
      open: () => ({
        fromClient: () => undefined,
        leave: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
      close: () => Promise.resolve(),
    }),
    ...(isRemote ? { signing } : {}),
  };
}

async function ask(path: string, body?: string, headers: Record<string, string> = HEADERS): Promise<Response> {
  const length = { "content-length": String(body?.length) };
  return await app.request(
    path,
    body === undefined ? { headers } : { method: "POST", headers: { ...headers, ...length }, body },
  );
}

async function server(name = "a"): Promise<ServerStatus> {
  const { servers } = await (await ask("/api/status")).json() as Status;
  return servers.find((one) => one.server === name)!;
}

test("readiness is a matter of the servers being read, and of not ending", async () => {
  const ready = async (): Promise<unknown[]> => {
    const answer = await ask("/readyz");
    return [answer.status, await answer.json()];
  };
  expect(await ready()).toEqual([503, { ready: false, reasons: ["the servers are not read yet"] }]);
  view.replaced();
  expect(await ready()).toEqual([200, { ready: true, reasons: [] }]);
  view.close();
  expect(await ready()).toEqual([503, { ready: false, reasons: ["it is ending"] }]);
});

describe("the status", () => {
  test("has each server with its own account before anybody has asked for it", async () => {
    expect(await server()).toMatchObject({ account: "work", state: "idle", calls: 0, latency: [], signIn: "possible" });
    expect((await server("program")).signIn).toBe("none");
  });

  test("has the end of the account's token, and nothing else of it", async () => {
    const more = { issuer: "https://as.example", clientId: "hidden" };
    tokens = [
      { server: ADDRESS, account: "other", expiresAt: 1, renews: false },
      { server: ADDRESS, account: "work", expiresAt: 5, renews: true, ...more } as TokenEnd,
    ];
    expect((await server()).token).toEqual({ expiresAt: 5, renews: true });
    expect(await (await ask("/api/status")).text()).not.toContain("hidden");
  });
});

describe("a sign-in by a word of the page's", () => {
  test("goes on behind a 202, is told where it waits, and ends in the state", async () => {
    expect((await ask("/api/sign-in", '{"server":"a"}')).status).toBe(202);
    expect((await ask("/api/sign-in", '{"server":"a"}')).status).toBe(202);
    expect(signIns.map(({ account }) => account)).toEqual(["work"]);
    expect(await server()).toMatchObject({
      state: "signed-out",
      reason: "a person has to sign in first, at https://as.example/",
      signIn: "waiting",
      signInPage: `https://as.example/${"x".repeat(99)}`,
    });
    signIns[0]!.end.resolve();
    await settle();
    const after = await server();
    expect(after).toMatchObject({ state: "idle", reason: "somebody has signed in", signIn: "possible" });
    expect(after.signInPage).toBeUndefined();
  });

  test("that fails says why, and may be begun again", async () => {
    await ask("/api/sign-in", '{"server":"a","account":"other"}');
    signIns[0]!.end.reject(new BridgeError("sign_in_refused", "the person said no"));
    await settle();
    const { now, signInPage } = view.health.of("a", "other")!;
    expect([now.state, now.reason, signInPage]).toEqual(["signed-out", "the person said no", undefined]);
    expect(notices).toContain('nobody was signed in at "a" (account "other"): the person said no');
    await ask("/api/sign-in", '{"server":"a","account":"other"}');
    expect(signIns).toHaveLength(2);
  });

  test.each([
    ['{"server":"program"}', 404],
    ['{"server":"nobody"}', 404],
    ['{"server":1}', 400],
    ['{"server":"a","account":null}', 400],
    ["null", 400],
    ["{", 400],
    [`{"server":"${"a".repeat(5_000)}"}`, 400],
  ])("with the body %.40s is refused with %d", async (body, status) => {
    expect((await ask("/api/sign-in", body)).status).toBe(status);
    expect((await ask("/api/sign-in", body, { ...HEADERS, "content-type": "text/plain" })).status).toBe(400);
  });
});

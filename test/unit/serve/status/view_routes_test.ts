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
/** The connections of this machine, as Linux has them. */
let connections: string;

beforeEach(async () => {
  clock = new FakeClock();
  connections = connectionOf(1_000);
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
    userRule: { platform: "linux", uid: 1_000, read: () => Promise.resolve(connections) },
  });
  await view.pool.replace(new Map([["a", entry("a", true)], ["program", entry("program", false)]]));
});

/** That of a browser of the user `uid`, at port 0xabcd, to us. */
function connectionOf(uid: number): string {
  return `head\n 0: 0100007F:ABCD 0100007F:1C97 01 0:0 00:0 0 ${uid} 0 1 1 0 20 4 30 10 -1\n`;
}

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

test("the cookie of the page is worth nothing to another user of this machine, whose server at another port has seen it", async () => {
  const env = { requestIP: () => ({ address: "127.0.0.1", port: 0xabcd }) };
  const { host } = HEADERS;
  const { url } = await (await ask("/api/link", "")).json() as { url: string };
  const opened = await app.request(url, { headers: { host } }, env);
  const cookie = opened.headers.get("set-cookie")!.split(";")[0]!;
  const type = HEADERS["content-type"];
  const bring = (path: string, body?: string): Promise<number> => {
    // The runtime lets no request carry such headers but one that it received.
    const headers = new Headers({ host, cookie, origin: "http://127.0.0.1:7319", "content-type": type });
    if (body !== undefined) headers.set("content-length", String(body.length));
    const init = body === undefined ? { headers } : { method: "POST", headers, body };
    return Promise.resolve(app.request(path, init, env)).then(({ status }) => status);
  };
  const all = async (): Promise<number[]> => [
    await bring("/"),
    await bring("/api/status"),
    await bring("/api/log"),
    await bring("/api/sign-in", '{"server":"a"}'),
  ];
  connections = connectionOf(1_001);
  expect(await all()).toEqual([401, 401, 401, 401]);
  expect(signIns).toEqual([]);
  connections = connectionOf(1_000);
  expect(await all()).toEqual([200, 200, 200, 202]);
});

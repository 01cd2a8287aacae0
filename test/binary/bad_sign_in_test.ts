/** Signing in where something is wrong: what is refused, what that leaves behind, and that it works once all is right. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { amends, answers, drops, type Fault, html, refuses, returns, swollen } from "../harness/as_faults.ts";
import { Executable, type Message, type Surroundings } from "../harness/executable.ts";
import { type Endpoint, FakeAs } from "../harness/fake_as.ts";
import type { FakeBrowser } from "../harness/fake_browser.ts";
import type { Home } from "../harness/home.ts";
import type { ProtectedMcp } from "../harness/protected_mcp.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

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
  scene[Symbol.dispose]();
});

function surroundings(): Surroundings {
  return { env: { ...home.env, ...browser.env } };
}

function start(...flags: string[]): Executable {
  return new Executable(surroundings(), server.url, "--debug", ...flags);
}

function initialize(bridge: Executable, id: number): Promise<Message> {
  const clientInfo = { name: "by-hand", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  return bridge.request({ id, method: "initialize", params });
}

/** Which tables of the vault have rows. */
function tables(): string[] {
  const file = join(home.env["MCP_BRIDGE_HOME"]!, "vault.db");
  if (!existsSync(file)) return [];
  using database = new Database(file, { readonly: true });
  return database.query<{ part: string }, []>("SELECT DISTINCT part FROM sealed").all().map(({ part }) => part);
}

function expectError({ error }: Message, code: string): void {
  expect(error.data.code).toBe(code);
  expect(error.message).not.toMatch(/[\r\n]/);
  expect(error.data.hint).toMatch(/^\S.+[^.]$/);
}

function expectKept(bridge: Executable): void {
  const outputs = { stdout: bridge.output, stderr: bridge.stderr };
  expect(sweep([as.tokens.marker], { folders: [home.folder], outputs, pids: [bridge.pid] })).toEqual([]);
}

/** Puts a fault before endpoints; what is returned takes it away. */
function at(fault: Fault, ...endpoints: Endpoint[]): () => void {
  for (const endpoint of endpoints) as.on(endpoint, fault);
  return () => endpoints.forEach((endpoint) => as.on(endpoint));
}

/** Where an authorization server without a path publishes what it is. */
const PLACES: Endpoint[] = ["oauth_metadata", "openid_metadata"];

/** Changes what is published; what is returned changes it back. */
function published(what: "as" | "server", name: string, value: unknown): () => void {
  const { metadata } = what === "as" ? as : server;
  const before = metadata[name];
  metadata[name] = value;
  return () => metadata[name] = before;
}

/** Leads on 30 times. */
const circle: Fault = ({ path, parameters }) => {
  const turn = Number(parameters.get("turn") ?? 0) + 1;
  return turn > 30
    ? Response.json({})
    : new Response(null, { status: 307, headers: { location: `${path}?turn=${turn}` } });
};

const BIG = 2 * 1_048_576;

/** What is wrong, and by which code it is refused before anybody is asked. */
const UNASKED: [fault: string, code: string, provoke: () => () => void][] = [
  ["metadata of another issuer", "bad_metadata", () => published("as", "issuer", "https://else.example")],
  ["metadata for another server", "bad_metadata", () => published("server", "resource", "https://else.example/")],
  ["metadata that are a page", "bad_metadata", () => at(html(), ...PLACES)],
  ["metadata of 2 MB", "too_large", () => at(swollen(BIG), ...PLACES)],
  ["metadata behind 30 redirects", "bad_metadata", () => at(circle, ...PLACES)],
  ["metadata whose connection breaks", "outcome_unknown", () => at(drops("before"), ...PLACES)],
  ["an authorization server in trouble", "bad_metadata", () => at(answers(503), ...PLACES)],
  [
    "a token endpoint without encryption",
    "unsafe_address",
    () => published("as", "token_endpoint", "http://auth.example.com/token"),
  ],
  ["a program as sign-in page", "unsafe_address", () => published("as", "authorization_endpoint", "javascript:1")],
  [
    "a password in an address",
    "unsafe_address",
    () => published("as", "registration_endpoint", "https://a:b@auth.example.com/"),
  ],
  ["no PKCE", "no_pkce", () => published("as", "code_challenge_methods_supported", undefined)],
  ["PKCE without S256", "no_pkce", () => published("as", "code_challenge_methods_supported", ["plain"])],
  ["no registration", "registration_refused", () => published("as", "registration_endpoint", undefined)],
  [
    "a refused registration",
    "registration_refused",
    () => at(refuses("invalid_client_metadata"), "register"),
  ],
  ["a page as registration", "registration_refused", () => at(html(), "register")],
  ["a registration of 2 MB", "too_large", () => at(swollen(BIG), "register")],
];

/** What is wrong after the person has agreed, by which code it is refused, and how often tokens were asked for. */
const ASKED: [fault: string, code: string, tokenRequests: number, provoke: () => () => void][] = [
  [
    "an answer from another issuer",
    "foreign_answer",
    0,
    () => at(returns((callback) => callback.set("iss", "https://else.example")), "authorize"),
  ],
  [
    "a line break in a token",
    "bad_token_answer",
    1,
    () => at(amends((answer) => answer.access_token += "\r\nx-other: 1"), "token"),
  ],
  [
    "a line break in a refresh token",
    "bad_token_answer",
    1,
    () => at(amends((answer) => answer.refresh_token += "\n"), "token"),
  ],
  ["a page as token", "bad_token_answer", 1, () => at(html(), "token")],
  ["a token of 2 MB", "too_large", 1, () => at(swollen(BIG), "token")],
  ["a token behind 30 redirects", "bad_answer", 6, () => at(circle, "token")],
  [
    "a token request whose connection breaks before the code is spent",
    "outcome_unknown",
    1,
    () => at(drops("before"), "token"),
  ],
  [
    "a token request whose connection breaks after the code is spent",
    "outcome_unknown",
    1,
    () => at(drops("after"), "token"),
  ],
  ["an authorization server in trouble with tokens", "http_status", 1, () => at(answers(503), "token")],
];

test("no PKCE is taken on with --allow-no-pkce, and PKCE is sent all the same", async () => {
  published("as", "code_challenge_methods_supported", undefined);
  await using bridge = start("--allow-no-pkce");
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  expect(as.asked("authorize")[0]!.parameters.get("code_challenge_method")).toBe("S256");
});

describe("is refused before anybody is asked, leaves nothing behind, and is tried again by the same process", () => {
  test.each(UNASKED)("%s", async (_fault, code, provoke) => {
    const mend = provoke();
    await using bridge = start();
    // As often as an impatient host may try.
    for (let id = 1; id <= 4; id++) expectError(await initialize(bridge, id), code);
    expect([browser.count, as.asked("token").length]).toEqual([0, 0]);
    expect(tables()).toEqual([]);
    mend();
    expect((await initialize(bridge, 5)).result.serverInfo.name).toBe("fake");
    expect([browser.count, as.asked("token").length]).toEqual([1, 1]);
    expectKept(bridge);
  });
});

describe("is refused after the person has agreed, leaves no tokens behind, and is tried again by the same process", () => {
  test.each(ASKED)("%s", async (_fault, code, tokenRequests, provoke) => {
    const mend = provoke();
    await using bridge = start();
    expectError(await initialize(bridge, 1), code);
    const { page } = await browser.visits.find(() => true);
    expect([page!.status, page!.text]).toEqual([400, expect.stringContaining("The sign-in has failed")]);
    expect([browser.count, as.asked("token").length]).toEqual([1, tokenRequests]);
    expect(tables()).toEqual(["clients"]);
    mend();
    expect((await initialize(bridge, 2)).result.serverInfo.name).toBe("fake");
    expect(browser.count).toBe(2);
    expect(as.asked("token")).toHaveLength(tokenRequests + 1);
    expectKept(bridge);
  });
});

describe("a lifetime that cannot be true", () => {
  test.each([-1, 0, 0.001, 1e12, 1e308, "soon", "-5", null, true])(
    "of %p renews nothing for nothing",
    async (lifetime) => {
      as.on("token", amends((answer) => answer.expires_in = lifetime));
      await using bridge = start();
      await bridge.initialize();
      for (let id = 1; id <= 5; id++) {
        expect((await bridge.request({ id, method: "tools/list" })).result).toBeDefined();
      }
      await using next = start();
      expect((await next.initialize()).result.serverInfo.name).toBe("fake");
      expect([browser.count, as.asked("token").length]).toEqual([1, 1]);
    },
  );
});

describe("a renewal", () => {
  test.each(["before", "after"] as const)(
    "whose answer is lost %s the token was spent is not made again: the person signs in, and is told why (C7)",
    async (when) => {
      await using bridge = start();
      await bridge.initialize();
      as.tokens.expireAccess();
      as.once("token", drops(when));
      const release = browser.hold();
      const call = bridge.request({ id: 1, method: "tools/list" });
      await bridge.stderr.find((line) => line.includes("the renewed token is lost, and a new sign-in is needed"));
      await browser.openings.find(() => true, 1);
      // Nor by another process.
      await using other = start();
      const answer = other.initialize();
      await other.stderr.find((line) => line.includes("sign in to"));
      release();
      expect([(await call).result, (await answer).result]).toEqual([expect.anything(), expect.anything()]);
      const spent = as.asked("token").map(({ parameters }) => parameters.get("refresh_token")).filter(Boolean);
      expect(spent).toHaveLength(1);
      expect(browser.count).toBe(2);
      expect(as.tokens.alarms.items).toEqual([]);
    },
  );

  test.each<[string, Fault]>([
    ["500", answers(500)],
    ["503", answers(503)],
    ["429", answers(429)],
    ["a page", html()],
    ["temporarily_unavailable", refuses("temporarily_unavailable")],
  ])("that gets %s costs no refresh token: the next one brings a token without a person (C8)", async (_what, fault) => {
    as.tokens.lifetimes.access = 1;
    await using bridge = start();
    await bridge.initialize();
    as.on("token", fault);
    let answer: Message;
    let id = 0;
    do answer = await bridge.request({ id: ++id, method: "tools/list" }); while (answer.result !== undefined);
    expectError(answer, answer.error.data.code);
    as.on("token");
    expect((await bridge.request({ id: ++id, method: "tools/list" })).result).toBeDefined();
    expect([browser.count, as.tokens.redemptions]).toEqual([1, 1]);
  });
});

describe("a server on the internet", () => {
  test("cannot send us to an authorization server on this machine (A4)", async () => {
    // To a proxy for plain http, the server's name is a matter of its own.
    const url = "http://mcp.example/mcp";
    Object.assign(server.metadata, { resource: url });
    server.challenge = { resource_metadata: "http://mcp.example/.well-known/oauth-protected-resource/mcp" };
    const env = { ...surroundings().env, HTTP_PROXY: new URL(server.url).origin };
    await using bridge = new Executable({ env }, url, "--allow-http");
    const answer = await bridge.initialize();
    expectError(answer, "unsafe_address");
    expect(answer.error.message).toContain("leads to this machine");
    expect([as.seen.items, browser.count, tables()]).toEqual([[], 0, []]);
  });

  test("that takes no token opens a few pages, and not one for every request (A24)", async () => {
    server.audience = "https://else.example";
    await using bridge = start();
    for (let id = 1; id <= 6; id++) expectError(await initialize(bridge, id), "sign_in_required");
    expect(browser.count).toBe(3);
  });

  test("that takes no token shows a few codes where there is no browser, and not one for every request (A24)", async () => {
    server.audience = "https://else.example";
    await using bridge = new Executable({ env: { ...home.env, SSH_CONNECTION: "1" } }, server.url);
    let read = 0;
    for (let id = 1; id <= 6; id++) {
      const answer = initialize(bridge, id);
      if (id <= 3) {
        const line = await bridge.stderr.find((text) => text.includes("type the code"), read);
        read = bridge.stderr.items.indexOf(line, read) + 1;
        as.devices.decide(/type the code (\S+)/.exec(line)![1]!);
      }
      expectError(await answer, "sign_in_required");
    }
    expect([as.asked("device_authorization").length, browser.count]).toEqual([3, 0]);
  });
});

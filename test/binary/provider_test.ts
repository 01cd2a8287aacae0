/** Signing in by `--provider`, by the executable: at the providers' own host names, to which a proxy leads. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Certificates } from "../harness/certificates.ts";
import { Executable, type Surroundings } from "../harness/executable.ts";
import type { KnownAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { result } from "../harness/fake_mcp.ts";
import { FarAs } from "../harness/far_as.ts";
import { GITHUB, inGitHubsWords } from "../harness/github.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());
const { authority } = certificates;

let home: Home;
let desk: Home;
let provider: FarAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeEach(() => {
  home = new Home();
  // Where a person keeps the client's secret, which is not ours to look after.
  desk = new Home();
});
afterEach(() => {
  for (const part of [browser, server, provider, desk, home]) part[Symbol.dispose]();
});

/** Starts the provider, and a server that demands its tokens and publishes nothing. */
async function open(known: KnownAs): Promise<void> {
  provider = await FarAs.start(known, certificates);
  server = new ProtectedMcp(provider.as);
  server.publishNothing();
  server.on("tools/call", ({ message }) => result(message, { ok: true }));
  browser = new FakeBrowser({ ca: readFileSync(authority.cert, "utf8"), proxy: provider.proxy.url });
}

/** The environment that leads to other machines by the proxy alone. */
function surroundings(): Surroundings {
  return { env: { ...home.env, ...browser.env, HTTPS_PROXY: provider.proxy.url } };
}

/** Registers a client at the provider, as a person does there, and gives the flags that name it. */
function registered(name: string, method = "client_secret_basic"): string[] {
  const { client_id: id, client_secret: secret } = provider.as.clients.register({
    "redirect_uris": ["http://127.0.0.1/oauth/callback"],
    "token_endpoint_auth_method": method,
  });
  const file = join(desk.folder, "client.json");
  writeFileSync(file, JSON.stringify({ "client_id": id, "client_secret": secret }), { mode: 0o600 });
  return ["--provider", name, "--static-oauth-client-info", `@${file}`];
}

function start(...flags: string[]): Executable {
  return new Executable(surroundings(), server.url, "--ca", authority.cert, "--debug", ...flags);
}

/** What the provider was asked for, in order. */
function asked(): string[] {
  return provider.as.seen.items.map(({ endpoint }) => endpoint);
}

/** All that was sent with requests, as text. */
function textOf(
  requests: readonly { headers: Headers; text: string; path: string; parameters?: URLSearchParams }[],
): string {
  return requests.map(({ headers, text, path, parameters }) => {
    return JSON.stringify([path, `${parameters}`, Object.fromEntries(headers), text]);
  }).join("\n");
}

async function expectAnswered(bridge: Executable, id = 1): Promise<void> {
  expect((await bridge.request({ id, method: "tools/call", params: { name: "x" } })).result).toEqual({ ok: true });
}

/** No code, no token and no client's secret is anywhere but sealed in the vault. */
function expectKept(bridge: Executable): void {
  const openings = JSON.stringify(browser.openings.items);
  const places = { folders: [home.folder], outputs: { stdout: bridge.output, stderr: bridge.stderr, openings } };
  expect(sweep([provider.as.tokens.marker], { ...places, pids: [bridge.pid] })).toEqual([]);
}

describe("--provider github, for a server that publishes nothing", () => {
  const SCOPE = ["--authorize-param", "scope=repo read:user"];
  let client: string[];

  beforeEach(async () => {
    await open(GITHUB);
    provider.as.on("token", inGitHubsWords);
    client = registered("github");
  });

  describe("with an OAuth app", () => {
    beforeEach(() => void (provider.as.offersRefresh = false));

    test("signs in at github.com, and the call is answered", async () => {
      await using bridge = start(...client, ...SCOPE);
      expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
      await expectAnswered(bridge);
      expect(browser.count).toBe(1);
      expect(asked()).toEqual(["authorize", "token"]);
      const { parameters } = provider.as.asked("authorize")[0]!;
      expect(Object.fromEntries(parameters)).toMatchObject({
        scope: "repo read:user",
        "code_challenge_method": "S256",
      });
      expect(parameters.has("resource")).toBe(false);
      const { way, page } = await browser.visits.find(() => true);
      expect(new URL(way.at(-1)!).searchParams.get("iss")).toBe(GITHUB.issuer);
      expect(page!.text).toContain("You are signed in");
      expect(new Set(provider.proxy.asked.items)).toEqual(new Set(["CONNECT github.com:443 HTTP/1.1"]));
      // Nothing was looked for: a person has said who signs people in.
      expect(server.seen.items.filter(({ path }) => path !== "/mcp")).toEqual([]);
      expectKept(bridge);
    });

    test("tells the client's secret to the token endpoint, and to nobody else", async () => {
      await using bridge = start(...client);
      await bridge.initialize();
      await expectAnswered(bridge);
      const { client_secret: secret } = [...provider.as.clients.values()][0]!;
      const [token] = provider.as.asked("token");
      expect(atob(token!.headers.get("authorization")!.replace("Basic ", ""))).toEndWith(`:${secret}`);
      const outputs = {
        provider: textOf(provider.as.seen.items.filter((request) => request !== token)),
        server: textOf(server.seen.items),
        browser: JSON.stringify(browser.openings.items),
      };
      expect(sweep([secret!], { outputs })).toEqual([]);
    });

    test("is signed in at the next start too, without a page and without a word to GitHub", async () => {
      {
        await using bridge = start(...client);
        await bridge.initialize();
      }
      const connections = provider.proxy.asked.items.length;
      await using bridge = start(...client);
      await bridge.initialize();
      await expectAnswered(bridge);
      expect(browser.count).toBe(1);
      expect(provider.proxy.asked.items.length).toBe(connections);
      expectKept(bridge);
    });

    test("is told in GitHub's own word what it does not redeem, though that comes with status 200", async () => {
      browser.person.change = (callback) => callback.set("code", "another");
      await using bridge = start(...client);
      const { error } = await bridge.initialize();
      expect(error.data.code).toBe("token_refused");
      expect(error.message).toContain("bad_verification_code");
      expect(asked()).toEqual(["authorize", "token"]);
    });

    test("redeems nothing at a github.com that nobody vouches for: no code and no secret is sent there", async () => {
      await using bridge = new Executable(surroundings(), server.url, ...client);
      const { error } = await bridge.initialize();
      expect(error.data.code).toBe("untrusted_certificate");
      expect(asked()).toEqual(["authorize"]);
      expectKept(bridge);
    });
  });

  describe("with a GitHub App, whose tokens end", () => {
    test("renews them at github.com with the client's secret, without a page", async () => {
      await using bridge = start(...client);
      await bridge.initialize();
      for (let id = 1; id <= 3; id++) {
        provider.as.tokens.expireAccess();
        await expectAnswered(bridge, id);
        expect(provider.as.tokens.redemptions).toBe(id);
      }
      expect(browser.count).toBe(1);
      expectKept(bridge);
    });

    test("signs in again where GitHub renews them no more, though it says so with status 200", async () => {
      await using bridge = start(...client);
      await bridge.initialize();
      provider.as.tokens.families[0]!.revoked = true;
      await expectAnswered(bridge);
      expect(asked()).toEqual(["authorize", "token", "token", "authorize", "token"]);
      await bridge.stderr.find((line) => line.includes("bad_refresh_token"));
      expectKept(bridge);
    });
  });
});

describe("--provider NAME", () => {
  /** Where each signs people in by its own documentation and with what in each request, and how a client shows who it is there. */
  const PROVIDERS: [name: string, consent: string, token: string, method: string][] = [
    [
      "atlassian",
      "https://auth.atlassian.com/authorize?audience=api.atlassian.com&prompt=consent",
      "https://auth.atlassian.com/oauth/token",
      "client_secret_post",
    ],
    [
      "discord",
      "https://discord.com/oauth2/authorize",
      "https://discord.com/api/oauth2/token",
      "client_secret_basic",
    ],
    [
      "dropbox",
      "https://www.dropbox.com/oauth2/authorize",
      "https://api.dropboxapi.com/oauth2/token",
      "client_secret_basic",
    ],
    ["gitlab", "https://gitlab.com/oauth/authorize", "https://gitlab.com/oauth/token", "client_secret_basic"],
    [
      "google",
      "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
      "https://oauth2.googleapis.com/token",
      "client_secret_basic",
    ],
    ["linear", "https://linear.app/oauth/authorize", "https://api.linear.app/oauth/token", "client_secret_post"],
    [
      "microsoft",
      "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
      "https://login.microsoftonline.com/common/oauth2/v2.0/token",
      "client_secret_post",
    ],
    [
      "notion",
      "https://api.notion.com/v1/oauth/authorize?owner=user",
      "https://api.notion.com/v1/oauth/token",
      "client_secret_basic",
    ],
    ["zoom", "https://zoom.us/oauth/authorize", "https://zoom.us/oauth/token", "client_secret_basic"],
  ];

  test.each(PROVIDERS)("%s signs in at its own addresses", async (name, consent, token, method) => {
    const { origin, pathname, searchParams: wanted } = new URL(consent);
    await open({ issuer: origin, authorize: origin + pathname, token });
    provider.as.metadata["authorization_response_iss_parameter_supported"] = false;
    await using bridge = start(...registered(name, method));
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    await expectAnswered(bridge);
    expect(asked()).toEqual(["authorize", "token"]);
    const { parameters } = provider.as.asked("authorize")[0]!;
    expect(Object.fromEntries(parameters)).toMatchObject(Object.fromEntries(wanted));
    expectKept(bridge);
  });
});

/** Signing in at a certified authorization server, by unmodified clients that start the executable. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Command, commandOf, Executable, outcomeOf, type Surroundings } from "../harness/executable.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { OidcServer, ROBOT } from "../harness/oidc_server.ts";
import type { Role, SdkClient, SdkClientKind } from "../harness/sdk_client.ts";
import { type Places, sweep } from "../harness/secret_sweep.ts";
import { walk } from "../harness/walk.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const KINDS: SdkClientKind[] = [V1_CLIENT, V2_LEGACY_CLIENT, V2_AUTO_CLIENT];
const ROLE: Role = { sample: () => "", elicit: () => ({ action: "decline" }), roots: () => [] };

let home: Home;
let browser: FakeBrowser;
let server: OidcServer;

beforeEach(() => {
  home = new Home();
  browser = new FakeBrowser();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  for (const part of [browser, home]) part[Symbol.dispose]();
});

/** What all processes of one person share. */
function surroundings(): Surroundings {
  return { env: { ...home.env, ...browser.env } };
}

function start(): Executable {
  return new Executable(surroundings(), server.mcp.url, "--debug");
}

function connect(kind: SdkClientKind): Promise<SdkClient> {
  const command: Command = commandOf(home, server.mcp.url, "--debug");
  return kind.overStdio({ ...command, env: { ...command.env, ...browser.env } }, ROLE);
}

/** What the page that asked the person was asked for. */
function asked(visit: number): URLSearchParams {
  return new URL(browser.openings.items[visit]!.args.at(-1)!).searchParams;
}

/** No code and no token is anywhere but sealed in the vault. */
function expectKept(outputs: Places["outputs"] = {}, pids: number[] = []): void {
  expect(server.secrets.length).toBeGreaterThan(0);
  expect(sweep(server.secrets, { folders: [home.folder], outputs, pids })).toEqual([]);
}

async function accounts(): Promise<{ scope: string; renews: boolean }[]> {
  return JSON.parse((await outcomeOf(surroundings(), "status", "--json")).stdout).accounts;
}

describe.each(KINDS)("$name at oidc-provider", (kind) => {
  test("signs in by registration, PKCE, resource and iss, and is asked for more where a tool needs it", async () => {
    server = await OidcServer.start();
    await using client = await connect(kind);
    expect((await client.call("read")).content).toEqual([{ type: "text", text: "read is done" }]);
    expect(browser.count).toBe(1);
    expect(Object.fromEntries(asked(0))).toMatchObject({
      "response_type": "code",
      "code_challenge_method": "S256",
      scope: "mcp:read offline_access",
      resource: server.mcp.url,
    });
    const { way } = await browser.visits.find(() => true);
    expect(new URL(way.at(-1)!).searchParams.get("iss")).toBe(server.issuer);

    expect((await client.call("write")).content).toEqual([{ type: "text", text: "write is done" }]);
    expect(browser.count).toBe(2);
    expect(asked(1).get("scope")!.split(" ").sort()).toEqual(["mcp:read", "mcp:write", "offline_access"]);
    expect(asked(1).get("client_id")).toBe(asked(0).get("client_id"));
    expect(client.complaints).toEqual([]);
    expectKept({ stderr: client.stderr!, env: JSON.stringify(browser.openings.items.map(({ env }) => env)) });
  }, 30_000);

  test("goes on through one renewal after another, of which none spends a token twice", async () => {
    server = await OidcServer.start({ accessTtl: 1 });
    await using client = await connect(kind);
    while (server.granted("refresh_token") < 3) {
      expect((await client.call("read")).content).toEqual([{ type: "text", text: "read is done" }]);
    }
    expect(server.events.items.filter(({ name }) => name !== "grant.success")).toEqual([]);
    expect(browser.count).toBe(1);
    expectKept({ stderr: client.stderr! });
  }, 30_000);
});

describe("at oidc-provider", () => {
  test("a grant that was taken back leads to a new sign-in with the same client, and the call goes on", async () => {
    server = await OidcServer.start();
    await using bridge = start();
    await bridge.initialize();
    await server.revokeGrants();
    const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "read", arguments: {} } });
    expect(answer.result.content[0].text).toBe("read is done");
    expect(browser.count).toBe(2);
    expect(asked(1).get("client_id")).toBe(asked(0).get("client_id"));
    expect(server.granted("authorization_code")).toBe(2);
    expectKept({ stdout: bridge.output, stderr: bridge.stderr }, [bridge.pid]);
  });

  test("logout has the tokens revoked, and the next start asks the person again", async () => {
    server = await OidcServer.start();
    {
      await using bridge = start();
      await bridge.initialize();
    }
    expect(await accounts()).toMatchObject([{ scope: "mcp:read", renews: true }]);
    const authorization = server.mcp.seen.items.at(-1)!.headers.get("authorization")!;
    const logout = await outcomeOf(surroundings(), "logout", server.mcp.url);
    expect([logout.exitCode, logout.stderr]).toEqual([0, expect.stringContaining("the tokens are gone")]);
    const { status } = await fetch(server.mcp.url, { method: "POST", headers: { authorization }, body: "{}" });
    expect(status).toBe(401);
    expect(await accounts()).toEqual([]);
    await using bridge = start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("guarded");
    expect(browser.count).toBe(2);
    expectKept({ stderr: bridge.stderr, logout: logout.stderr + logout.stdout }, [bridge.pid]);
  });

  test("an answer whose iss was taken out on the way is not redeemed, and nobody is signed in", async () => {
    server = await OidcServer.start();
    browser.person.change = (callback) => callback.delete("iss");
    await using bridge = start();
    expect((await bridge.initialize()).error.data.code).toBe("foreign_answer");
    expect(server.granted("authorization_code")).toBe(0);
    expect(await accounts()).toEqual([]);
  });

  test("a person who says no is not asked again by itself", async () => {
    server = await OidcServer.start();
    browser.deny();
    await using bridge = start();
    expect((await bridge.initialize()).error.data.code).toBe("sign_in_refused");
    expect(browser.count).toBe(1);
    expect(await accounts()).toEqual([]);
  });

  test("--device-code signs in where there is no browser", async () => {
    server = await OidcServer.start();
    await using bridge = new Executable(surroundings(), server.mcp.url, "--device-code", "--debug");
    const answer = bridge.initialize();
    const line = await bridge.stderr.find((text) => text.includes("type the code"));
    const [, page, code] = /visit (\S+) and type the code (\S+)/.exec(line)!;
    await walk(`${page}?user_code=${code}`, { arrive: (callback) => callback });
    expect((await answer).result.serverInfo.name).toBe("guarded");
    expect(browser.count).toBe(0);
    expectKept({ stderr: bridge.stderr }, [bridge.pid]);
  }, 30_000);

  test("--client-credentials signs in without a person", async () => {
    server = await OidcServer.start();
    const file = join(home.folder, "..", `${basename(home.folder)}-robot.json`);
    writeFileSync(file, JSON.stringify({ "client_id": ROBOT.id, "client_secret": ROBOT.secret }), { mode: 0o600 });
    try {
      const words = ["--client-credentials", "--static-oauth-client-info", `@${file}`, "--debug"];
      await using bridge = new Executable(surroundings(), server.mcp.url, ...words);
      expect((await bridge.initialize()).result.serverInfo.name).toBe("guarded");
      expect(server.granted("client_credentials")).toBe(1);
      expect(browser.count).toBe(0);
      const places = { folders: [home.folder], outputs: { stderr: bridge.stderr }, pids: [bridge.pid] };
      expect(sweep([ROBOT.secret], places)).toEqual([]);
    } finally {
      rmSync(file);
    }
  });
});

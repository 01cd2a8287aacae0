/** Signing in at a certified authorization server, by unmodified clients that start the executable. */
import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Command, commandOf, outcomeOf } from "../harness/executable.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import { ROBOT } from "../harness/oidc_server.ts";
import type { Role, SdkClient, SdkClientKind } from "../harness/sdk_client.ts";
import { sweep } from "../harness/secret_sweep.ts";
import { walk } from "../harness/walk.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT, V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const KINDS: SdkClientKind[] = [V1_CLIENT, V2_LEGACY_CLIENT, V2_AUTO_CLIENT];
const ROLE: Role = { sample: () => "", elicit: () => ({ action: "decline" }), roots: () => [] };

function connect({ server, home, browser }: OidcScene, kind: SdkClientKind): Promise<SdkClient> {
  const command: Command = commandOf(home, server.mcp.url, "--debug");
  return kind.overStdio({ ...command, env: { ...command.env, ...browser.env } }, ROLE);
}

async function accounts({ surroundings }: OidcScene): Promise<{ scope: string; renews: boolean }[]> {
  return JSON.parse((await outcomeOf(surroundings, "status", "--json")).stdout).accounts;
}

describe.each(KINDS)("$name at oidc-provider", (kind) => {
  test("signs in by registration, PKCE, resource and iss, and is asked for more where a tool needs it", async () => {
    await using scene = await OidcScene.open();
    const { server, browser } = scene;
    await using client = await connect(scene, kind);
    expect((await client.call("read")).content).toEqual([{ type: "text", text: "read is done" }]);
    expect(browser.count).toBe(1);
    expect(Object.fromEntries(scene.asked(0))).toMatchObject({
      "response_type": "code",
      "code_challenge_method": "S256",
      scope: "mcp:read offline_access",
      resource: server.mcp.url,
    });
    const { way } = await browser.visits.find(() => true);
    expect(new URL(way.at(-1)!).searchParams.get("iss")).toBe(server.issuer);

    expect((await client.call("write")).content).toEqual([{ type: "text", text: "write is done" }]);
    expect(browser.count).toBe(2);
    expect(scene.asked(1).get("scope")!.split(" ").sort()).toEqual(["mcp:read", "mcp:write", "offline_access"]);
    expect(scene.asked(1).get("client_id")).toBe(scene.asked(0).get("client_id"));
    expect(client.complaints).toEqual([]);
    expect(scene.leaks({ stderr: client.stderr!, env: JSON.stringify(browser.openings.items.map(({ env }) => env)) }))
      .toEqual([]);
  }, 30_000);

  test("goes on through one renewal after another, of which none spends a token twice", async () => {
    await using scene = await OidcScene.open({ accessTtl: 1 });
    const { server, browser } = scene;
    await using client = await connect(scene, kind);
    while (server.granted("refresh_token") < 3) {
      expect((await client.call("read")).content).toEqual([{ type: "text", text: "read is done" }]);
    }
    expect(server.events.items.filter(({ name }) => name !== "grant.success")).toEqual([]);
    expect(browser.count).toBe(1);
    expect(scene.leaks({ stderr: client.stderr! })).toEqual([]);
  }, 30_000);
});

describe("at oidc-provider", () => {
  test("a grant that was taken back leads to a new sign-in with the same client, and the call goes on", async () => {
    await using scene = await OidcScene.open();
    const { server, browser } = scene;
    await using bridge = scene.start();
    await bridge.initialize();
    await server.revokeGrants();
    const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "read", arguments: {} } });
    expect(answer.result.content[0].text).toBe("read is done");
    expect(browser.count).toBe(2);
    expect(scene.asked(1).get("client_id")).toBe(scene.asked(0).get("client_id"));
    expect(server.granted("authorization_code")).toBe(2);
    expect(scene.leaks({ stdout: bridge.output, stderr: bridge.stderr }, [bridge.pid])).toEqual([]);
  });

  test("logout has the tokens revoked, and the next start asks the person again", async () => {
    await using scene = await OidcScene.open();
    const { server, browser } = scene;
    {
      await using bridge = scene.start();
      await bridge.initialize();
    }
    expect(await accounts(scene)).toMatchObject([{ scope: "mcp:read", renews: true }]);
    const authorization = server.mcp.seen.items.at(-1)!.headers.get("authorization")!;
    const logout = await outcomeOf(scene.surroundings, "logout", server.mcp.url);
    expect([logout.exitCode, logout.stderr]).toEqual([0, expect.stringContaining("the tokens are gone")]);
    const { status } = await fetch(server.mcp.url, { method: "POST", headers: { authorization }, body: "{}" });
    expect(status).toBe(401);
    expect(await accounts(scene)).toEqual([]);
    await using bridge = scene.start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("guarded");
    expect(browser.count).toBe(2);
    expect(scene.leaks({ stderr: bridge.stderr, logout: logout.stderr + logout.stdout }, [bridge.pid])).toEqual([]);
  });

  test("an answer whose iss was taken out on the way is not redeemed, and nobody is signed in", async () => {
    await using scene = await OidcScene.open();
    const { server, browser } = scene;
    browser.person.change = (callback) => callback.delete("iss");
    await using bridge = scene.start();
    expect((await bridge.initialize()).error.data.code).toBe("foreign_answer");
    expect(server.granted("authorization_code")).toBe(0);
    expect(await accounts(scene)).toEqual([]);
  });

  test("a person who says no is not asked again by itself", async () => {
    await using scene = await OidcScene.open();
    const { browser } = scene;
    browser.deny();
    await using bridge = scene.start();
    expect((await bridge.initialize()).error.data.code).toBe("sign_in_refused");
    expect(browser.count).toBe(1);
    expect(await accounts(scene)).toEqual([]);
  });

  test("--device-code signs in where there is no browser", async () => {
    await using scene = await OidcScene.open();
    const { browser } = scene;
    await using bridge = scene.start("--device-code");
    const answer = bridge.initialize();
    const line = await bridge.stderr.find((text) => text.includes("type the code"));
    const [, page, code] = /visit (\S+) and type the code (\S+)/.exec(line)!;
    await walk(`${page}?user_code=${code}`, { arrive: (callback) => callback });
    expect((await answer).result.serverInfo.name).toBe("guarded");
    expect(browser.count).toBe(0);
    expect(scene.leaks({ stderr: bridge.stderr }, [bridge.pid])).toEqual([]);
  }, 30_000);

  test("--client-credentials signs in without a person", async () => {
    await using scene = await OidcScene.open();
    const { server, browser, home } = scene;
    const file = join(home.folder, "..", `${basename(home.folder)}-robot.json`);
    writeFileSync(file, JSON.stringify({ "client_id": ROBOT.id, "client_secret": ROBOT.secret }), { mode: 0o600 });
    try {
      const words = ["--client-credentials", "--static-oauth-client-info", `@${file}`];
      await using bridge = scene.start(...words);
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

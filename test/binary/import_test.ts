/** Taking over from mcp-remote: the real one signs in, and from then on we are asked instead. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { refuses } from "../harness/as_faults.ts";
import { Executable, type Outcome, outcomeOf } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Keyring, keyringIsAbsent } from "../harness/keyring.ts";
import { McpRemote } from "../harness/mcp_remote.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

let scene: SignInScene;
beforeEach(() => {
  scene = new SignInScene();
});
afterEach(() => scene[Symbol.dispose]());

/** The environment of a person who has mcp-remote, and us. */
function person(): Record<string, string> {
  return { ...scene.home.env, ...scene.browser.env };
}

/** Has mcp-remote sign in, and ends it. */
async function signInByMcpRemote(...words: string[]): Promise<void> {
  await using remote = new McpRemote(person(), scene.server.url, ...words);
  expect((await remote.initialize()).result.serverInfo.name).toBe("fake");
}

function run(...words: string[]): Promise<Outcome> {
  return outcomeOf({ env: person() }, ...words);
}

function store(layout = "mcp-remote-v1"): string {
  return join(scene.home.folder, ".mcp-auth", layout);
}

/** The file of mcp-remote whose name ends so. */
function kept(ending: string): string {
  return join(store(), readdirSync(store()).find((name) => name.endsWith(ending))!);
}

function change(file: string, changes: Record<string, unknown>): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changes }));
}

/** Writes the file of a client in the home. */
function cursor(servers: Record<string, unknown>): string {
  const file = join(scene.home.folder, ".cursor/mcp.json");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ mcpServers: servers }, null, 2));
  return file;
}

/** What a client gets of the server, and how often a page was opened for that. */
async function connect(...words: string[]): Promise<{ name: string; pages: number }> {
  const pages = scene.browser.count;
  await using bridge = new Executable({ env: person() }, ...words);
  const { result } = await bridge.initialize();
  return { name: result.serverInfo.name, pages: scene.browser.count - pages };
}

describe("a sign-in of mcp-remote", () => {
  test("is ours after an import: no page, and after its end it is renewed by mcp-remote's client", async () => {
    await signInByMcpRemote();
    const client = JSON.parse(readFileSync(kept("client_info.json"), "utf8")).client_id;
    const { exitCode, stderr } = await run("import", scene.server.url, "--yes");
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("signed in to")]);
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
    expect(scene.as.tokens.redemptions).toBe(0);
    scene.as.tokens.expireAccess();
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
    const renewal = scene.as.asked("token").at(-1)!.parameters;
    expect([renewal.get("grant_type"), renewal.get("client_id")]).toEqual(["refresh_token", client]);
    expect(renewal.get("resource")).toBe(scene.server.audience!);
    expect(scene.as.asked("register")).toHaveLength(1);
  }, 60_000);

  test("goes along with the entry of the client that ran it", async () => {
    const words = ["--resource", scene.server.url, "--header", "X-Tenant: ${TENANT}"];
    cursor({ tracker: { command: "npx", args: ["-y", "mcp-remote", scene.server.url, ...words] } });
    await signInByMcpRemote(...words);
    const { exitCode, stdout } = await run("import", "--yes");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("the sign-in of mcp-remote, which is renewed")]);
    expect(JSON.parse(readFileSync(join(scene.home.env["MCP_BRIDGE_HOME"]!, "servers.json"), "utf8"))).toEqual({
      mcpServers: {
        tracker: {
          url: scene.server.url,
          headers: { "x-tenant": "${TENANT}" },
          oauth: { resource: scene.server.url },
        },
      },
    });
    scene.as.tokens.expireAccess();
    await using bridge = new Executable({ env: { ...person(), TENANT: "acme" } }, "tracker");
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect([scene.browser.count, scene.as.tokens.redemptions]).toEqual([1, 1]);
  }, 60_000);

  test("is found by the address alone, though mcp-remote was told more", async () => {
    const words = ["--resource", scene.server.url];
    cursor({ tracker: { command: "npx", args: ["mcp-remote", scene.server.url, ...words] } });
    await signInByMcpRemote(...words);
    const { exitCode, stderr } = await run("import", scene.server.url, "--yes");
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`signed in to ${scene.server.url}`)]);
    expect(existsSync(join(scene.home.env["MCP_BRIDGE_HOME"]!, "servers.json"))).toBe(false);
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
  }, 60_000);

  test("of a server that has a name is taken by that name", async () => {
    await signInByMcpRemote();
    await run("add", "tracker", scene.server.url, "--account", "work");
    expect((await run("import", "tracker", "--yes")).stderr).toContain('signed in to "tracker"');
    expect(await connect("tracker")).toEqual({ name: "fake", pages: 0 });
  }, 60_000);

  test("that is imported offline is taken over by the first use, which asks nobody to sign in", async () => {
    await signInByMcpRemote();
    const asked = scene.server.seen.items.length;
    const { stderr } = await run("import", scene.server.url, "--yes", "--offline");
    expect(stderr).toContain("the first use of");
    expect(scene.server.seen.items.length).toBe(asked);
    expect((await run("status")).stdout).toContain(
      "  default  the sign-in of mcp-remote, which the first use takes over\n",
    );
    scene.as.tokens.expireAccess();
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
    expect(scene.as.tokens.redemptions).toBe(1);
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
    expect(scene.as.asked("register")).toHaveLength(1);
    expect((await run("status")).stdout).not.toContain("mcp-remote");
  }, 60_000);

  test("of an old release, whose files say little, is taken as well", async () => {
    await signInByMcpRemote();
    const { issuer: _, expires_at: __, requested_scope: ___, ...tokens } = JSON.parse(
      readFileSync(kept("tokens.json"), "utf8"),
    );
    writeFileSync(kept("tokens.json"), JSON.stringify(tokens));
    change(kept("client_info.json"), { issuer: undefined });
    renameSync(store(), store("mcp-remote-0.1.38"));
    const { stderr } = await run("import", scene.server.url, "--yes");
    expect(stderr).toContain("which the server names");
    scene.as.tokens.expireAccess();
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
  }, 60_000);

  test("stays where it is, unless it is to go", async () => {
    await signInByMcpRemote();
    const before = readdirSync(store()).map((name) => [name, readFileSync(join(store(), name), "utf8")]);
    await run("import", scene.server.url, "--yes");
    expect(readdirSync(store()).map((name) => [name, readFileSync(join(store(), name), "utf8")])).toEqual(before);
    await run("logout", scene.server.url);
    await run("import", scene.server.url, "--yes", "--delete-old");
    expect(readdirSync(store())).toEqual([]);
  }, 60_000);

  test("does not take the place of one of ours", async () => {
    await signInByMcpRemote();
    await run("import", scene.server.url, "--yes");
    const { stderr } = await run("import", scene.server.url, "--yes");
    expect(stderr).toContain("already: the sign-in of mcp-remote is not needed");
  }, 60_000);

  test("may come after one of ours that has ended", async () => {
    await signInByMcpRemote();
    await run("import", scene.server.url, "--yes");
    scene.as.tokens.expireAccess();
    scene.as.once("token", refuses("invalid_grant"));
    const release = scene.browser.hold();
    {
      await using bridge = new Executable({ env: person() }, scene.server.url);
      void bridge.initialize().catch(() => {});
      await scene.browser.openings.find(() => true, 1);
    }
    release();
    rmSync(store(), { recursive: true });
    await signInByMcpRemote();
    expect((await run("import", scene.server.url, "--yes")).stderr).toContain("signed in to");
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
  }, 60_000);

  test("with a refresh token that has ended leads to a sign-in, and to no more", async () => {
    await signInByMcpRemote();
    await run("import", scene.server.url, "--yes");
    scene.as.tokens.expireAccess();
    scene.as.once("token", refuses("invalid_grant"));
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 1 });
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
  }, 60_000);
});

describe("a refresh token goes to nobody but who gave it", () => {
  function moveServer(): FakeAs {
    const other = new FakeAs();
    scene.server.moveTo(other);
    return other;
  }

  test("where the files say who that is", async () => {
    await signInByMcpRemote();
    using other = moveServer();
    const { stderr } = await run("import", scene.server.url, "--yes");
    expect(stderr).toContain(
      `is not taken: "${scene.as.issuer}" gave the tokens, and the server now names "${other.issuer}"`,
    );
    expect(other.asked("token")).toEqual([]);
  }, 60_000);

  test("nor by the first use", async () => {
    await signInByMcpRemote();
    await run("import", scene.server.url, "--yes", "--offline");
    using other = moveServer();
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 1 });
    expect(other.asked("token").map(({ parameters }) => parameters.get("grant_type"))).toEqual(["authorization_code"]);
  }, 60_000);
});

describe("at a certified authorization server", () => {
  test("the sign-in of mcp-remote is taken, renewed by its client, and leaks nowhere", async () => {
    await using oidc = await OidcScene.open();
    const env = { ...oidc.home.env, ...oidc.browser.env };
    {
      await using remote = new McpRemote(env, oidc.server.mcp.url);
      expect((await remote.initialize()).result).toBeDefined();
    }
    const store = join(oidc.home.folder, ".mcp-auth/mcp-remote-v1");
    const file = join(store, readdirSync(store).find((name) => name.endsWith("_tokens.json"))!);
    change(file, { "expires_at": Date.now() - 1_000 });
    const imported = await outcomeOf({ env }, "import", oidc.server.mcp.url, "--yes", "--delete-old");
    expect(imported.exitCode).toBe(0);
    await using bridge = oidc.start();
    expect((await bridge.initialize()).result).toBeDefined();
    expect([oidc.browser.count, oidc.server.granted("refresh_token")]).toEqual([1, 1]);
    expect(oidc.leaks({ stdout: imported.stdout, stderr: imported.stderr, bridge: bridge.stderr }, [bridge.pid]))
      .toEqual([]);
  }, 60_000);
});

describe("what is broken", () => {
  test("is left as it is, with its reason, and the rest is taken", async () => {
    await signInByMcpRemote();
    const tokens = kept("tokens.json");
    cpSync(tokens, join(store(), `${"0".repeat(32)}_tokens.json`));
    writeFileSync(tokens, '{"access_token":"half');
    cursor({ tracker: { command: "npx", args: ["mcp-remote", scene.server.url] } });
    const { exitCode, stdout } = await run("import", "--yes");
    expect(exitCode).toBe(0);
    expect(stdout).toContain('_tokens.json" is not whole');
    expect(existsSync(join(scene.home.env["MCP_BRIDGE_HOME"]!, "servers.json"))).toBe(true);
  }, 60_000);

  test("in a name of somebody else's does nothing to a terminal, in JSON as little as in words", async () => {
    const name = "\u009b2J\u202e";
    cursor({
      [name]: { command: "/opt/mcp-bridge", args: [] },
      [`a${name}`]: { command: "npx", args: ["mcp-remote"] },
    });
    for (
      const words of [["import", "--dry-run"], ["import", "--json", "--dry-run"], ["install"], ["install", "--json"]]
    ) {
      const { exitCode, stdout, stderr } = await run(...words);
      expect([exitCode, stdout + stderr]).toEqual([0, expect.not.stringMatching(/[\u009b\u202e]/)]);
      expect(stdout).toMatch(/\\u\{?0?0?9b/);
    }
  }, 60_000);

  test("of a client's file keeps no other file from being rewritten, and the answer is told", async () => {
    const file = join(scene.home.folder, ".codex/config.toml");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '[mcp_servers.two]\ncommand = "npx"\nargs = ["mcp-remote", "https://two.example.com/mcp"]\n');
    const entry = { command: "npx", args: ["mcp-remote", "https://one.example.com/mcp"] };
    const twice = cursor({ one: entry, other: entry });
    writeFileSync(twice, readFileSync(twice, "utf8").replace('"other"', '"one"'));
    const planned = await run("import", "--dry-run", "--rewrite");
    expect([planned.exitCode, planned.stdout]).toEqual([1, expect.stringContaining('+args = ["two"]')]);
    const { exitCode, stdout, stderr } = await run("import", "--yes", "--rewrite", "--offline", "--json");
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('says "one" twice')]);
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ added: true }, { added: true }], rewritten: false });
    expect(readFileSync(file, "utf8")).toContain('args = ["two"]');
    expect(readFileSync(twice, "utf8")).toContain('"mcp-remote"');
  }, 60_000);

  test("of the server: the sign-in waits for the first use", async () => {
    await signInByMcpRemote();
    for (const place of ["oauth_metadata", "openid_metadata"] as const) {
      scene.as.on(place, () => new Response("busy", { status: 503 }));
    }
    const { stderr, exitCode } = await run("import", scene.server.url, "--yes");
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("the first use of")]);
    for (const place of ["oauth_metadata", "openid_metadata"] as const) scene.as.on(place);
    expect(await connect(scene.server.url)).toEqual({ name: "fake", pages: 0 });
  }, 60_000);
});

test(
  "a client whose entry ran mcp-remote goes on with us, as its file says from then on, and nobody signs in",
  async () => {
    const { url } = scene.server;
    const words = [url, "--header", "Authorization-Of:${KEY}", "--ipv4", "--auth-timeout", "60"];
    const file = cursor({
      tracker: { command: "npx", args: ["-y", "mcp-remote", ...words], env: { KEY: "hunter2" }, autoApprove: ["a"] },
      other: { command: "other" },
    });
    const before = readFileSync(file, "utf8");
    {
      await using remote = new McpRemote({ ...person(), KEY: "hunter2" }, ...words);
      expect((await remote.initialize()).result).toBeDefined();
    }
    const { exitCode, stderr } = await run("import", "--yes", "--rewrite", "--delete-old");
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining("Cursor runs mcp-bridge")]);
    const { tracker, other } = JSON.parse(readFileSync(file, "utf8")).mcpServers;
    expect([tracker.autoApprove, tracker.args, other]).toEqual([["a"], ["tracker", "--auth-timeout", "60"], {
      command: "other",
    }]);
    scene.as.tokens.expireAccess();
    // The client hands on its own few variables, and what stands in its file.
    const { PATH, HOME } = scene.home.env;
    await using bridge = new Executable(
      { env: { PATH: PATH!, HOME: HOME!, ...scene.browser.env, ...tracker.env }, executable: tracker.command },
      ...tracker.args,
    );
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect([scene.browser.count, scene.as.tokens.redemptions]).toEqual([1, 1]);
    expect(scene.server.seen.items.at(-1)!.headers.get("authorization-of")).toBe("hunter2");
    await run("install", "--undo", "cursor", "--yes");
    expect(readFileSync(file, "utf8")).toBe(before);
  },
  60_000,
);

describe.skipIf(keyringIsAbsent)("where there is a keychain", () => {
  test("secrets of entries go there, and out of the client's file", async () => {
    using keyring = new Keyring();
    const session = keyring.session("unlocked");
    const own = Object.entries(keyring.env).filter(([, value]) => value !== undefined);
    const env: Record<string, string> = {
      ...Object.fromEntries(own) as Record<string, string>,
      MCP_BRIDGE_HOME: scene.home.env["MCP_BRIDGE_HOME"]!,
    };
    const home = env["HOME"]!;
    mkdirSync(join(home, ".cursor"));
    const file = join(home, ".cursor/mcp.json");
    using server = new FakeMcp();
    const args = ["mcp-remote", server.url, "--header", "Authorization:${KEY}"];
    writeFileSync(
      file,
      JSON.stringify({ mcpServers: { keyed: { command: "npx", args, env: { KEY: "Bearer hunter2" } } } }),
    );
    const imported = await outcomeOf({ before: session, env }, "import", "--yes", "--rewrite");
    expect([imported.exitCode, imported.stdout]).toEqual([
      0,
      expect.stringContaining('"authorization" goes into the keychain'),
    ]);
    const servers = readFileSync(join(env["MCP_BRIDGE_HOME"]!, "servers.json"), "utf8");
    expect(JSON.parse(servers).mcpServers.keyed.headers).toEqual({ authorization: "keychain:keyed/authorization" });
    expect([servers, readFileSync(file, "utf8")].join()).not.toContain("hunter2");
    await using named = new Executable({ before: session, env }, "keyed");
    await named.initialize();
    named.endInput();
    expect(await named.exit(10_000)).toBe(0);
    expect(server.seen.items[0]!.headers.get("authorization")).toBe("Bearer hunter2");
  }, 60_000);
});

test("an import that is killed anywhere is done by the next one, or by the first use", async () => {
  await signInByMcpRemote();
  for (const [trial, delay] of [0, 15, 30, 45, 60, 80, 100, 130].entries()) {
    const env = { ...person(), MCP_BRIDGE_HOME: join(scene.home.folder, `state-${trial}`) };
    {
      await using killed = new Executable({ env }, "import", scene.server.url, "--yes");
      await Promise.race([Bun.sleep(delay), killed.exit(30_000)]);
      killed.kill("SIGKILL");
    }
    // Every other one goes on without another import.
    const has = (await outcomeOf({ env }, "status", "--json")).stdout.includes(scene.server.url);
    if (!has || trial % 2 === 0) {
      expect((await outcomeOf({ env }, "import", scene.server.url, "--yes")).exitCode).toBe(0);
    }
    await using bridge = new Executable({ env }, scene.server.url);
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  }
  expect(scene.browser.count).toBe(1);
}, 60_000);

test("a signal ends the wait for a server that says nothing", async () => {
  const asked = Promise.withResolvers<void>();
  using silent = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(): Promise<Response> {
      asked.resolve();
      return new Promise(() => {});
    },
  });
  const url = `http://127.0.0.1:${silent.port}/mcp`;
  mkdirSync(store(), { recursive: true });
  const name = join(store(), new Bun.CryptoHasher("md5").update(url).digest("hex"));
  writeFileSync(`${name}_tokens.json`, '{"access_token":"a","refresh_token":"r"}');
  writeFileSync(`${name}_client_info.json`, '{"client_id":"c"}');
  await using importing = new Executable({ env: person() }, "import", url, "--yes");
  await asked.promise;
  importing.kill("SIGINT");
  expect(await importing.exit(5_000)).not.toBe(0);
  expect(String(importing.stderr)).toContain("ended by a signal");
}, 60_000);

test("nothing is changed where nobody says yes, or is there to ask", async () => {
  await signInByMcpRemote();
  cursor({ tracker: { command: "npx", args: ["mcp-remote", scene.server.url] } });
  for (const words of [["--dry-run"], []]) await run("import", ...words);
  expect(existsSync(scene.home.env["MCP_BRIDGE_HOME"]!)).toBe(false);
}, 60_000);

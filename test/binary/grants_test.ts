/** Signing in without a browser on this machine, by the executable. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable } from "../harness/executable.ts";
import type { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import type { Home } from "../harness/home.ts";
import type { ProtectedMcp } from "../harness/protected_mcp.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { sweep } from "../harness/secret_sweep.ts";

let scene: SignInScene;
let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let nobody: FakeBrowser;

beforeEach(() => {
  scene = new SignInScene(FakeBrowser.forbidden());
  ({ home, as, server, browser: nobody } = scene);
});
afterEach(() => {
  scene[Symbol.dispose]();
});

function start(env: Record<string, string>, ...flags: string[]): Executable {
  return new Executable({ env: { MCP_BRIDGE_HOME: join(home.folder, "state"), ...env } }, server.url, ...flags);
}

describe("client credentials", () => {
  /** A client that the authorization server knows, in a file. */
  function client(): { file: string; secret: string } {
    const { client_id: id, client_secret: secret } = as.clients.register({
      "grant_types": ["client_credentials"],
      "token_endpoint_auth_method": "client_secret_basic",
    });
    const file = join(home.folder, "client.json");
    writeFileSync(file, JSON.stringify({ "client_id": id, "client_secret": secret }));
    return { file, secret: String(secret) };
  }

  test("sign in without a person, and again when the token has ended, more often than a person would be asked", async () => {
    const { file } = client();
    await using bridge = start(nobody.env, "--client-credentials", "--static-oauth-client-info", `@${file}`);
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    for (let id = 1; id <= 5; id++) {
      as.tokens.expireAccess();
      expect((await bridge.request({ id, method: "tools/list" })).result).toBeDefined();
    }
    expect(as.asked("token").every(({ parameters }) => parameters.get("grant_type") === "client_credentials")).toBe(
      true,
    );
    expect(as.asked("register")).toEqual([]);
    expect(sweep([as.tokens.marker], { outputs: { stdout: bridge.output, stderr: bridge.stderr }, pids: [bridge.pid] }))
      .toEqual([]);
  });

  test("ask at --token-endpoint where nothing is published", async () => {
    const { file } = client();
    server.publishNothing();
    const flags = ["--client-credentials", "--static-oauth-client-info", `@${file}`, "--token-endpoint"];
    await using bridge = start(nobody.env, ...flags, `${as.issuer.replace(/\/$/, "")}/token`);
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(as.seen.items.map(({ endpoint }) => endpoint)).toEqual(["token"]);
  });
});

describe("the device flow", () => {
  test("shows a code, and waits for a person elsewhere", async () => {
    await using bridge = start(nobody.env, "--device-code");
    const answer = bridge.initialize();
    const line = await bridge.stderr.find((text) => text.includes("type the code"));
    const [, code] = /type the code (\S+)/.exec(line)!;
    as.devices.decide(code!);
    expect((await answer).result.serverInfo.name).toBe("fake");
  }, 30_000);

  test("is taken by itself where no browser would be seen, and offered", async () => {
    await using bridge = start({ SSH_CONNECTION: "1" });
    const answer = bridge.initialize();
    const line = await bridge.stderr.find((text) => text.includes("type the code"));
    as.devices.decide(/type the code (\S+)/.exec(line)![1]!);
    expect((await answer).result.serverInfo.name).toBe("fake");
  }, 30_000);
});

describe("--token-command", () => {
  /** A program that prints what stands in a file, and counts how often it did. */
  function program(): { words: string; say(token: string): void; count(): number } {
    const [file, token, counter] = ["print token", "token", "counter"].map((name) =>
      join(home.folder, name.replace(" ", "-"))
    );
    writeFileSync(file!, `#!/bin/sh\necho x >> '${counter}'\ncat '${token}'\n`, { mode: 0o700 });
    writeFileSync(counter!, "");
    return {
      words: `${file} --for mcp`,
      say: (text) => writeFileSync(token!, `${text}\n`),
      count: () => readFileSync(counter!, "utf8").length / 2,
    };
  }

  test("is asked once for as long as its token is good, and again when it is refused", async () => {
    const { words, say, count } = program();
    const grant = { resources: [server.audience!] };
    say(as.issue(grant).access);
    await using bridge = start(nobody.env, "--token-command", words);
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    await bridge.request({ id: 1, method: "tools/list" });
    expect(count()).toBe(1);
    as.tokens.expireAccess();
    say(as.issue(grant).access);
    expect((await bridge.request({ id: 2, method: "tools/list" })).result).toBeDefined();
    expect(count()).toBe(2);
    expect(sweep([as.tokens.marker], { outputs: { stdout: bridge.output, stderr: bridge.stderr }, pids: [bridge.pid] }))
      .toEqual([]);
  });

  test("may stand in an entry of servers.json", async () => {
    const { words, say, count } = program();
    say(as.issue({ resources: [server.audience!] }).access);
    const tokenCommand = words.split(" ");
    await using serving = await ServeExecutable.start({ one: { url: server.url, oauth: { tokenCommand } } });
    expect((await (await serving.session("one"))("tools/list")).result).toBeDefined();
    await using bridge = new Executable(
      { env: { ...serving.home.env, MCP_BRIDGE_VAULT_KEY: "file" } },
      "one",
      "--no-attach",
    );
    expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
    expect(count()).toBe(2);
  });

  test.each([["/no/such/program", "bad_command"], ["false", "bad_command"], ["echo two words", "bad_token_answer"]])(
    "that is %p is told by name: %s",
    async (words, code) => {
      await using bridge = start(nobody.env, "--token-command", words);
      expect((await bridge.initialize()).error.data.code).toBe(code);
    },
  );
});

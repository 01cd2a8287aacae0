/** Signing in without a browser on this machine, by the executable. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";

let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let nobody: FakeBrowser;

beforeEach(() => {
  home = new Home();
  as = new FakeAs();
  server = new ProtectedMcp(as);
  nobody = FakeBrowser.forbidden();
});
afterEach(() => {
  for (const part of [nobody, server, as, home]) part[Symbol.dispose]();
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
    server.metadataPath = undefined;
    server.challenge = {};
    server.audience = undefined;
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

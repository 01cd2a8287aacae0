import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { examine, type Outcome } from "../../../../src/app/doctor/examine.ts";
import { MACHINE_CHECKS } from "../../../../src/app/doctor/machine_checks.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import { type Changes, doctorWorld } from "../../../harness/doctor_world.ts";
import { FakeKeychain } from "../../../harness/fake_keychain.ts";

const onUnix = test.skipIf(process.platform === "win32");

async function look(world: World, fix = false): Promise<Outcome[]> {
  return await Promise.all(examine(MACHINE_CHECKS, world, { part: "machine", fix }).values());
}

async function outcomeOf(code: string, changes: Changes): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  return (await look(doctorWorld(stack, changes))).find((outcome) => outcome.code === code)!;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

test("where all is well each check says so, or that there is nothing to look at", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  await world.vault().put("tokens", "a", 1);
  const outcomes = await look(world);
  expect(outcomes.filter(({ result }) => result === "warn" || result === "fail")).toEqual([]);
  const looked = outcomes.filter(({ result }) => result === "ok").map(({ code }) => code);
  expect(looked).toEqual(
    expect.arrayContaining(["file-modes", "vault-opens", "vault-locks", "vault-secret", "keychain"]),
  );
});

test("in a home where nothing is yet, nothing is made, and nothing is left in the keychain", async () => {
  await using stack = new AsyncDisposableStack();
  const keychain = new FakeKeychain();
  const world = doctorWorld(stack, { doors: { keychain } });
  const outcomes = await look(world);
  expect(outcomes.filter(({ result }) => result === "warn" || result === "fail")).toEqual([]);
  expect(filesBelow(world.home!)).toEqual([]);
  expect(keychain.keys.size).toBe(0);
  expect(keychain.asked).toContain("set");
});

test("the vault holds the same rows afterwards, and no lock of ours lies about", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  await world.vault().put("tokens", "a", "kept");
  const before = filesBelow(world.home!);
  await look(world);
  expect(filesBelow(world.home!)).toEqual(before);
  expect(await world.vault().entries("memory")).toEqual([]);
  expect(await world.vault().get("tokens", "a")).toBe("kept");
});

test("what a doctor that was killed has left in the vault is swept, and what one that runs has there is not", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  const now = world.clock.now();
  await world.vault().put("memory", "doctor old", { secret: "a", at: now - 120_000 });
  await world.vault().put("memory", "doctor new", { secret: "b", at: now });
  await world.vault().put("memory", "another", 1);
  await look(world);
  expect((await world.vault().entries("memory")).map(({ key }) => key).sort()).toEqual(["another", "doctor new"]);
});

onUnix("a vault that is open to others or damaged stays so until it is to be mended", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  await world.vault().put("tokens", "a", "x".repeat(9_000));
  const { file } = await world.vault().status();
  chmodSync(file, 0o644);
  truncateSync(file, 5_000);
  const faults = async (fix: boolean): Promise<string[]> =>
    (await look(world, fix)).flatMap(({ code, fault }) => fault === undefined ? [] : [`${code}/${fault}`]);
  expect(await faults(false)).toEqual(["file-modes/open_to_others"]);
  expect(statSync(file).mode & 0o777).toBe(0o644);
  chmodSync(file, 0o600);
  expect(await faults(false)).toEqual(["vault-opens/vault_damaged"]);
  expect(readdirSync(dirname(file))).toContain("vault.db");
});

onUnix("--fix closes files, and moves a damaged vault aside", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  await world.vault().put("tokens", "a", "x".repeat(9_000));
  const { file } = await world.vault().status();
  chmodSync(file, 0o644);
  truncateSync(file, 5_000);
  const outcomes = await look(world, true);
  const name = readdirSync(dirname(file)).find((one) => one.startsWith("vault.db.damaged-"))!;
  const aside = join(dirname(file), name);
  expect(outcomes.filter(({ fixed }) => fixed !== undefined).map(({ code, result, fixed }) => [code, result, fixed]))
    .toEqual([
      ["file-modes", "ok", "closed 1 file or folder to other users"],
      ["vault-opens", "skip", `moved the damaged vault aside, to ${JSON.stringify(aside)}`],
    ]);
  expect(statSync(aside).mode & 0o777).toBe(0o600);
  expect(outcomes.filter(({ result }) => result === "fail")).toEqual([]);
});

test("a keychain that nothing needs may be locked or absent", async () => {
  for (const [mood, result] of [["locked", "warn"], ["absent", "skip"]] as const) {
    const keychain = new FakeKeychain();
    keychain.mood = mood;
    expect(await outcomeOf("keychain", { keyKind: "file", doors: { keychain } })).toMatchObject({ result });
  }
});

test("proxies are named without their users, and not by what they do not say", async () => {
  const env = { HTTPS_PROXY: "http://me:secret@proxy.invalid:3128", HTTP_PROXY: "http://me:secret@proxy.invalid:3128" };
  const outcome = await outcomeOf("proxy", { env });
  expect(outcome).toMatchObject({ result: "ok", text: "requests go by proxy.invalid:3128 (HTTPS_PROXY)" });
  expect(JSON.stringify(outcome)).not.toContain("secret");
});

test("each broken entry is told by itself, and so is each client", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  for (const [file, text] of [[".cursor/mcp.json", "{"], [".gemini/settings.json", "{"]] as const) {
    mkdirSync(dirname(join(world.home!, file)), { recursive: true });
    writeFileSync(join(world.home!, file), text);
  }
  const clients = (await look(world)).find(({ code }) => code === "clients")!;
  expect([clients.text, ...clients.more!.map(({ text }) => text)]).toEqual([
    expect.stringContaining(".cursor/mcp.json"),
    expect.stringContaining(".gemini/settings.json"),
  ]);
});

test("an entry of ours with the path of this executable and a server that is known is fine", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  const config = join(world.home!, ".config", "mcp-bridge", "servers.json");
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, '{"mcpServers": {"My Linear": {"url": "https://server.invalid/"}}}', { mode: 0o600 });
  mkdirSync(join(world.home!, ".cursor"));
  const entry = (...args: string[]): object => ({ command: world.executable, args });
  const servers = { a: entry("my-linear"), b: entry("https://other.invalid/mcp"), c: entry("serve") };
  writeFileSync(join(world.home!, ".cursor", "mcp.json"), JSON.stringify({ mcpServers: servers }));
  const clients = (await look(world)).find(({ code }) => code === "clients")!;
  expect(clients).toMatchObject({ result: "ok", text: expect.stringMatching(/^3 entries of ours in Cursor/) });
});

test("an entry for a project alone is cured where it stands: the command would write one for all projects", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  const entry = { command: "/opt/gone/mcp-bridge", args: ["https://server.invalid/"] };
  const text = JSON.stringify({ mcpServers: {}, projects: { "/work/api": { mcpServers: { linear: entry } } } });
  writeFileSync(join(world.home!, ".claude.json"), text);
  const clients = (await look({ ...world, executable: "/opt/bin/mcp-bridge" })).find(({ code }) => code === "clients")!;
  expect(clients.text).toStartWith('the entry "linear" of Claude Code in "/work/api" starts "/opt/gone/mcp-bridge"');
  expect(clients.cure).toContain('write "/opt/bin/mcp-bridge" as its command');
  const [listed] = clients.details!["entries"] as object[];
  expect(listed).toMatchObject({ client: "claude-code", project: "/work/api", name: "linear" });
});

test("pages are opened by what the system has for that, found where it belongs", async () => {
  const asked: string[] = [];
  const doors = {
    which: (name: string): string => {
      asked.push(name);
      return name;
    },
  };
  for (const platform of ["darwin", "win32"] as const) {
    expect(await outcomeOf("browser", { platform, env: { BROWSER: "" }, doors })).toMatchObject({ result: "ok" });
  }
  expect(asked.filter((name) => /open|rundll32/.test(name))).toEqual(["open", "C:\\Windows\\System32\\rundll32.exe"]);
});

test("on WSL pages are opened by Windows, with or without a screen here", async () => {
  const doors = { which: (name: string) => name === "rundll32.exe" ? `/mnt/c/Windows/System32/${name}` : undefined };
  const outcome = await outcomeOf("browser", {
    platform: "linux",
    env: { BROWSER: "", DISPLAY: "", WSL_DISTRO_NAME: "Debian" },
    doors,
  });
  expect(outcome).toMatchObject({ result: "ok", text: "rundll32.exe opens pages" });
});

test("a client that people start in a shell sees its PATH, one of the desktop of macOS four folders", async () => {
  const doors = {
    which: (name: string, path?: string) => path?.startsWith("/usr/bin:/bin") ? undefined : `/opt/bin/${name}`,
  };
  const entry = JSON.stringify({ mcpServers: { linear: { command: "mcp-bridge", args: [] } } });
  for (const [file, result] of [[".gemini/settings.json", "ok"], [".cursor/mcp.json", "warn"]] as const) {
    await using stack = new AsyncDisposableStack();
    const world = doctorWorld(stack, { platform: "darwin", doors, env: { PATH: "/opt/bin" } });
    mkdirSync(dirname(join(world.home!, file)), { recursive: true });
    writeFileSync(join(world.home!, file), entry);
    const clients = (await look(world)).find(({ code }) => code === "clients")!;
    expect([file, clients.result]).toEqual([file, result]);
  }
});

test("an entry with a home of its own for us may name servers that are not in ours", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  mkdirSync(join(world.home!, ".cursor"));
  const linear = { command: world.executable, args: ["linear"], env: { MCP_BRIDGE_HOME: "/srv/mcp" } };
  writeFileSync(join(world.home!, ".cursor", "mcp.json"), JSON.stringify({ mcpServers: { linear } }));
  expect((await look(world)).find(({ code }) => code === "clients")).toMatchObject({ result: "ok" });
});

test("an entry whose path holds a variable of the client's is left to it", async () => {
  await using stack = new AsyncDisposableStack();
  const world = doctorWorld(stack);
  mkdirSync(join(world.home!, ".cursor"));
  const entry = { command: "${userHome}/bin/mcp-bridge", args: ["https://server.invalid/"] };
  writeFileSync(join(world.home!, ".cursor", "mcp.json"), JSON.stringify({ mcpServers: { linear: entry } }));
  expect((await look(world)).find(({ code }) => code === "clients")).toMatchObject({ result: "ok" });
});

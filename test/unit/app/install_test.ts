import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  carryOut,
  carryOutUndo,
  isOurs,
  lookAtClient,
  planInstall,
  planUndo,
  planUninstall,
} from "../../../src/app/install.ts";
import { Backups } from "../../../src/registry/clients/backups.ts";
import { findClient, type FoundClient } from "../../../src/registry/clients/find.ts";
import { clientOf, CLIENTS } from "../../../src/registry/clients/table.ts";
import { Home } from "../../harness/home.ts";

const PROGRAM = { command: "/opt/mcp-bridge", args: ["linear"], env: {} };

let home: Home;
let backups: Backups;

beforeEach(() => {
  home = new Home();
  backups = new Backups(join(home.folder, "state"));
});
afterEach(() => home[Symbol.dispose]());

async function found(id: string, text?: string): Promise<FoundClient> {
  const client = await clientOf(id);
  const user = { platform: process.platform, env: {}, home: home.folder };
  const { file } = await findClient(client, user);
  if (text !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return await findClient(client, user);
}

function read({ file }: FoundClient): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

async function install(client: FoundClient, name: string, args = PROGRAM.args): Promise<void> {
  await carryOut(await planInstall(client, name, { ...PROGRAM, args }, false), backups);
}

async function uninstall(client: FoundClient, name?: string): Promise<void> {
  await carryOut(await planUninstall(client, name, backups), backups);
}

test.skipIf(process.platform === "win32")("clients that have one file by a link get one entry", async () => {
  const cursor = await found("cursor", '{"mcpServers": {}}\n');
  const other = await found("windsurf", "");
  rmSync(other.file);
  symlinkSync(cursor.file, other.file);
  const changes = await Promise.all([cursor, other].map((client) => planInstall(client, "linear", PROGRAM, false)));
  for (const change of changes) await carryOut(change, backups);
  expect(JSON.parse(read(cursor)!)).toEqual({
    mcpServers: { linear: { command: "/opt/mcp-bridge", args: ["linear"] } },
  });
  await carryOutUndo(await planUndo(cursor, backups), backups);
  expect(read(other)).toBe('{"mcpServers": {}}\n');
});

const TEXTS: readonly (readonly [what: string, json: string | undefined, toml: string | undefined])[] = [
  ["is missing", undefined, undefined],
  ["is empty", "", ""],
  ["is a mark of the byte order", "\ufeff", "\ufeff"],
  ["is an empty object", "{}", "\n"],
  ["has an empty list", '{"LIST":{}, "a": 1}\r\n', 'model = "a"\r\n'],
  [
    "has other servers, comments and tabs",
    '{\n\t"LIST": {\n\t\t"x": {"command": "y"}, // z\n\t},\n}',
    "[a]\nb = 1 # c",
  ],
];

describe("servers that come and go", () => {
  for (const client of CLIENTS) {
    for (const [what, json, toml] of TEXTS) {
      const text = client.format === "toml" ? toml : json?.replaceAll("LIST", client.path.join("."));
      test(`leave a file of ${client.id} that ${what} as it was, to the byte`, async () => {
        const cursor = await found(client.id, text);
        await install(cursor, "one");
        expect((await lookAtClient(cursor)).ours).toMatchObject([{ name: "one", ...PROGRAM }]);
        await uninstall(cursor);
        expect(read(cursor)).toBe(text);
        await install(cursor, "one");
        await install(cursor, "two");
        await install(cursor, "three");
        await uninstall(cursor, "two");
        expect((await lookAtClient(cursor)).ours.map(({ name }) => name)).toEqual(["one", "three"]);
        await uninstall(cursor, "one");
        await uninstall(cursor);
        expect(read(cursor)).toBe(text);
      });
    }
  }
});

describe("an entry that is installed", () => {
  test("is brought up to date where it is ours, and left where it is the same", async () => {
    const client = await found("cursor", '{"mcpServers": {"a": {"command": "/old/mcp-bridge", "args": ["linear"]}}}');
    const change = await planInstall(client, "a", PROGRAM, false);
    expect(JSON.parse(change.after!).mcpServers).toEqual({ a: { command: "/opt/mcp-bridge", args: ["linear"] } });
    await carryOut(change, backups);
    const again = await planInstall(client, "a", PROGRAM, false);
    expect(again.after).toBe(again.before);
  });

  test("keeps what people have added to it when it is brought up to date", async () => {
    const json = await found(
      "cursor",
      '{"mcpServers": {"a": {\n  "command": "/old/mcp-bridge", // moved\n  "args": ["x"],\n  "env": {"PROXY": "p"}, "disabled": true }}}',
    );
    const program = { ...PROGRAM, env: { MCP_BRIDGE_HOME: "/srv" } };
    expect((await planInstall(json, "a", program, false)).after).toBe(
      '{"mcpServers": {"a": {\n  "command": "/opt/mcp-bridge", // moved\n  "args": ["linear"],\n  "env": { "PROXY": "p", "MCP_BRIDGE_HOME": "/srv" }, "disabled": true }}}',
    );
    const text = '[mcp_servers.a] # ours\nstartup_timeout_sec = 60\ncommand = "/old/mcp-bridge" # moved\n\n[tui]\n';
    const toml = await found("codex", text);
    expect((await planInstall(toml, "a", program, false)).after).toBe(
      '[mcp_servers.a] # ours\nstartup_timeout_sec = 60\ncommand = "/opt/mcp-bridge" # moved\nargs = ["linear"]\nenv = { MCP_BRIDGE_HOME = "/srv" }\n\n[tui]\n',
    );
    const parted = await found("codex", `${text}[mcp_servers.a.env]\nPROXY = "p"\n`);
    const { after } = await planInstall(parted, "a", program, false);
    writeFileSync(parted.file, after!);
    expect((await lookAtClient(parted)).ours).toMatchObject([
      { command: "/opt/mcp-bridge", args: ["linear"], env: { PROXY: "p", MCP_BRIDGE_HOME: "/srv" } },
    ]);
    expect(after).toContain("startup_timeout_sec = 60");
  });

  test("takes the place of another's only where that is said", async () => {
    const client = await found("cursor", '{"mcpServers": {"a": {"url": "https://a/mcp"}}}');
    await expect(planInstall(client, "a", PROGRAM, false)).rejects.toMatchObject({
      code: "bad_name",
      hint: expect.stringContaining("--replace"),
    });
    const { after } = await planInstall(client, "a", PROGRAM, true);
    expect(JSON.parse(after!).mcpServers.a).toEqual({ command: "/opt/mcp-bridge", args: ["linear"] });
  });

  test("is not written where the file was changed since it was shown", async () => {
    const client = await found("cursor", "{}");
    const change = await planInstall(client, "a", PROGRAM, false);
    writeFileSync(client.file, '{"theirs": 1}');
    await expect(carryOut(change, backups)).rejects.toMatchObject({ code: "file_changed" });
    expect(read(client)).toBe('{"theirs": 1}');
  });
});

describe("an entry that is taken out", () => {
  test("leaves what others wrote since", async () => {
    const client = await found("cursor", "{}");
    await install(client, "a");
    const text = read(client)!;
    writeFileSync(client.file, text.replace("{", '{ "theme": "dark",'));
    await uninstall(client);
    expect(JSON.parse(read(client)!)).toEqual({ theme: "dark", mcpServers: {} });
  });

  test("must be there and ours, where it is named", async () => {
    const client = await found(
      "cursor",
      '{"mcpServers": {"a": {"url": "https://a"}, "b": {"command": "/x/mcp-bridge"}}}',
    );
    await expect(planUninstall(client, "a", backups)).rejects.toMatchObject({
      code: "unknown_name",
      message: expect.stringContaining("is not ours"),
      hint: 'those of ours are "b"',
    });
    await expect(planUninstall(client, "c", backups)).rejects.toMatchObject({ code: "unknown_name" });
    expect((await planUninstall(client, "c", backups, false)).names).toEqual([]);
  });

  test("is known by its program, whatever it is called and wherever that is", () => {
    for (const command of ["/usr/bin/mcp-bridge", "C:\\bin\\mcp-bridge.exe", "mcp-bridge"]) {
      expect(isOurs({ command })).toBe(true);
    }
    for (const command of ["/usr/bin/not-mcp-bridge", "/mcp-bridge/x", "npx", undefined]) {
      expect(isOurs({ command })).toBe(false);
    }
  });
});

describe("undoing", () => {
  test("puts the file back to what it was, step by step", async () => {
    const client = await found("zed", "// mine\n{}");
    await install(client, "a");
    const one = read(client);
    await install(client, "b");
    await uninstall(client, "a");
    for (const text of [undefined, one, "// mine\n{}"]) {
      await carryOutUndo(await planUndo(client, backups), backups);
      if (text !== undefined) expect(read(client)).toBe(text);
    }
    await expect(planUndo(client, backups)).rejects.toMatchObject({ code: "bad_argument" });
  });

  test("takes a file away that was not there", async () => {
    const client = await found("codex");
    await install(client, "a");
    await carryOutUndo(await planUndo(client, backups), backups);
    expect(read(client)).toBeUndefined();
  });

  test("is refused where somebody changed the file since", async () => {
    const client = await found("cursor", "{}");
    await install(client, "a");
    writeFileSync(client.file, `${read(client)}\n`);
    await expect(planUndo(client, backups)).rejects.toMatchObject({
      code: "file_changed",
      hint: '"mcp-bridge uninstall cursor" takes our entries out',
    });
  });
});

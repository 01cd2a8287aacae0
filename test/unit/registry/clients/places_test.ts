import { describe, expect, test } from "bun:test";
import type { UserEnvironment } from "../../../../src/registry/clients/client.ts";
import { findClient, findClients } from "../../../../src/registry/clients/find.ts";
import { clientOf, CLIENTS } from "../../../../src/registry/clients/table.ts";

const linux: UserEnvironment = { platform: "linux", env: {}, home: "/home/ada" };
const darwin: UserEnvironment = { platform: "darwin", env: {}, home: "/Users/ada" };
const win32: UserEnvironment = {
  platform: "win32",
  env: { APPDATA: "C:\\Users\\ada\\AppData\\Roaming", LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local" },
  home: "C:\\Users\\ada",
};

const FILES: readonly (readonly [client: string, linux: string, darwin: string, win32: string])[] = [
  [
    "claude-desktop",
    "/home/ada/.config/Claude/claude_desktop_config.json",
    "/Users/ada/Library/Application Support/Claude/claude_desktop_config.json",
    "C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json",
  ],
  ["claude-code", "/home/ada/.claude.json", "/Users/ada/.claude.json", "C:\\Users\\ada\\.claude.json"],
  ["cursor", "/home/ada/.cursor/mcp.json", "/Users/ada/.cursor/mcp.json", "C:\\Users\\ada\\.cursor\\mcp.json"],
  [
    "vscode",
    "/home/ada/.config/Code/User/mcp.json",
    "/Users/ada/Library/Application Support/Code/User/mcp.json",
    "C:\\Users\\ada\\AppData\\Roaming\\Code\\User\\mcp.json",
  ],
  [
    "windsurf",
    "/home/ada/.codeium/windsurf/mcp_config.json",
    "/Users/ada/.codeium/windsurf/mcp_config.json",
    "C:\\Users\\ada\\.codeium\\windsurf\\mcp_config.json",
  ],
  [
    "devin",
    "/home/ada/.config/devin/mcp_config.json",
    "/Users/ada/.config/devin/mcp_config.json",
    "C:\\Users\\ada\\AppData\\Roaming\\devin\\mcp_config.json",
  ],
  [
    "zed",
    "/home/ada/.config/zed/settings.json",
    "/Users/ada/.config/zed/settings.json",
    "C:\\Users\\ada\\AppData\\Roaming\\Zed\\settings.json",
  ],
  [
    "gemini-cli",
    "/home/ada/.gemini/settings.json",
    "/Users/ada/.gemini/settings.json",
    "C:\\Users\\ada\\.gemini\\settings.json",
  ],
  [
    "antigravity",
    "/home/ada/.gemini/config/mcp_config.json",
    "/Users/ada/.gemini/config/mcp_config.json",
    "C:\\Users\\ada\\.gemini\\config\\mcp_config.json",
  ],
  [
    "opencode",
    "/home/ada/.config/opencode/opencode.json",
    "/Users/ada/.config/opencode/opencode.json",
    "C:\\Users\\ada\\.config\\opencode\\opencode.json",
  ],
  ["codex", "/home/ada/.codex/config.toml", "/Users/ada/.codex/config.toml", "C:\\Users\\ada\\.codex\\config.toml"],
];

const nothing = (): boolean => false;

describe("the place of a client's file", () => {
  test("stands in this table for every client that we know", () => {
    expect(FILES.map(([id]) => id)).toEqual(CLIENTS.map(({ id }) => id));
  });

  for (const [id, ...places] of FILES) {
    for (const [place, user] of [linux, darwin, win32].map((user, at) => [places[at]!, user] as const)) {
      test(`is ${place} for ${id} on ${user.platform}`, async () => {
        expect(await findClient(await clientOf(id), user, nothing)).toMatchObject({
          file: place,
          hasFile: false,
          isInstalled: false,
        });
        const found = await findClient(await clientOf(id), user, (path) => path === place);
        expect(found).toMatchObject({ file: place, hasFile: true, isInstalled: true });
        expect(found.lookedAt).toContain(place);
      });
    }
  }

  const MOVED: readonly (readonly [id: string, variable: string, value: string, file: string])[] = [
    ["claude-desktop", "XDG_CONFIG_HOME", "/etc/ada", "/etc/ada/Claude/claude_desktop_config.json"],
    ["claude-code", "CLAUDE_CONFIG_DIR", "/work/claude/", "/work/claude/.claude.json"],
    ["vscode", "VSCODE_PORTABLE", "/stick/data", "/stick/data/user-data/User/mcp.json"],
    ["zed", "XDG_CONFIG_HOME", "/etc/ada", "/etc/ada/zed/settings.json"],
    ["gemini-cli", "GEMINI_CLI_HOME", "/work/gemini", "/work/gemini/.gemini/settings.json"],
    ["opencode", "XDG_CONFIG_HOME", "/etc/ada", "/etc/ada/opencode/opencode.json"],
    ["codex", "CODEX_HOME", "/work/codex", "/work/codex/config.toml"],
  ];
  for (const [id, variable, value, file] of MOVED) {
    test(`follows ${variable} for ${id}, where it is a whole path`, async () => {
      const client = await clientOf(id);
      expect((await findClient(client, { ...linux, env: { [variable]: value } }, nothing)).file).toBe(file);
      const usual = (await findClient(client, linux, nothing)).file;
      expect((await findClient(client, { ...linux, env: { [variable]: "here" } }, nothing)).file).toBe(usual);
    });
  }

  test("follows APPDATA, and is below the home without it", async () => {
    const client = await clientOf("zed");
    const moved = { ...win32, env: { APPDATA: "D:\\Roaming" } };
    expect((await findClient(client, moved, nothing)).file).toBe("D:\\Roaming\\Zed\\settings.json");
    expect((await findClient(client, { ...win32, env: {} }, nothing)).file).toBe(
      "C:\\Users\\ada\\AppData\\Roaming\\Zed\\settings.json",
    );
  });

  test("is that of the store's Claude Desktop where only its folder is there, or it has a file", async () => {
    const client = await clientOf("claude-desktop");
    const folder = "C:\\Users\\ada\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude";
    const file = `${folder}\\claude_desktop_config.json`;
    expect(await findClient(client, win32, (path) => path === folder)).toMatchObject({ file, hasFile: false });
    const usual = "C:\\Users\\ada\\AppData\\Roaming\\Claude\\claude_desktop_config.json";
    expect((await findClient(client, win32, (path) => path === file || path === usual)).file).toBe(file);
  });

  test("is OpenCode's file with comments where there is one", async () => {
    const file = "/home/ada/.config/opencode/opencode.jsonc";
    expect(await findClient(await clientOf("opencode"), linux, (path) => path === file)).toMatchObject({
      file,
      hasFile: true,
    });
  });
});

describe("a client", () => {
  test("is installed where one of its signs is there, or one of its programs is in PATH", async () => {
    const user = { ...linux, env: { PATH: "/usr/bin:/opt/bin" } };
    for (const sign of ["/home/ada/.codex", "/opt/bin/codex"]) {
      const found = await findClients(user, (path) => path === sign);
      expect(found.filter(({ isInstalled }) => isInstalled).map(({ client }) => client.id)).toEqual(["codex"]);
    }
    const windows = { ...win32, env: { Path: "C:\\bin" } };
    expect((await findClient(await clientOf("codex"), windows, (path) => path === "C:\\bin\\codex.cmd")).isInstalled)
      .toBe(true);
  });

  test("that is not there says where it was looked for", async () => {
    expect((await findClient(await clientOf("cursor"), darwin, nothing)).lookedAt).toEqual([
      "/Users/ada/.cursor/mcp.json",
      "/Users/ada/.cursor",
      "/Applications/Cursor.app",
      "/Users/ada/Applications/Cursor.app",
      '"cursor" in PATH',
    ]);
  });

  test("is found by its id or its name, and a slip gets the nearest", async () => {
    expect((await clientOf("VS Code")).id).toBe("vscode");
    await expect(clientOf("cursr")).rejects.toMatchObject({ code: "bad_argument", hint: 'did you mean "cursor"?' });
    await expect(clientOf("claude")).rejects.toMatchObject({ hint: 'did you mean "claude-code" or "claude-desktop"?' });
    await expect(clientOf("emacs")).rejects.toMatchObject({ hint: expect.stringContaining("opencode or codex") });
  });
});

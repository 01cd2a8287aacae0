import { describe, expect, test } from "bun:test";
import { BridgeError } from "../../../src/platform/errors.ts";
import { type Folders, foldersOf, type Surroundings, windowsProgram } from "../../../src/platform/paths.ts";

const PLACES: [what: string, platform: NodeJS.Platform, env: Surroundings["env"], folders: Folders][] = [
  ["Linux without XDG variables", "linux", { HOME: "/home/ada" }, {
    state: "/home/ada/.local/state/mcp-bridge",
    config: "/home/ada/.config/mcp-bridge",
  }],
  ["Linux with them", "linux", { HOME: "/home/ada", XDG_STATE_HOME: "/s", XDG_CONFIG_HOME: "/c" }, {
    state: "/s/mcp-bridge",
    config: "/c/mcp-bridge",
  }],
  ["Linux with relative ones, which count for nothing", "linux", {
    HOME: "/h",
    XDG_STATE_HOME: "s",
    XDG_CONFIG_HOME: "",
  }, {
    state: "/h/.local/state/mcp-bridge",
    config: "/h/.config/mcp-bridge",
  }],
  ["Linux without a home, where XDG names all", "linux", { XDG_STATE_HOME: "/s", XDG_CONFIG_HOME: "/c" }, {
    state: "/s/mcp-bridge",
    config: "/c/mcp-bridge",
  }],
  ["macOS", "darwin", { HOME: "/Users/ada", XDG_STATE_HOME: "/s" }, {
    state: "/Users/ada/Library/Application Support/mcp-bridge",
    config: "/Users/ada/Library/Application Support/mcp-bridge",
  }],
  [
    "Windows",
    "win32",
    { LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local", APPDATA: "C:\\Users\\ada\\AppData\\Roaming" },
    {
      state: "C:\\Users\\ada\\AppData\\Local\\mcp-bridge",
      config: "C:\\Users\\ada\\AppData\\Roaming\\mcp-bridge",
    },
  ],
  ["Windows without its variables", "win32", { USERPROFILE: "D:\\ada", LOCALAPPDATA: "AppData" }, {
    state: "D:\\ada\\AppData\\Local\\mcp-bridge",
    config: "D:\\ada\\AppData\\Roaming\\mcp-bridge",
  }],
  ["any machine with MCP_BRIDGE_HOME", "linux", { HOME: "/home/ada", XDG_STATE_HOME: "/s", MCP_BRIDGE_HOME: "/all" }, {
    state: "/all",
    config: "/all",
  }],
  ["Windows with MCP_BRIDGE_HOME on a share", "win32", { MCP_BRIDGE_HOME: "\\\\server\\ada" }, {
    state: "\\\\server\\ada",
    config: "\\\\server\\ada",
  }],
];

describe("the folders of the product", () => {
  test.each(PLACES)("on %s", (_what, platform, env, folders) => {
    expect(foldersOf({ platform, env })).toEqual(folders);
  });

  const NOWHERE: [what: string, platform: NodeJS.Platform, env: Surroundings["env"]][] = [
    ["there is no home", "linux", {}],
    ["the home is relative", "darwin", { HOME: "ada" }],
    ["there is no profile", "win32", { HOME: "/home/ada" }],
    ["MCP_BRIDGE_HOME is relative", "linux", { HOME: "/home/ada", MCP_BRIDGE_HOME: "state" }],
    ["MCP_BRIDGE_HOME is for another system", "win32", { USERPROFILE: "C:\\ada", MCP_BRIDGE_HOME: "/state" }],
  ];
  test.each(NOWHERE)("are asked for where %s", (_what, platform, env) => {
    let thrown: unknown;
    try {
      foldersOf({ platform, env });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BridgeError);
    expect(thrown).toMatchObject({ code: "no_home", hint: expect.stringContaining("set MCP_BRIDGE_HOME") });
  });
});

test("a program of Windows is named by its whole path, whatever the environment says", () => {
  expect(windowsProgram("icacls.exe", { SystemRoot: "D:\\Windows" })).toBe("D:\\Windows\\System32\\icacls.exe");
  for (const env of [{}, { SystemRoot: "" }, { SystemRoot: "Windows" }]) {
    expect(windowsProgram("icacls.exe", env)).toBe("C:\\Windows\\System32\\icacls.exe");
  }
});

import { BridgeError, quoted } from "../../platform/errors.ts";
import { nearestNames } from "../names.ts";
import type { Client, ClientPlaces, UserEnvironment } from "./client.ts";
import {
  geminiReferences,
  openCodeReferences,
  readCodex,
  readCommon,
  readOpenCode,
  readZed,
  writeCodex,
  writeCommon,
  writeGemini,
  writeOpenCode,
  writeTyped,
} from "./entry_shape.ts";
import { applicationPlaces, atHome, below, folderOf, inAppData, inConfig, inLocalAppData } from "./places.ts";

/** The folder of Claude Desktop from the store, whose writes to `AppData\Roaming` Windows turns to a copy of its own. */
const STORE_FOLDER = "Claude_pzs8sxrjxfjjc";

/** The clients whose files we know, in the order in which they are shown. */
export const CLIENTS: readonly Client[] = [
  {
    id: "claude-desktop",
    name: "Claude Desktop",
    format: "json",
    path: ["mcpServers"],
    places(user): ClientPlaces {
      const file = "claude_desktop_config.json";
      const folder = inAppData(user, "Claude");
      const places = applicationPlaces(user, {
        files: [below(user, folder, file)],
        folder,
        application: "Claude",
        programFolder: ["AnthropicClaude"],
        programs: ["claude-desktop"],
      });
      if (user.platform !== "win32") return places;
      const store = inLocalAppData(user, "Packages", STORE_FOLDER);
      const ofStore = below(user, store, "LocalCache", "Roaming", "Claude", file);
      return { ...places, files: [ofStore, ...places.files], signs: [...places.signs, store] };
    },
    write: writeCommon,
    read: readCommon,
  },
  {
    id: "claude-code",
    name: "Claude Code",
    format: "json",
    path: ["mcpServers"],
    projects: ["projects"],
    lock: (file): string => `${file}.lock`,
    places(user): ClientPlaces {
      const folder = folderOf(user, "CLAUDE_CONFIG_DIR");
      const own = folder ?? atHome(user, ".claude");
      const files = [below(user, own, ".config.json"), below(user, folder ?? user.home, ".claude.json")];
      return { files, signs: [own], programs: ["claude"] };
    },
    write: writeTyped,
    read: readCommon,
  },
  {
    id: "cursor",
    name: "Cursor",
    format: "json",
    path: ["mcpServers"],
    places: (user): ClientPlaces =>
      applicationPlaces(user, {
        files: [atHome(user, ".cursor", "mcp.json")],
        folder: atHome(user, ".cursor"),
        application: "Cursor",
        programFolder: ["Programs", "cursor"],
        programs: ["cursor"],
      }),
    write: writeCommon,
    read: readCommon,
  },
  {
    id: "vscode",
    name: "VS Code",
    format: "json",
    path: ["servers"],
    places(user): ClientPlaces {
      const portable = folderOf(user, "VSCODE_PORTABLE");
      const folder = portable === undefined ? inAppData(user, "Code") : below(user, portable, "user-data");
      return applicationPlaces(user, {
        files: [below(user, folder, "User", "mcp.json")],
        folder,
        application: "Visual Studio Code",
        programFolder: ["Programs", "Microsoft VS Code"],
        programs: ["code"],
      });
    },
    write: writeTyped,
    read: readCommon,
  },
  {
    id: "windsurf",
    name: "Windsurf",
    format: "json",
    path: ["mcpServers"],
    places: (user): ClientPlaces =>
      applicationPlaces(user, {
        files: [atHome(user, ".codeium", "windsurf", "mcp_config.json")],
        folder: atHome(user, ".codeium", "windsurf"),
        application: "Windsurf",
        programFolder: ["Programs", "Windsurf"],
        programs: ["windsurf"],
      }),
    write: writeCommon,
    read: readCommon,
    successor: "devin",
  },
  {
    id: "devin",
    name: "Devin",
    format: "json",
    path: ["mcpServers"],
    places(user): ClientPlaces {
      const folder = user.platform === "win32" ? inAppData(user, "devin") : inConfig(user, "devin");
      return applicationPlaces(user, {
        files: [below(user, folder, "mcp_config.json")],
        folder,
        application: "Devin",
        programFolder: ["Programs", "Devin"],
        programs: ["devin"],
      });
    },
    write: writeCommon,
    read: readCommon,
  },
  {
    id: "zed",
    name: "Zed",
    format: "json",
    path: ["context_servers"],
    places(user): ClientPlaces {
      const folder = folderOfZed(user);
      return applicationPlaces(user, {
        files: [below(user, folder, "settings.json")],
        folder,
        application: "Zed",
        programFolder: ["Programs", "Zed"],
        programs: ["zed", "zeditor"],
      });
    },
    write: writeCommon,
    read: readZed,
  },
  {
    id: "gemini-cli",
    name: "Gemini CLI",
    format: "json",
    path: ["mcpServers"],
    places(user): ClientPlaces {
      const folder = below(user, folderOf(user, "GEMINI_CLI_HOME") ?? user.home, ".gemini");
      return { files: [below(user, folder, "settings.json")], signs: [folder], programs: ["gemini"] };
    },
    write: writeGemini,
    withCommonReferences: geminiReferences,
    read: readCommon,
    successor: "antigravity",
  },
  {
    id: "antigravity",
    name: "Antigravity",
    format: "json",
    path: ["mcpServers"],
    places(user): ClientPlaces {
      const folder = atHome(user, ".gemini", "config");
      const places = applicationPlaces(user, {
        files: [below(user, folder, "mcp_config.json")],
        folder,
        application: "Antigravity",
        programFolder: ["Programs", "Antigravity"],
        programs: ["agy", "antigravity"],
      });
      const others = ["antigravity", "antigravity-cli"].map((name) => atHome(user, ".gemini", name));
      return { ...places, signs: [...places.signs, ...others] };
    },
    // It leaves out an entry that names its transport.
    write: writeCommon,
    read: readCommon,
  },
  {
    id: "opencode",
    name: "OpenCode",
    format: "json",
    path: ["mcp"],
    otherPath: ["mcp", "servers"],
    places(user): ClientPlaces {
      const folder = inConfig(user, "opencode");
      const files = ["opencode.jsonc", "opencode.json"].map((file) => below(user, folder, file));
      return { files, signs: [folder], programs: ["opencode"] };
    },
    write: writeOpenCode,
    withCommonReferences: openCodeReferences,
    read: readOpenCode,
  },
  {
    id: "codex",
    name: "Codex",
    format: "toml",
    path: ["mcp_servers"],
    places(user): ClientPlaces {
      const folder = folderOf(user, "CODEX_HOME") ?? atHome(user, ".codex");
      return { files: [below(user, folder, "config.toml")], signs: [folder], programs: ["codex"] };
    },
    write: writeCodex,
    read: readCodex,
  },
];

/**
 * The client that a person means.
 *
 * @throws {BridgeError} `bad_argument`, with those that are near or all there are
 */
export async function clientOf(word: string): Promise<Client> {
  const said = word.toLowerCase();
  const found = CLIENTS.find(({ id, name }) => id === said || name.toLowerCase() === said);
  if (found !== undefined) return found;
  const ids = CLIENTS.map(({ id }) => id);
  const near = await nearestNames(word, ids);
  throw new BridgeError("bad_argument", `there is no client ${quoted(word)} that we know`, {
    hint: near.length > 0
      ? `did you mean ${near.map((id) => JSON.stringify(id)).join(" or ")}?`
      : `say ${ids.slice(0, -1).join(", ")} or ${
        ids.at(-1)
      }; "mcp-bridge install --print" gives the text for any other`,
  });
}

/** Zed has `~/.config` on macOS as well. */
function folderOfZed(user: UserEnvironment): string {
  if (user.platform === "darwin") return atHome(user, ".config", "zed");
  return user.platform === "win32" ? inAppData(user, "Zed") : inConfig(user, "zed");
}

import { BridgeError } from "./errors.ts";

/** What decides where files belong; a test brings its own. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where the files of the product belong, as absolute paths; neither folder need exist. */
export interface Folders {
  /** What the product keeps for itself: the vault and its locks. Stays on this machine. */
  readonly state: string;
  /** What a person may edit. */
  readonly config: string;
}

const NAME = "mcp-bridge";

/**
 * The product's folders in the platform's places: XDG Base Directory, Application Support, AppData. `MCP_BRIDGE_HOME`
 * takes the place of both.
 *
 * @throws {BridgeError} `no_home` where the environment names no place, or `MCP_BRIDGE_HOME` is a relative path.
 */
export function foldersOf(surroundings: Surroundings = { platform: process.platform, env: process.env }): Folders {
  const { platform, env } = surroundings;
  if (env.MCP_BRIDGE_HOME) {
    if (isAbsolute(env.MCP_BRIDGE_HOME, platform)) return { state: env.MCP_BRIDGE_HOME, config: env.MCP_BRIDGE_HOME };
    throw new BridgeError("no_home", `MCP_BRIDGE_HOME is no absolute path: ${JSON.stringify(env.MCP_BRIDGE_HOME)}`, {
      hint: "set MCP_BRIDGE_HOME to the whole path of a folder",
    });
  }
  switch (platform) {
    case "win32":
      return {
        state: `${placeOf("LOCALAPPDATA", "AppData\\Local", surroundings)}\\${NAME}`,
        config: `${placeOf("APPDATA", "AppData\\Roaming", surroundings)}\\${NAME}`,
      };
    case "darwin": {
      const folder = `${homeOf(surroundings)}/Library/Application Support/${NAME}`;
      return { state: folder, config: folder };
    }
    default:
      return {
        state: `${placeOf("XDG_STATE_HOME", ".local/state", surroundings)}/${NAME}`,
        config: `${placeOf("XDG_CONFIG_HOME", ".config", surroundings)}/${NAME}`,
      };
  }
}

/** Where Windows keeps its own program `name`, so that none of that name in another folder is started in its place. */
export function windowsProgram(name: string, env: Surroundings["env"] = process.env): string {
  const root = env.SystemRoot ?? env.SYSTEMROOT;
  return `${root && isAbsolute(root, "win32") ? root : "C:\\Windows"}\\System32\\${name}`;
}

/** The place that a variable names, else the usual one below the home; a relative value counts for nothing (XDG). */
function placeOf(variable: string, usual: string, surroundings: Surroundings): string {
  const named = surroundings.env[variable];
  if (named && isAbsolute(named, surroundings.platform)) return named;
  return `${homeOf(surroundings)}${surroundings.platform === "win32" ? "\\" : "/"}${usual}`;
}

/** The user's home folder; nothing where the environment does not say. */
export function knownHome({ platform, env }: Surroundings): string | undefined {
  const home = env[platform === "win32" ? "USERPROFILE" : "HOME"];
  return home && isAbsolute(home, platform) ? home : undefined;
}

function homeOf(surroundings: Surroundings): string {
  const home = knownHome(surroundings);
  if (home !== undefined) return home;
  const variable = surroundings.platform === "win32" ? "USERPROFILE" : "HOME";
  throw new BridgeError("no_home", `there is no home folder: ${variable} is not set to an absolute path`, {
    hint: "set MCP_BRIDGE_HOME to the whole path of a folder",
  });
}

function isAbsolute(path: string, platform: NodeJS.Platform): boolean {
  return platform === "win32" ? /^(?:[a-z]:[\\/]|\\\\)/i.test(path) : path.startsWith("/");
}

import { chmodSync, linkSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { World } from "../../../../src/app/doctor/world.ts";
import { foldersOf } from "../../../../src/platform/paths.ts";
import { type Changes, doctorWorld } from "../../../harness/doctor_world.ts";
import type { FailingWorld } from "./failing_world.ts";
import { changed, fileAt, stateIn, withVault } from "./worlds.ts";

type Stack = AsyncDisposableStack;

function configIn(world: World): string {
  return join(foldersOf(world.state.surroundings).config, "servers.json");
}

function withServers(text: string): FailingWorld["world"] {
  return (stack) => {
    const world = doctorWorld(stack);
    fileAt(configIn(world), text);
    return world;
  };
}

/** A world in which others may do what the modes say with servers.json and with its folder. */
function withOpenList(stack: Stack, mode: number, folderMode = 0o755): World {
  const world = doctorWorld(stack);
  const file = fileAt(configIn(world), "{}");
  chmodSync(file, mode);
  chmodSync(dirname(file), folderMode);
  return world;
}

/** A world with a file of Cursor. */
function withCursor(entry: unknown, changes: Changes = {}): FailingWorld["world"] {
  return (stack) => {
    const world = doctorWorld(stack, changes);
    const text = typeof entry === "string" ? entry : JSON.stringify({ mcpServers: { linear: entry } });
    fileAt(join(world.home!, ".cursor", "mcp.json"), text);
    return world;
  };
}

/** Worlds that differ in files: ours, the person's list of servers, and those of clients. */
export const FILE_WORLDS: readonly FailingWorld[] = [
  {
    code: "file-places",
    fault: "no_home",
    name: "HOME is not set",
    world: changed({ env: { HOME: undefined, USERPROFILE: undefined } }),
  },
  {
    code: "file-places",
    fault: "no_home",
    name: "MCP_BRIDGE_HOME is a relative path",
    world: changed({ env: { MCP_BRIDGE_HOME: "state" } }),
  },
  {
    code: "file-places",
    fault: "unsafe_file",
    name: "the folder of the vault is a link",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      const folder = stateIn(world);
      const linked = `${folder}-link`;
      symlinkSync(folder, linked);
      return doctorWorld(stack, { env: { MCP_BRIDGE_HOME: linked } });
    },
  },
  {
    code: "file-places",
    fault: "unsafe_file",
    name: "the folder of the vault is another user's",
    world(stack: Stack): World {
      const world = doctorWorld(stack, { uid: (process.getuid?.() ?? 0) + 1 });
      stateIn(world);
      return world;
    },
  },
  {
    code: "file-places",
    fault: "not_writable",
    name: "the folder would be in a place where nothing can be made",
    world: changed({ env: { MCP_BRIDGE_HOME: "/dev/null/mcp-bridge" } }),
  },
  {
    code: "file-modes",
    fault: "open_to_others",
    name: "the vault is readable by others",
    world: withVault((file) => chmodSync(file, 0o644)),
  },
  {
    code: "file-modes",
    fault: "open_to_others",
    name: "servers.json is writable by others",
    world: (stack) => withOpenList(stack, 0o666),
  },
  {
    code: "file-modes",
    fault: "open_to_others",
    name: "the folder of servers.json is writable by others",
    world: (stack) => withOpenList(stack, 0o600, 0o777),
  },
  {
    code: "file-modes",
    fault: "seen_by_others",
    name: "servers.json is readable by others",
    world: (stack) => withOpenList(stack, 0o644),
  },
  {
    code: "file-modes",
    fault: "unsafe_file",
    name: "the vault has a second name",
    world: withVault((file) => linkSync(file, `${file}.copy`)),
  },
  {
    code: "disk-space",
    fault: "full",
    name: "nothing is free",
    world: changed({ doors: { freeBytes: () => Promise.resolve(4_096) } }),
  },
  {
    code: "disk-space",
    fault: "nearly_full",
    name: "little is free",
    world: changed({ doors: { freeBytes: () => Promise.resolve(20 * 2 ** 20) } }),
  },
  {
    code: "servers-file",
    fault: "bad_registry",
    name: "it does not parse",
    world: withServers('{"mcpServers": {'),
  },
  {
    code: "servers-file",
    fault: "bad_entry",
    name: "an entry has no address",
    world: withServers('{"mcpServers": {"linear": {"url": "linear"}, "good": {"url": "https://server.invalid/"}}}'),
  },
  {
    code: "servers-file",
    fault: "unreadable_file",
    name: "the system does not let it be read",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      // A name in a path that is longer than any name may be.
      const env = { ...world.env, MCP_BRIDGE_HOME: `/${"x".repeat(300)}` };
      return { ...world, env, state: { ...world.state, surroundings: { ...world.state.surroundings, env } } };
    },
  },
  {
    code: "servers-file",
    fault: "unsafe_file",
    name: "it is a link to nowhere",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      const file = configIn(world);
      symlinkSync(join(fileAt(`${file}.beside`, "{}"), "..", "nowhere"), file);
      return world;
    },
  },
  {
    code: "clients",
    fault: "bad_client_file",
    name: "the file of a client does not parse",
    world: withCursor('{"mcpServers": {'),
  },
  {
    code: "clients",
    fault: "program_missing",
    name: "a client starts us where we are not",
    world: withCursor({ command: "/opt/gone/mcp-bridge", args: ["https://server.invalid/"] }),
  },
  {
    code: "clients",
    fault: "program_missing",
    name: "a client starts us by a name that is not in PATH",
    world: withCursor({ command: "mcp-bridge", args: [] }, { doors: { which: () => undefined } }),
  },
  {
    code: "clients",
    fault: "relative_path",
    name: "a client starts us from wherever it is",
    world: withCursor({ command: "./bin/mcp-bridge", args: ["https://server.invalid/"] }),
  },
  {
    code: "clients",
    fault: "relative_path",
    name: "a client starts us from a home that no shell puts in",
    world: withCursor({ command: "~/bin/mcp-bridge", args: ["https://server.invalid/"] }),
  },
  {
    code: "clients",
    fault: "not_in_desktop_path",
    name: "a client of the desktop starts us by our name, and we are in a folder of the shell's",
    world: withCursor({ command: "mcp-bridge", args: [] }, {
      platform: "linux",
      doors: { which: (name, path) => path?.startsWith("/usr/local/sbin:") ? undefined : `/home/me/bin/${name}` },
    }),
  },
  {
    code: "clients",
    fault: "unknown_server",
    name: "a client names a server that is not in servers.json",
    world: withCursor({ command: "mcp-bridge", args: ["linear"] }),
  },
];

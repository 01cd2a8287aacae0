import type { Stats } from "node:fs";
import { foldersOf } from "../../../platform/paths.ts";
import { checkPrivateFile, checkPrivateFolder } from "../../../platform/private_files.ts";
import { registryFile } from "../../../registry/file.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";

const explains = {
  open_to_others: {
    result: "fail",
    cause: "other users of this machine may read or write a file of ours",
    cure: 'run "mcp-bridge doctor --fix", which closes it; sign in again where the vault\'s key was open',
  },
  list_open: {
    result: "warn",
    cause: "other users of this machine may read servers.json",
    cure: 'its next use closes it to them, and so does "mcp-bridge doctor --fix"',
  },
  unsafe_file: {
    result: "fail",
    cause: "a link, or another user's file, stands in the place of one of ours",
    cure: "move it out of the way, or set MCP_BRIDGE_HOME to a folder of your own",
  },
} as const;

/** Anything for the group and for others. */
const FOR_OTHERS = 0o077;

/** A path of ours, and what stands there. */
interface Own {
  readonly path: string;
  readonly stats: Stats;
}

/** Whether nobody but the user can read or write our files. */
export const fileModes: Check = {
  code: "file-modes",
  title: "modes of files",
  after: ["file-places"],
  explains,
  async run(world): Promise<Finding> {
    if (world.platform === "win32") return skip("on Windows the folder's access list keeps others out");
    const own = await ownPaths(world);
    const foreign = own.map((one) => strangeness(one, world)).find(Boolean);
    if (foreign !== undefined) return fault(explains, "unsafe_file", { text: foreign });
    const open = own.filter(isOpen);
    const list = registryFile(world.state.surroundings);
    const kind = open.some(({ path }) => path !== list) ? "open_to_others" : "list_open";
    if (open.length > 0) return fault(explains, kind, { text: sayOpen(open), details: listed(open) });
    return ok(
      own.length === 0 ? "there is no file of ours yet" : `nobody else can read what is ours: ${counted(own.length)}`,
    );
  },
  async fix(world, { fault: found }): Promise<string | undefined> {
    if (found === "unsafe_file") return undefined;
    const open = (await ownPaths(world)).filter(isOpen);
    for (const { path, stats } of open) await (stats.isDirectory() ? checkPrivateFolder : checkPrivateFile)(path);
    return `closed ${counted(open.length)} to other users`;
  },
};

/** Of a socket the folder alone keeps others out. */
function isOpen({ stats }: Own): boolean {
  return !stats.isSocket() && (stats.mode & FOR_OTHERS) !== 0;
}

/** What of ours is there: the folder of the vault with all that is in it, and servers.json. */
async function ownPaths({ state: { surroundings } }: World): Promise<Own[]> {
  const { lstatSync, readdirSync } = await import("node:fs");
  const { state } = foldersOf(surroundings);
  const below = lstatSync(state, { throwIfNoEntry: false }) === undefined
    ? []
    : readdirSync(state, { recursive: true, encoding: "utf8" }).map((name) => `${state}/${name}`);
  // The folder of servers.json is elsewhere on most systems.
  const paths = new Set([state, ...below, registryFile(surroundings)]);
  return [...paths].flatMap((path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, stats }];
  });
}

/** What is strange about a path; nothing where it is the user's own file, folder or socket. */
function strangeness({ path, stats }: Own, { uid }: World): string | undefined {
  const shown = JSON.stringify(path);
  if (stats.isSymbolicLink()) return `${shown} is a symbolic link`;
  if (!stats.isFile() && !stats.isDirectory() && !stats.isSocket()) return `${shown} is no plain file`;
  if (stats.isFile() && stats.nlink > 1) return `${shown} has a second name (a hard link)`;
  return uid !== undefined && stats.uid !== uid ? `${shown} belongs to another user` : undefined;
}

function sayOpen([first, ...more]: readonly Own[]): string {
  const mode = (first!.stats.mode & 0o777).toString(8).padStart(4, "0");
  const others = more.length === 0 ? "" : `, and so ${more.length === 1 ? "is 1 more" : `are ${more.length} more`}`;
  return `${JSON.stringify(first!.path)} is open to other users (mode ${mode})${others}`;
}

function listed(open: readonly Own[]): { open: { path: string; mode: string }[] } {
  return { open: open.map(({ path, stats }) => ({ path, mode: (stats.mode & 0o777).toString(8) })) };
}

function counted(count: number): string {
  return count === 1 ? "1 file or folder" : `${count} files and folders`;
}

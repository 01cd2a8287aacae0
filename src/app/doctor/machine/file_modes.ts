import type { Stats } from "node:fs";
import { foldersOf } from "../../../platform/paths.ts";
import { checkPrivateFile, checkPrivateFolder } from "../../../platform/private_files.ts";
import { registryFile } from "../../../registry/file.ts";
import { whereKept } from "../../../registry/kept_file.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";

const explains = {
  open_to_others: {
    result: "fail",
    cause: "other users of this machine may read a file of ours, or put another one in its place",
    cure: 'run "mcp-bridge doctor --fix", which closes it; sign in again where the vault\'s key was open',
  },
  seen_by_others: {
    result: "warn",
    cause: "other users of this machine may read servers.json, or see which files we have beside the vault",
    cure: 'the next use closes that to them, and so does "mcp-bridge doctor --fix"',
  },
  unsafe_file: {
    result: "fail",
    cause: "a link, or another user's file, stands in the place of one of ours",
    cure: "move it out of the way, or set MCP_BRIDGE_HOME to a folder of your own",
  },
} as const;

/** Anything for the group and for others, and their right to write. */
const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/** A path of ours, and what stands there. */
interface Own {
  readonly path: string;
  readonly stats: Stats;
  /** What others may not do with it. */
  readonly forbidden: number;
  /** Whether it is no secret: servers.json refers to secrets, and a folder has names alone. */
  readonly isPlain: boolean;
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
    const [gravest, ...more] = own.filter(isOpen).toSorted((one, other) =>
      Number(isGrave(other)) - Number(isGrave(one))
    );
    if (gravest !== undefined) {
      const kind = isGrave(gravest) ? "open_to_others" : "seen_by_others";
      return fault(explains, kind, { text: sayOpen(gravest, more.length), details: listed([gravest, ...more]) });
    }
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
function isOpen({ stats, forbidden }: Own): boolean {
  return !stats.isSocket() && (stats.mode & forbidden) !== 0;
}

function isGrave({ stats, isPlain }: Own): boolean {
  return (stats.mode & WRITABLE_BY_OTHERS) !== 0 || !isPlain;
}

/** What of ours is there: the folder of the vault with all that is in it, and servers.json with its folder. */
async function ownPaths({ state: { surroundings } }: World): Promise<Own[]> {
  const { lstatSync, readdirSync, realpathSync } = await import("node:fs");
  const { state, config } = foldersOf(surroundings);
  const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  const below = isThere(state) ? readdirSync(state, { recursive: true, encoding: "utf8" }) : [];
  const inConfig = registryFile(surroundings);
  const list = await ownList(inConfig);
  const inState = below.map((name) => `${state}/${name}`).filter((path) => path !== inConfig);
  const paths = new Map([state, ...inState, ...list ?? []].map((path) => [path, FOR_OTHERS]));
  // People keep what they edit elsewhere, by a link, and may let others see it.
  if (config !== state && isThere(config)) paths.set(realpathSync(config), WRITABLE_BY_OTHERS);
  return [...paths].flatMap(([path, forbidden]) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats === undefined
      ? []
      : [{ path, stats, forbidden, isPlain: list?.includes(path) === true || stats.isDirectory() }];
  });
}

/** servers.json, or what a link there leads to if that is ours to look after. */
async function ownList(file: string): Promise<string[] | undefined> {
  try {
    const { path, isSystems } = await whereKept(file);
    return isSystems ? undefined : [path];
  } catch {
    return [file];
  }
}

/** What is strange about a path; nothing where it is the user's own file, folder or socket. */
function strangeness({ path, stats }: Own, { uid }: World): string | undefined {
  const shown = JSON.stringify(path);
  if (stats.isSymbolicLink()) return `${shown} is a symbolic link`;
  if (!stats.isFile() && !stats.isDirectory() && !stats.isSocket()) return `${shown} is no plain file`;
  if (stats.isFile() && stats.nlink > 1) return `${shown} has a second name (a hard link)`;
  return uid !== undefined && stats.uid !== uid ? `${shown} belongs to another user` : undefined;
}

function sayOpen({ path, stats }: Own, more: number): string {
  const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
  const others = more === 0 ? "" : `, and so ${more === 1 ? "is 1 more" : `are ${more} more`}`;
  return `${JSON.stringify(path)} is open to other users (mode ${mode})${others}`;
}

function listed(open: readonly Own[]): { open: { path: string; mode: string }[] } {
  return { open: open.map(({ path, stats }) => ({ path, mode: (stats.mode & 0o777).toString(8) })) };
}

function counted(count: number): string {
  return count === 1 ? "1 file or folder" : `${count} files and folders`;
}

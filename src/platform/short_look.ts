import type { Stats } from "node:fs";
import type { Machine } from "./private_files.ts";

/** What may stand at a path. */
export type Kind = "file" | "socket";

/** `doubtful` is for `private_files` and `socket_place` to look at, which say what is wrong and mend what they can. */
export type Look = "absent" | "ours" | "doubtful";

const FOR_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Whether only the user can have put there what stands in a folder, and only the user can put something else there:
 * both are the user's, the folder writable by nobody else and the file closed to all others. Without `node:fs`, which
 * costs a start 1.5 ms and 5 MiB; a link is not told from what it leads to.
 */
export async function lookAt(
  folder: string,
  path: string,
  kind: Kind,
  { platform, uid }: Machine = { platform: process.platform, uid: process.getuid?.() },
): Promise<Look> {
  const [stats, around] = await Promise.all([statsOf(path), statsOf(folder)]);
  if (stats === undefined) return "absent";
  if (platform === "win32" || uid === undefined || around === undefined) return "doubtful";
  const isKind = kind === "socket" ? stats.isSocket() : stats.isFile() && (stats.mode & FOR_OTHERS) === 0;
  const isFolderOurs = around.isDirectory() && around.uid === uid && (around.mode & WRITABLE_BY_OTHERS) === 0;
  return isKind && isFolderOurs && stats.uid === uid && stats.nlink === 1 ? "ours" : "doubtful";
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await Bun.file(path).stat();
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}

import { BridgeError } from "../platform/errors.ts";
import type { Machine } from "../platform/private_files.ts";

/** Where a file is that people may keep elsewhere, by a link. */
export interface KeptFile {
  readonly path: string;
  /** Whether it is the system's, as a file of Nix is: good to read, and nothing for us to change. */
  readonly isSystems: boolean;
}

const thisMachine: Machine = { platform: process.platform, uid: process.getuid?.() };
const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Follows the links of a file: programs that look after dotfiles put one in its place. Both the link and what it leads to
 * must be the user's, or the system's and closed to the changes of others.
 *
 * @throws {BridgeError} `unsafe_file` for a link or a file of another user, and a link to nowhere.
 */
export async function whereKept(file: string, { platform, uid }: Machine = thisMachine): Promise<KeptFile> {
  const { lstatSync, realpathSync, statSync } = await import("node:fs");
  const link = lstatSync(file, { throwIfNoEntry: false });
  if (link?.isSymbolicLink() !== true) return { path: file, isSystems: false };
  const target = statSync(file, { throwIfNoEntry: false });
  if (target === undefined) throw unsafe(file, "is a link that leads nowhere");
  const path = realpathSync(file);
  if (platform === "win32" || uid === undefined) return { path, isSystems: false };
  if (link.uid !== uid && link.uid !== ROOT) throw unsafe(file, "is a link of another user");
  if (target.uid === uid) return { path, isSystems: false };
  if (target.uid === ROOT && target.isFile() && (target.mode & WRITABLE_BY_OTHERS) === 0) {
    return { path, isSystems: true };
  }
  throw unsafe(file, `leads to ${JSON.stringify(path)}, which others may change`);
}

function unsafe(file: string, what: string): BridgeError {
  return new BridgeError("unsafe_file", `${JSON.stringify(file)} ${what}`, {
    hint: "lead it to a file of your own, or take the link away",
  });
}

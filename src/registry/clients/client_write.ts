import type * as Fs from "node:fs";
import { draftOf, sweepDrafts, syncFolder } from "../../platform/drafts.ts";
import { BridgeError } from "../../platform/errors.ts";
import { createFile } from "../../platform/private_files.ts";
import { readClientText } from "./client_file.ts";

/** All bits of a mode. */
const MODE = 0o7777;
/** The bit that lets its owner write a file. */
const WRITABLE = 0o200;

/** The user who writes; a test brings its own. */
export interface Writer {
  readonly platform: NodeJS.Platform;
  /** The user's number; nothing where the system counts none. */
  readonly uid: number | undefined;
}

const thisWriter: Writer = { platform: process.platform, uid: process.getuid?.() };

/**
 * Puts `next` in place of a client's file that says `before`, all of it or nothing, whenever the process or the machine
 * stops. Nothing for either stands for no file. A link stays, and what it leads to is written, but goes with a file that
 * is taken away; the mode stays, and a new file is the user's alone.
 *
 * @throws {BridgeError} `file_changed` where the file says something else by now; `bad_client_file` where it is not the
 * user's to write, or only to be read
 */
export async function replaceClientFile(
  file: string,
  before: string | undefined,
  next: string | undefined,
  writer: Writer = thisWriter,
): Promise<void> {
  try {
    await ensureUnchanged(file, before);
    const target = before === undefined ? await makeFolderOf(file) : await ownTarget(file, writer);
    if (next === undefined) await remove(file, target, before);
    else await write(file, target, before, next);
  } catch (cause) {
    if (cause instanceof BridgeError) throw cause;
    throw unfit(file, `cannot be written (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`, cause);
  }
}

async function write(file: string, target: string, before: string | undefined, next: string): Promise<void> {
  const { closeSync, fchmodSync, fsyncSync, linkSync, renameSync, rmSync, statSync, writeFileSync } = await import(
    "node:fs"
  );
  await sweepDrafts(target);
  const draft = draftOf(target);
  const descriptor = await createFile(draft);
  try {
    try {
      writeFileSync(descriptor, next);
      if (before !== undefined) fchmodSync(descriptor, statSync(target).mode & MODE);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    // The last look before it counts; what is written between this and the next line is lost, as with any editor.
    await ensureUnchanged(file, before);
    if (before === undefined) putNew(draft, target, { linkSync, renameSync });
    else renameSync(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
  await syncFolder(target);
}

/** Puts a file where none is; a second name, unlike a new one, takes the place of nothing that came meanwhile. */
function putNew(
  draft: string,
  target: string,
  { linkSync, renameSync }: Pick<typeof Fs, "linkSync" | "renameSync">,
): void {
  try {
    linkSync(draft, target);
  } catch (thrown) {
    // Not every disk has second names.
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") throw thrown;
    renameSync(draft, target);
  }
}

async function remove(file: string, target: string, before: string | undefined): Promise<void> {
  const { rmSync } = await import("node:fs");
  await ensureUnchanged(file, before);
  rmSync(target, { force: true });
  // A link that leads nowhere would be a file that can be neither read nor written.
  rmSync(file, { force: true });
  if (before !== undefined) await syncFolder(target);
}

async function ensureUnchanged(file: string, before: string | undefined): Promise<void> {
  if ((await readClientText(file))?.text === before) return;
  throw new BridgeError("file_changed", `${JSON.stringify(file)} was changed meanwhile`, {
    hint: "nothing was written: try again",
  });
}

/** The file that a path leads to, if all that says so is the user's own, and it may be written. */
async function ownTarget(file: string, { platform, uid }: Writer): Promise<string> {
  const { lstatSync, realpathSync } = await import("node:fs");
  const target = realpathSync(file);
  if (platform === "win32" || uid === undefined) return target;
  if (lstatSync(file).uid !== uid) throw unfit(file, "belongs to another user");
  if (lstatSync(target).uid !== uid) {
    throw unfit(file, `leads to ${JSON.stringify(target)}, which belongs to another user`);
  }
  // Who was killed between the two steps that make a new file has left it with a second name.
  await sweepDrafts(target);
  const { mode, nlink } = lstatSync(target);
  if (nlink > 1) throw unfit(file, "has a second name (a hard link)");
  // Another file could take its place all the same: the mode is a person's word against that.
  if ((mode & WRITABLE) === 0) throw unfit(file, "is read-only");
  return target;
}

async function makeFolderOf(file: string): Promise<string> {
  const { mkdirSync } = await import("node:fs");
  mkdirSync(folderOf(file), { recursive: true, mode: 0o700 });
  return file;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"), 1));
}

function unfit(file: string, fault: string, cause?: unknown): BridgeError {
  return new BridgeError("bad_client_file", `${JSON.stringify(file)} ${fault}`, {
    hint: 'nothing was written; "mcp-bridge install --print" gives the text to put there yourself',
    cause,
  });
}

import type { Stats } from "node:fs";
import { draftOf, sweepDrafts, syncFolder } from "./drafts.ts";
import { BridgeError } from "./errors.ts";
import { restrictToUser, type Run } from "./windows_access.ts";

/** What the rules for private files depend on; a test brings its own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The user's number; nothing where the system counts none. */
  readonly uid: number | undefined;
  /** Runs a program of the system; asked on Windows alone. */
  readonly run?: Run;
}

const thisMachine: Machine = { platform: process.platform, uid: process.getuid?.() };

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What a mode must not hold: anything for the group and for others. */
const TOO_OPEN = 0o077;

/**
 * Makes a folder that only the user may enter, with what is missing above it, or sees to it that it is one. Gives its
 * real path. A folder that is ours and open to others is closed.
 *
 * @throws {BridgeError} `unsafe_file` for a link in its place, or another user's folder.
 * @throws the system's own error where the disk does not let it be made.
 */
export async function makePrivateFolder(folder: string, machine: Machine = thisMachine): Promise<string> {
  const { mkdirSync, realpathSync } = await import("node:fs");
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  await checkPrivateFolder(folder, machine);
  if (machine.platform === "win32") await restrictToUser(folder, machine.run);
  return realpathSync(folder);
}

/**
 * Whether the folder is there; one that is ours and open to others is closed.
 *
 * @throws {BridgeError} `unsafe_file`
 */
export async function checkPrivateFolder(folder: string, machine: Machine = thisMachine): Promise<boolean> {
  const { lstatSync } = await import("node:fs");
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  if (stats.isSymbolicLink()) throw unsafe(folder, "is a symbolic link");
  if (!stats.isDirectory()) throw unsafe(folder, "is no folder");
  await ensureOurs(folder, stats, FOLDER_MODE, machine);
  return true;
}

/**
 * Whether the file is there; one that is ours and open to others is closed. Opens nothing: to close a file that SQLite
 * has locked in this process would give the lock away (POSIX, `fcntl`).
 *
 * @throws {BridgeError} `unsafe_file` for a link, a pipe, a folder, a file with a second name, another user's file.
 */
export async function checkPrivateFile(file: string, machine: Machine = thisMachine): Promise<boolean> {
  const { lstatSync } = await import("node:fs");
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  await ensureFile(file, stats, machine);
  return true;
}

/**
 * Makes an empty file that only the user may read and write, unless it is there already.
 *
 * @throws {BridgeError} `unsafe_file`
 * @throws the system's own error where the disk does not let it be made.
 */
export async function makePrivateFile(file: string, machine: Machine = thisMachine): Promise<void> {
  const { closeSync } = await import("node:fs");
  if (await checkPrivateFile(file, machine)) return;
  try {
    closeSync(await createFile(file, machine));
  } catch (thrown) {
    // Another process was quicker, or what stands there leads nowhere.
    if (codeOf(thrown) !== "EEXIST" || !(await checkPrivateFile(file, machine))) throw thrown;
  }
}

/**
 * The bytes of a private file; nothing where there is none.
 *
 * @throws {BridgeError} `unsafe_file`
 * @throws the system's own error where it cannot be read.
 */
export async function readPrivateFile(file: string, machine: Machine = thisMachine): Promise<Uint8Array | undefined> {
  if (!(await checkPrivateFile(file, machine))) return undefined;
  const { closeSync, constants, fstatSync, openSync, readFileSync } = await import("node:fs");
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
  try {
    await ensureFile(file, fstatSync(descriptor), machine);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens a private file to write behind what stands in it, and makes it where there is none. Gives its descriptor.
 *
 * @throws {BridgeError} `unsafe_file`
 * @throws the system's own error where it cannot be written.
 */
export async function openPrivateLog(file: string, machine: Machine = thisMachine): Promise<number> {
  const { closeSync, constants, fstatSync, openSync } = await import("node:fs");
  const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  // A pipe without a reader would hold us for ever.
  await checkPrivateFile(file, machine);
  const descriptor = openSync(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
  try {
    await ensureFile(file, fstatSync(descriptor), machine);
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
  return descriptor;
}

/**
 * Puts `bytes` in place of a private file, all of them or none, whenever the process or the machine stops. What
 * processes that were killed at it have left behind is swept.
 *
 * @throws {BridgeError} `unsafe_file`
 * @throws the system's own error where they cannot be written; the file is then what it was.
 */
export async function replacePrivateFile(
  file: string,
  bytes: Uint8Array,
  machine: Machine = thisMachine,
): Promise<void> {
  const { closeSync, fsyncSync, renameSync, rmSync, writeFileSync } = await import("node:fs");
  await checkPrivateFile(file, machine);
  await sweepDrafts(file);
  const draft = draftOf(file);
  const descriptor = await createFile(draft, machine);
  try {
    try {
      writeFileSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  }
  await syncFolder(file, machine.platform);
}

/**
 * Writes a file that only the user may read where nothing stands yet; what could not be written whole is taken away.
 *
 * @throws {BridgeError} `unsafe_file` on a disk that gives it to somebody else.
 * @throws the system's own error: `EEXIST` where anything is there already, a link included.
 */
export async function writeNewPrivateFile(
  file: string,
  bytes: Uint8Array,
  machine: Machine = thisMachine,
): Promise<void> {
  const { closeSync, rmSync, writeFileSync } = await import("node:fs");
  const descriptor = await createFile(file, machine);
  try {
    writeFileSync(descriptor, bytes);
  } catch (thrown) {
    rmSync(file, { force: true });
    throw thrown;
  } finally {
    closeSync(descriptor);
  }
}

/** Removes a private file, for good even if the machine stops; nothing happens where there is none. */
export async function removePrivateFile(file: string, machine: Machine = thisMachine): Promise<void> {
  const { rmSync } = await import("node:fs");
  rmSync(file, { force: true });
  await syncFolder(file, machine.platform);
}

/**
 * Makes a file that only the user may read and write, where nothing stands yet, and gives its descriptor.
 *
 * @throws {BridgeError} `unsafe_file` on a disk that gives it to somebody else.
 * @throws the system's own error: `EEXIST` where anything is there already, a link included.
 */
export async function createFile(file: string, machine: Machine = thisMachine): Promise<number> {
  const { closeSync, constants, fchmodSync, fstatSync, openSync, rmSync } = await import("node:fs");
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
  const descriptor = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    // The umask may have taken bits that are ours.
    if (machine.platform !== "win32") fchmodSync(descriptor, FILE_MODE);
    await ensureFile(file, fstatSync(descriptor), machine);
  } catch (thrown) {
    closeSync(descriptor);
    rmSync(file, { force: true });
    throw thrown;
  }
  return descriptor;
}

async function ensureFile(file: string, stats: Stats, machine: Machine): Promise<void> {
  if (stats.isSymbolicLink()) throw unsafe(file, "is a symbolic link");
  if (!stats.isFile()) throw unsafe(file, "is no plain file");
  if (stats.nlink > 1) throw unsafe(file, "has a second name (a hard link)");
  await ensureOurs(file, stats, FILE_MODE, machine);
}

async function ensureOurs(path: string, stats: Stats, mode: number, machine: Machine): Promise<void> {
  if (machine.platform === "win32") return;
  if (machine.uid !== undefined && stats.uid !== machine.uid) throw unsafe(path, "belongs to another user");
  if ((stats.mode & TOO_OPEN) === 0) return;
  const { chmodSync } = await import("node:fs");
  try {
    chmodSync(path, mode);
  } catch (cause) {
    throw new BridgeError("unsafe_file", `${JSON.stringify(path)} is open to other users (${codeOf(cause)})`, {
      hint: `close it to others: chmod ${mode.toString(8)}`,
      cause,
    });
  }
}

function unsafe(path: string, what: string): BridgeError {
  return new BridgeError("unsafe_file", `${JSON.stringify(path)} ${what}`, {
    hint: "move it out of the way, or set MCP_BRIDGE_HOME to a folder of your own",
  });
}

function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? "unknown";
}

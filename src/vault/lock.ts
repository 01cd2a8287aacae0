import type { Database } from "bun:sqlite";
import { type Clock, jittered } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { checkPrivateFile, makePrivateFile } from "../platform/private_files.ts";
import { codeOf, isBusy, openDatabase } from "./database.ts";
import { toVaultError } from "./unwritable.ts";

/** How often a lock that another holds is asked for, in ms. */
const POLL_MS = 25;
/** A holder's work is a token request, or the making of the vault: bounded well below this, in ms. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Runs `work` while it alone, in this process and all others, holds `file`, which is empty and stays. The lock is the
 * kernel's, by an exclusive transaction of SQLite: who holds it and dies has let go of it. Who holds it cannot take it
 * a second time.
 *
 * @throws {BridgeError} `vault_busy` after a minute of waiting.
 * @throws {BridgeError} `unsafe_file` where something else stands in the file's place; `vault_unwritable`
 * @throws the signal's reason when it gives up waiting; work that has begun is not disturbed.
 */
export async function withFileLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<T> {
  const release = await acquire(file, options);
  try {
    return await work();
  } finally {
    release();
  }
}

async function acquire(
  file: string,
  { clock, signal }: { clock: Clock; signal?: AbortSignal | undefined },
): Promise<() => void> {
  let late = false;
  const timer = clock.after(LONGEST_WAIT_MS, () => late = true);
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const abort = (): void => resolve();
  signal?.addEventListener("abort", abort);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const release = await attempt(file);
      if (release !== undefined) return release;
      if (late) {
        throw new BridgeError("vault_busy", "another mcp-bridge has held a lock for a minute", {
          hint: "end it, then try again",
        });
      }
      // Bun's own sleep keeps the process alive, which has perhaps nothing else to do; the clock's timers do not.
      await Promise.race([Bun.sleep(jittered(POLL_MS)), aborted]);
    }
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", abort);
  }
}

/** Takes the lock if it is free and gives what lets go of it. */
async function attempt(file: string): Promise<(() => void) | undefined> {
  const { lstatSync } = await import("node:fs");
  let database: Database | undefined;
  let before: number | undefined;
  try {
    await makePrivateFile(file);
    await checkPrivateFile(`${file}-journal`);
    before = lstatSync(file, { throwIfNoEntry: false })?.ino;
    database = await openDatabase(file);
    // Nothing is ever written, but SQLite makes a journal all the same, which would outlive a holder that is killed.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (thrown) {
    database?.close(true);
    if (isBusy(thrown)) return undefined;
    throw codeOf(thrown) === "SQLITE_NOTADB" ? foreign(file, thrown) : toVaultError(thrown);
  }
  const held = database;
  function release(): void {
    // COMMIT may be refused while others ask; nothing was written that it could keep.
    held.run("ROLLBACK");
    held.close(true);
  }
  // Somebody has replaced the file meanwhile: others lock the new one.
  if (lstatSync(file, { throwIfNoEntry: false })?.ino === before) return release;
  release();
  return undefined;
}

function foreign(file: string, cause: unknown): BridgeError {
  return new BridgeError("unsafe_file", `${JSON.stringify(file)} is no lock of mcp-bridge`, {
    hint: "end every mcp-bridge, then remove that file",
    cause,
  });
}

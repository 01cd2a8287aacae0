import { BridgeError } from "../../platform/errors.ts";
import type { Client } from "./client.ts";

/** Who has not renewed a lock for so long has ended, in ms: the clients' own rule. */
const STALE_MS = 10_000;
/** How long we wait for a client that is writing, in ms. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 50;

/**
 * Does `work`, which writes a client's file, while that client does not: under the lock that it takes itself before it
 * reads and writes again, or else what comes between is lost. What cannot be locked is written without.
 *
 * @throws {BridgeError} `file_changed` where the client holds it on and on; and as `work`
 */
export async function underLock<T>(client: Client, file: string, work: () => Promise<T>): Promise<T> {
  const lock = client.lock?.(file);
  if (lock === undefined || !(await take(lock))) return await work();
  try {
    return await work();
  } finally {
    await isRemoved(lock);
  }

  async function take(folder: string): Promise<boolean> {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const held = await heldSince(folder);
      if (typeof held === "boolean") return held;
      if (Date.now() - held > STALE_MS && await isRemoved(folder)) continue;
      if (Date.now() > end) {
        throw new BridgeError("file_changed", `${client.name} is writing ${JSON.stringify(file)} at this moment`, {
          hint: "nothing was written: try again",
        });
      }
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  }
}

/** True where the lock is ours now, false where there can be none; else when its holder renewed it last, in ms. */
async function heldSince(lock: string): Promise<number | boolean> {
  const { mkdirSync, statSync } = await import("node:fs");
  try {
    mkdirSync(lock);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") return false;
  }
  // Its holder may have let go of it by now.
  const stats = statSync(lock, { throwIfNoEntry: false });
  return stats === undefined ? Date.now() : stats.isDirectory() && stats.mtimeMs;
}

async function isRemoved(lock: string): Promise<boolean> {
  const { rmdirSync } = await import("node:fs");
  try {
    rmdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

/** Drafts: files that are written beside another one to take its place in one step, whatever stops us meanwhile. */

/** A name beside a file for what is to take its place; `sweepDrafts` knows it. */
export function draftOf(file: string): string {
  return `${file}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.new`;
}

/**
 * Removes drafts of `file` whose process is gone; all of them where `alone` says that a lock keeps every other process
 * from making one. A process that was killed is in the system's table until its parent looks, and its number may be
 * another's.
 */
export async function sweepDrafts(file: string, alone?: "alone"): Promise<void> {
  const { readdirSync, rmSync } = await import("node:fs");
  const cut = Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1;
  const folder = file.slice(0, cut);
  const base = file.slice(cut);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${base}.`)) continue;
    const pid = /^\.(\d+)-[0-9a-f]{8}\.new$/.exec(name.slice(base.length))?.[1];
    if (pid !== undefined && (alone || !isRunning(Number(pid)))) rmSync(`${folder}${name}`, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Puts the name of a file on the disk: it is there only when its folder is. */
export async function syncFolder(file: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  if (platform === "win32") return;
  const { closeSync, fsyncSync, openSync } = await import("node:fs");
  const descriptor = openSync(file.slice(0, file.lastIndexOf("/") + 1), "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

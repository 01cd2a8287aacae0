/** Archives that are the same for the same files: no owners, one time for all, names in order. */
import { Zip, type ZipInputFile } from "fflate";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { create } from "tar";

/** One file of an archive; `path` has forward slashes and no folder of the archive's own. */
export interface Entry {
  readonly path: string;
  readonly content: Uint8Array | string;
  readonly isExecutable?: boolean;
}

/** How hard to pack, from 0 to 9 as programs have it; a release has 9. */
export const EFFORTS = [0, 1, 6, 9] as const;

/** One of them. */
export type Effort = typeof EFFORTS[number];

/** The permissions of a file, which must not come from the umask of whoever packs. */
function modeOf({ isExecutable }: Entry): number {
  return isExecutable ? 0o755 : 0o644;
}

/** Entries in the order of their paths. */
function inOrder(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((one, other) => one.path < other.path ? -1 : 1);
}

/**
 * Packs `entries` into the folder `top` of a .tar.xz file at `outfile`; `time` is that of all files. Throws where there is
 * no program `xz`, and with its words where it fails.
 */
export function packTarXz(outfile: string, top: string, entries: readonly Entry[], time: Date, effort: Effort): void {
  const work = mkdtempSync(join(tmpdir(), "mcp-bridge-pack-"));
  try {
    const paths = inOrder(entries).map((entry) => {
      const path = `${top}/${entry.path}`;
      mkdirSync(dirname(join(work, path)), { recursive: true });
      writeFileSync(join(work, path), entry.content);
      chmodSync(join(work, path), modeOf(entry));
      return path;
    });
    const tar = join(work, "archive.tar");
    create({ sync: true, portable: true, noDirRecurse: true, mtime: time, cwd: work, file: tar }, paths);
    // One thread: with several the bytes depend on their number.
    const xz = Bun.spawnSync(["xz", "--threads=1", `-${effort}`, "--stdout", tar], {
      stdout: Bun.file(outfile),
      stderr: "pipe",
    });
    if (!xz.success) throw new Error(`cannot pack ${outfile}: ${xz.stderr.toString()}`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Packs `entries` into the folder `top` of a .zip file, or at its root where that is empty. */
export function packZip(top: string, entries: readonly Entry[], time: Date, effort: Effort): Uint8Array {
  const parts: Uint8Array[] = [];
  const zip = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part);
  });
  for (const entry of inOrder(entries)) {
    const content = typeof entry.content === "string" ? Buffer.from(entry.content) : new Uint8Array(entry.content);
    const file: ZipInputFile = {
      filename: top === "" ? entry.path : `${top}/${entry.path}`,
      size: content.length,
      crc: Bun.hash.crc32(content),
      compression: 8,
      mtime: localTime(time),
      os: 3,
      // The upper half is the mode of Unix.
      attrs: (0o100000 | modeOf(entry)) * 0x10000,
    };
    zip.add(file);
    file.ondata!(null, deflated(content, effort), true);
  }
  zip.end();
  return Buffer.concat(parts);
}

/** The same in the format of .zip files. The runtime's libdeflate goes beyond 9: of what zlib packs into 54 MB it makes 51.5. */
function deflated(content: Uint8Array<ArrayBuffer>, effort: Effort): Uint8Array<ArrayBuffer> {
  return Bun.deflateSync(content, { library: "libdeflate", level: (effort === 9 ? 12 : effort) as 9 });
}

/** A moment whose clock shows here what `time` shows in UTC: the format has no zone, and packers write the local time. */
function localTime(time: Date): Date {
  return new Date(time.getTime() + time.getTimezoneOffset() * 60_000);
}

/** File systems that other machines have open at the same time, by the names that Linux has for them. */
const SHARED =
  /^(?:nfs4?|cifs|smb3|smbfs|afs|9p|ceph|lustre|gpfs|beegfs|glusterfs|fuse\.(?:sshfs|glusterfs|rclone|davfs|ceph|s3fs|smbnetfs))$/;

/**
 * The kind of network drive that a folder is on; nothing where it is on a disk of this machine, or the system does not
 * say: of Linux alone we know. Whether locks hold there between machines is for nobody to tell from one of them.
 */
export async function networkDriveOf(folder: string): Promise<string | undefined> {
  const { readFile, realpath } = await import("node:fs/promises");
  try {
    return sharedDriveIn(await readFile("/proc/self/mounts", "utf8"), await realpath(folder));
  } catch {
    return undefined;
  }
}

/** The kind of the drive that a path is on, by a table of mounts as Linux writes it (fstab(5)), where it is a shared one. */
export function sharedDriveIn(mounts: string, path: string): string | undefined {
  let found: { place: string; kind: string } | undefined;
  for (const line of mounts.split("\n")) {
    const [, place = "", kind = ""] = line.split(" ").map(unescaped);
    // Of two at one place the later one lies on top.
    if (isAt(path, place) && place.length >= (found?.place.length ?? 0)) found = { place, kind };
  }
  return found !== undefined && SHARED.test(found.kind) ? found.kind : undefined;
}

function isAt(path: string, place: string): boolean {
  if (place === "") return false;
  return path === place || path.startsWith(place.endsWith("/") ? place : `${place}/`);
}

/** Blanks and the like stand there as octal numbers. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** A process of this machine. */
export interface PortHolder {
  readonly pid: number;
  /** The name of its program. */
  readonly name: string;
}

/** The state of a socket that listens, as Linux writes it. */
const LISTENING = "0A";

/** Who listens at a TCP port, where Linux tells: nothing on other systems, and for processes of other users. */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  const { readdir, readFile, readlink } = await import("node:fs/promises");
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")),
  );
  const sockets = new Set(tables.flatMap((table) => listenersIn(table, port)).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // What has ended meanwhile or belongs to somebody else cannot be looked into.
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
    if (!links.some((link) => sockets.has(link))) continue;
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    return { pid: Number(pid), name: name.trim() };
  }
  return undefined;
}

/** The inodes of the sockets that listen at a port, in a table of `/proc/net`. */
function listenersIn(table: string, port: number): string[] {
  const place = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n").slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(place) === true && state === LISTENING)
    .map((columns) => columns[9]!);
}

/** The two ends of a TCP connection on this machine, as the process at the far one sees them. */
export interface TcpPeer {
  /** The port of the process that is asked for. */
  readonly port: number;
  /** The port that it is connected to. */
  readonly to: number;
}

/** Reads a table of `/proc/net`; nothing where there is none. */
export type ReadTable = (name: "tcp" | "tcp6") => Promise<string>;

/**
 * The users of the process at the other end of a connection within this machine; nothing where the system does not tell.
 * There are none for a connection that comes from elsewhere or through a tunnel of the kernel's, and for one that its
 * process has let go of, and several only where addresses of this machine share both ports.
 */
export async function usersOfPeer({ port, to }: TcpPeer, read: ReadTable = readTable): Promise<number[] | undefined> {
  const [from, at] = [endOf(port), endOf(to)];
  const tables = await Promise.all([read("tcp"), read("tcp6")]);
  if (tables.every((table) => table === "")) return undefined;
  return tables.flatMap((table) => table.split("\n").slice(1)).map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote]) => local?.endsWith(from) === true && remote?.endsWith(at) === true)
    // Without an inode it is nobody's any more, and then said to be the system's user's.
    .filter((columns) => columns[9] !== "0")
    .map((columns) => Number(columns[7]));
}

async function readTable(name: string): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  return await readFile(`/proc/net/${name}`, "utf8").catch(() => "");
}

/** How an address in the table ends. */
function endOf(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

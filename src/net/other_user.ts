import { type ReadTable, usersOfPeer } from "../platform/tcp_peer.ts";
import { isLoopback } from "./address.ts";

/** What the listener knows of connections. */
export interface Connections {
  /** Where a request came from; nothing where its connection has ended. */
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
}

/** What the rule depends on; a test brings its own. */
export interface UserRule {
  readonly platform: NodeJS.Platform;
  /** Our own user; nothing where the system counts none. */
  readonly uid: number | undefined;
  readonly read?: ReadTable;
}

const thisMachine: UserRule = { platform: process.platform, uid: process.getuid?.() };
const ROOT = 0;

/**
 * Whether a request that reached us at `port` is another user's of this machine than ours, or whoever made it has hung up
 * within this machine before it could be told: who leaves nobody behind to look at must gain nothing by it. The system's
 * own user counts as ours: nothing is kept from it, and ways into containers and virtual machines are its. Where it
 * cannot be told, as for requests from other machines and on systems other than Linux, it is not so.
 */
export async function isByOtherUser(
  request: Request,
  connections: Connections | undefined,
  port: number,
  { platform, uid, read }: UserRule = thisMachine,
): Promise<boolean> {
  if (connections === undefined || platform !== "linux" || uid === undefined) return false;
  const from = connections.requestIP(request);
  if (from === null) return true;
  const users = await usersOfPeer({ port: from.port, to: port }, read);
  if (users === undefined) return false;
  if (users.length === 0) return isLoopback(hostOf(from.address));
  return users.some((user) => user !== uid && user !== ROOT);
}

/** As in a URL; IPv4 in the words of IPv6 is IPv4. */
function hostOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return plain.includes(":") ? `[${plain}]` : plain;
}

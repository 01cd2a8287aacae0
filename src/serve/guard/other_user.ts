import { type ReadTable, usersOfPeer } from "../../platform/tcp_peer.ts";

/** What the listener knows of connections. */
export interface Connections {
  /** Where a request came from; nothing where its connection has ended. */
  requestIP(request: Request): { readonly port: number } | null;
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
 * Whether a request that reached us at `port` is certainly made by another user of this machine than ours. The system's
 * own user counts as ours: nothing is kept from it, and ways into containers and virtual machines are its. Where it
 * cannot be told, as for requests from other machines and on systems other than Linux, it is not so.
 */
export async function isByOtherUser(
  request: Request,
  connections: Connections | undefined,
  port: number,
  { platform, uid, read }: UserRule = thisMachine,
): Promise<boolean> {
  const from = connections?.requestIP(request);
  if (from === null || from === undefined || platform !== "linux" || uid === undefined) return false;
  const users = await usersOfPeer({ port: from.port, to: port }, read);
  return users.some((user) => user !== uid && user !== ROOT);
}

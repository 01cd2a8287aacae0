import { BridgeError } from "./errors.ts";
import { foldersOf, type Surroundings } from "./paths.ts";
import { checkPrivateFolder, type Machine } from "./private_files.ts";

/** Where a process of this user can be met by the others: the folder, which is the user's alone, and the socket in it. */
export interface SocketPlace {
  readonly folder: string;
  readonly path: string;
}

/** The longest path of a socket: 104 bytes on macOS and the BSDs with the end of the text, 108 on Linux. */
const LONGEST_PATH = 100;

/**
 * The place of a socket `name` in the folder of our state, and where its path would be too long for a socket, under a
 * name made from it in a folder of the user's in `/tmp`. Depends on nothing that hosts take out of the environment of
 * the programs that they start.
 *
 * @throws {BridgeError} `no_home`
 */
export function socketPlace(name: string, surroundings: Surroundings, uid = process.getuid?.() ?? 0): SocketPlace {
  const { state } = foldersOf(surroundings);
  const path = `${state}/${name}`;
  if (Buffer.byteLength(path) <= LONGEST_PATH) return { folder: state, path };
  const folder = `/tmp/mcp-bridge-${uid}`;
  const digest = new Bun.CryptoHasher("sha256").update(path).digest("hex");
  return { folder, path: `${folder}/${digest.slice(0, 32)}` };
}

/**
 * Whether a socket is there that nobody but the user can have put there.
 *
 * @throws {BridgeError} `unsafe_file` for anything else in its place, or in that of its folder.
 */
export async function checkSocket({ folder, path }: SocketPlace, machine?: Machine): Promise<boolean> {
  const { lstatSync } = await import("node:fs");
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  await checkPrivateFolder(folder, machine);
  const uid = machine === undefined ? process.getuid?.() : machine.uid;
  if (!stats.isSocket()) throw unsafe(path, "is no socket");
  if (uid !== undefined && stats.uid !== uid) throw unsafe(path, "belongs to another user");
  return true;
}

function unsafe(path: string, what: string): BridgeError {
  return new BridgeError("unsafe_file", `${JSON.stringify(path)} ${what}`, {
    hint: "remove it, or set MCP_BRIDGE_HOME to a folder of your own",
  });
}

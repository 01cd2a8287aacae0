import type { Clock } from "../platform/clock.ts";
import { listenLocally, type LocalListener, type LocalSocket } from "../platform/local_socket.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import { makePrivateFolder } from "../platform/private_files.ts";
import { checkSocket } from "../platform/socket_place.ts";
import type { Preface } from "../transport/attach_hello.ts";
import { withFileLock } from "../vault/lock.ts";
import { isAlive, placeOfSocket } from "./meeting_point.ts";

/** Takes in who connects, and asks for what it has to show where the address does not say who it is. */
export type OnSocket = (socket: LocalSocket, isProven?: (preface: Preface) => Promise<boolean>) => void;

/**
 * Lets other processes of this user meet us; nothing where another `serve` does that already. What a `serve` that was
 * killed has left behind is replaced, under a lock, so that two that start at once do not replace each other's.
 *
 * @throws {BridgeError} `unsafe_file` for anything else in the place; `vault_busy`, `vault_unwritable`
 * @throws the system's own error where it does not let us listen there.
 */
export async function openMeetingPoint(
  surroundings: Surroundings,
  clock: Clock,
  onsocket: OnSocket,
): Promise<LocalListener | undefined> {
  const state = await makePrivateFolder(foldersOf(surroundings).state);
  return await withFileLock(`${state}/serve.lock`, async () => {
    if (surroundings.platform === "win32") {
      return await (await import("./pipe_point.ts")).openPipe(surroundings, onsocket);
    }
    const place = placeOfSocket(surroundings);
    await makePrivateFolder(place.folder);
    if (await checkSocket(place)) {
      if (await isAlive(place.path)) return undefined;
      (await import("node:fs")).rmSync(place.path, { force: true });
    }
    return listenLocally(place.path, onsocket);
  }, { clock });
}

import { connectLocally, type LocalSocket } from "../platform/local_socket.ts";
import type { Surroundings } from "../platform/paths.ts";
import { lookAt } from "../platform/short_look.ts";
import { checkSocket, socketPlace } from "../platform/socket_place.ts";
import type { Preface } from "../transport/attach_hello.ts";

/** Where a `serve` of this user can be met. */
export interface MeetingPoint {
  /** The path of a socket, or the name of a pipe. */
  readonly address: string;
  /** What both sides show each other before anything else, where the address alone does not say who is there. */
  prove?(socket: LocalSocket, preface: Preface): Promise<void>;
}

const NAME = "serve.sock";

/**
 * Where a `serve` of this user may be; nothing where there is none.
 *
 * @throws {BridgeError} `unsafe_file` for anything in its place that another user may have put there; `no_home`
 */
export async function findMeetingPoint(surroundings: Surroundings): Promise<MeetingPoint | undefined> {
  if (surroundings.platform === "win32") return await (await import("./pipe_point.ts")).findPipe(surroundings);
  const place = socketPlace(NAME, surroundings);
  const look = await lookAt(place.folder, place.path, "socket");
  const isThere = look === "doubtful" ? await checkSocket(place) : look === "ours";
  return isThere ? { address: place.path } : undefined;
}

/** Whether somebody answers at an address. */
export async function isAlive(address: string): Promise<boolean> {
  try {
    (await connectLocally(address)).end();
    return true;
  } catch {
    return false;
  }
}

/** The place of the socket on systems that have files for them. */
export function placeOfSocket(surroundings: Surroundings): ReturnType<typeof socketPlace> {
  return socketPlace(NAME, surroundings);
}

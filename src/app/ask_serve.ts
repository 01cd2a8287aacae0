import { connectLocally, type LocalSocket } from "../platform/local_socket.ts";
import type { Surroundings } from "../platform/paths.ts";
import { VERSION } from "../platform/version.ts";
import { Preface, readWelcome, sayLine } from "../transport/attach_hello.ts";
import { findMeetingPoint } from "./meeting_point.ts";

/** What there is to say of a `serve` of this user; one that is `silent` runs and does not answer. */
export type ServeAnswer =
  | { readonly kind: "absent" | "silent" }
  | { readonly kind: "there"; readonly version: string };

/** How long it may take to answer, in ms. */
const PATIENCE_MS = 1_000;

/** No server has this name, so that nobody is connected. */
const NOBODY = "";

/**
 * Asks a `serve` of this user for its version, and for nothing else.
 *
 * @throws {BridgeError} `unsafe_file` for anything in its place that another user may have put there; `no_home`
 */
export async function askServe(surroundings: Surroundings): Promise<ServeAnswer> {
  const point = await findMeetingPoint(surroundings);
  if (point === undefined) return { kind: "absent" };
  let socket: LocalSocket;
  try {
    socket = await connectLocally(point.address);
  } catch {
    // Whoever was killed leaves its socket behind.
    return { kind: "absent" };
  }
  const late = setTimeout(() => socket.end(), PATIENCE_MS);
  try {
    const preface = new Preface(socket.input);
    await point.prove?.(socket, preface);
    await socket.write(sayLine({ version: VERSION, name: NOBODY, account: NOBODY, settings: NOBODY }));
    const welcome = readWelcome(await preface.next());
    return welcome?.isWelcome === false && welcome.version !== undefined
      ? { kind: "there", version: welcome.version }
      : { kind: "silent" };
  } catch {
    return { kind: "silent" };
  } finally {
    clearTimeout(late);
    socket.end();
  }
}

import { toBridgeError } from "../platform/errors.ts";
import { connectLocally, type LocalSocket } from "../platform/local_socket.ts";
import type { Notify } from "../platform/notice.ts";
import type { Surroundings } from "../platform/paths.ts";
import { type Hello, Preface, readWelcome, sayLine } from "../transport/attach_hello.ts";
import { findMeetingPoint } from "./meeting_point.ts";

/** A connection to a `serve` of this user that has agreed to carry this process. */
export interface Attachment {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: LocalSocket;
}

/** How long `serve` may take to agree, in ms; nobody has been answered meanwhile. */
const PATIENCE_MS = 1_000;

/**
 * Asks a `serve` of this user to carry this process; nothing where there is none, or where it does not agree, which is
 * told to who debugs. Never fails, and asks nobody where no `serve` runs.
 */
export async function attach(
  hello: Hello,
  surroundings: Surroundings,
  notify: Notify,
): Promise<Attachment | undefined> {
  let socket: LocalSocket | undefined;
  const late = setTimeout(() => socket?.end(), PATIENCE_MS);
  try {
    const point = await findMeetingPoint(surroundings);
    if (point === undefined) return undefined;
    socket = await connectLocally(point.address);
    const preface = new Preface(socket.input);
    await point.prove?.(socket, preface);
    await socket.write(sayLine(hello));
    const welcome = readWelcome(await preface.next());
    if (welcome?.isWelcome === true) {
      notify({ level: "debug", text: 'going through the "mcp-bridge serve" that runs' });
      return { input: preface.rest(), output: socket };
    }
    const why = welcome?.reason ?? "it does not answer";
    notify({ level: "debug", text: `going without the "mcp-bridge serve" that runs: ${why}` });
  } catch (thrown) {
    // Whoever was killed leaves its socket behind.
    const isGone = (thrown as NodeJS.ErrnoException).code === "ECONNREFUSED";
    const why = isGone ? "it has ended" : toBridgeError(thrown).message;
    notify({ level: "debug", text: `going without "mcp-bridge serve": ${why}` });
  } finally {
    clearTimeout(late);
  }
  socket?.end();
  return undefined;
}

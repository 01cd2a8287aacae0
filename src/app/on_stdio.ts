import type { ClientListener } from "../bridge/stage.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { MalformedMessage } from "../transport/malformed_message.ts";
import type { ByteSink } from "../transport/outbox.ts";
import { StdioEnd } from "../transport/stdio.ts";

/** The world around the bridge; a test brings its own. */
export interface ConnectWorld {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink;
  readonly notify: Notify;
}

/** What serves the client on this process's input and output. */
export interface StdioSide extends ClientListener {
  /** The client sent a line that is no message. */
  malformed(fault: MalformedMessage): void;
  /** The client sent a message beyond the limit of bytes. */
  oversize(id: string | undefined, limit: number): void;
  /** Waits up to `patience` ms for answers that are on their way, then gives the rest up. */
  leave(patience: number): Promise<void>;
  /** Ends what is open beyond this process. */
  close(): Promise<void>;
}

/** Leaving takes 2 s at most: answers on their way, then the sessions' ends, then what is left to write, in ms. */
const LAST_ANSWERS_MS = 1_000;
const LAST_WRITE_MS = 300;

/**
 * Serves the client on this process's input and output until it leaves or a signal comes; settles with the exit code.
 * `limit` is the longest message in bytes.
 */
export async function onStdio(
  world: ConnectWorld,
  limit: number,
  makeSide: (local: LocalEnd) => StdioSide,
): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const local = new StdioEnd({
    input: world.input,
    output: world.output,
    limit,
    events: {
      onmessage: (message) => side.fromClient(message),
      onmalformed: (fault) => side.malformed(fault),
      onoversize: (id) => side.oversize(id, limit),
      onend: () => end(0),
    },
  });
  const side = makeSide(local);
  watchForEnd((ending) => end(ending.exitCode));
  void local.read();
  const exitCode = await ended;
  await side.leave(exitCode === 0 ? LAST_ANSWERS_MS : 0);
  await Promise.all([side.close(), local.close(LAST_WRITE_MS)]);
  return exitCode;
}

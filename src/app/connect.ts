import { systemClock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import type { ByteSink } from "../transport/outbox.ts";
import { StdioEnd } from "../transport/stdio.ts";
import { openBudget } from "./network.ts";
import { type Line, Upstream, type UpstreamSettings } from "./upstream.ts";

/** The world around the bridge; a test brings its own. */
export interface ConnectWorld {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink;
  readonly notify: Notify;
}

/** Leaving takes 2 s at most: answers on their way, then the session's end and what is left to write, in ms. */
const LAST_ANSWERS_MS = 1_000;
const LAST_WRITE_MS = 300;

/**
 * The bridge on stdio: moves messages between the client on this process's input and output and one remote server
 * until the client leaves or a signal comes. Settles with the exit code; a server that is down does not end it.
 */
export async function connect(settings: UpstreamSettings, world: ConnectWorld): Promise<number> {
  const upstream = new Upstream(settings, { clock: systemClock, budget: openBudget(), notify: world.notify });
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const local = new StdioEnd({
    input: world.input,
    output: world.output,
    limit: settings.maxMessage,
    events: {
      onmessage: (message) => line.fromClient(message),
      onmalformed: (fault) => line.malformed(fault),
      onoversize: (id) => line.oversize(id),
      onend: () => end(0),
    },
  });
  const line: Line = upstream.open(local);
  watchForEnd((ending) => end(ending.exitCode));
  void local.read();
  const exitCode = await ended;
  await upstream.leave(exitCode === 0 ? LAST_ANSWERS_MS : 0);
  await Promise.all([upstream.close(), local.close(LAST_WRITE_MS)]);
  return exitCode;
}

import type { Abort } from "../platform/abort.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { waitBefore } from "./backoff.ts";
import { ChannelFailure } from "./channel.ts";

/** What became of one attempt to hear what the server says by itself. */
export type StreamEnd =
  /** The server offers no such stream. */
  | { kind: "unavailable" }
  /** The server does not know the session any more. */
  | { kind: "lost" }
  /** It was open for a while, and told how long to wait before the next; `fruitful` where something came of it. */
  | { kind: "ended"; retry: number | undefined; fruitful: boolean }
  /** It did not come about. */
  | { kind: "failed" };

/** What keeping a stream open needs. */
export interface ServerStreamOptions {
  readonly clock: Clock;
  /** After so long without a byte the stream is asked for again, in ms; 0 for never. */
  readonly idle: number;
  /** Opens the stream and reads it to its end; `wasOpen` tells that an earlier attempt succeeded. Never rejects. */
  attempt(abort: AbortController, onactivity: () => void, wasOpen: boolean): Promise<StreamEnd>;
  onlost(): void;
}

/** A stream that lived this long was a good one, whatever came, in ms. */
const GOOD_STREAM_MS = 1_000;

/** A server that asks for a wait of at least so much ends its streams on purpose, in ms. */
const POLITE_RETRY_MS = 500;

/**
 * Keeps the server's own stream (basic/transports, "Listening for Messages from the Server") open until `stop` aborts:
 * it comes back after every end, with backoff where nothing came of it. A stream without a sound is asked for again,
 * since a connection that a router has forgotten looks just like it.
 */
export async function keepServerStream(options: ServerStreamOptions, stop: Abort): Promise<void> {
  const { clock } = options;
  let failures = 0;
  let wasOpen = false;
  while (!stop.aborted) {
    const opened = clock.now();
    const end = await attemptUntilSilent(options, stop, wasOpen);
    if (stop.aborted || end.kind === "unavailable") return;
    if (end.kind === "lost") return options.onlost();
    const lived = clock.now() - opened > GOOD_STREAM_MS;
    const good = end.kind === "ended" && (end.fruitful || lived || (end.retry ?? 0) >= POLITE_RETRY_MS);
    wasOpen ||= end.kind === "ended";
    await pause(clock, waitBefore(end.kind === "ended" ? end.retry : undefined, good ? 0 : failures), stop.signal);
    failures = good ? 0 : failures + 1;
  }
}

async function attemptUntilSilent(
  options: ServerStreamOptions,
  stop: Abort,
  wasOpen: boolean,
): Promise<StreamEnd> {
  const { clock, idle } = options;
  const abort = new AbortController();
  stop.onabort = (reason) => abort.abort(reason);
  let heardAt = clock.now();
  let timer = idle > 0 ? clock.after(idle, look) : undefined;
  function look(): void {
    const left = heardAt + idle - clock.now();
    if (left > 0) timer = clock.after(left, look);
    else abort.abort(new ChannelFailure("broken", "timed_out", "the server's stream fell silent"));
  }
  try {
    return await options.attempt(abort, () => heardAt = clock.now(), wasOpen);
  } finally {
    timer?.cancel();
    stop.onabort = undefined;
  }
}

/** Why a stream is ended that nobody needs any more. */
export function streamIsOver(): BridgeError {
  return new BridgeError("closing", "the session has ended");
}

import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { patienceOf } from "./next_step.ts";
import { HELD_PATIENCE_MS, type Pending, type PendingRequest } from "./pending.ts";
import type { Recover } from "./recover.ts";

/**
 * Waits for the session, for as long as a host waits for an answer of this method.
 *
 * @throws {ChannelFailure} why the session could not be made
 * @throws {BridgeError} what it waits for, a sign-in say, or `timed_out`, where that took too long
 */
export async function untilReady(
  { message, receivedAt }: PendingRequest,
  clock: Clock,
  pending: Pending,
  recover: Recover,
): Promise<void> {
  const enough = new AbortController();
  const patience = (): number => pending.held === undefined ? patienceOf(message.method!) : HELD_PATIENCE_MS;
  const left = (): number => receivedAt + patience() - clock.now();
  const late = (async () => {
    do await pause(clock, left(), enough.signal); while (!enough.signal.aborted && left() > 0);
    if (enough.signal.aborted) return;
    throw pending.held ?? recover.cause ?? new BridgeError("timed_out", "the server is not ready yet", {
      hint: "try again in a moment",
    });
  })();
  try {
    await Promise.race([recover.ready(), late]);
  } finally {
    enough.abort();
    late.catch(() => {});
  }
}

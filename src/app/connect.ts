import { systemClock } from "../platform/clock.ts";
import { openBudget } from "./budget.ts";
import { type ConnectWorld, onStdio } from "./on_stdio.ts";
import { Upstream, type UpstreamSettings } from "./upstream.ts";

/**
 * The bridge on stdio: moves messages between the client on this process's input and output and one server until the
 * client leaves or a signal comes. Settles with the exit code; a server that is down does not end it.
 */
export function connect(settings: UpstreamSettings, world: ConnectWorld): Promise<number> {
  const run = { clock: systemClock, budget: openBudget(true), notify: world.notify, takesTurns: true };
  const upstream = new Upstream(settings, run);
  return onStdio(world, settings.maxMessage, (local) => {
    const line = upstream.open(local);
    return {
      fromClient: (message) => line.fromClient(message),
      malformed: (fault) => line.malformed(fault),
      oversize: (id) => line.oversize(id),
      leave: (patience) => upstream.leave(patience),
      close: () => upstream.close(),
    };
  });
}

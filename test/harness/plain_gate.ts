/** A way to the network with nothing special about it. */
import { createGate, type GateOptions, type Wire } from "../../src/net/gate.ts";
import { Budget } from "../../src/platform/budget.ts";
import { systemClock } from "../../src/platform/clock.ts";

/** More than any test has under way, in bytes. */
const ROOM = 64 * 1_048_576;

/** The gate of a process that no flag says anything of, but for `options`. */
export function plainGate(options: Partial<GateOptions> = {}): Wire {
  return createGate({
    clock: systemClock,
    budget: new Budget(ROOM),
    tls: { rejectUnauthorized: true },
    cookies: undefined,
    ipv4: false,
    connectTimeout: 10_000,
    headersTimeout: 0,
    ...options,
  });
}

import { Cookies } from "../net/cookies.ts";
import { createGate, type Wire } from "../net/gate.ts";
import type { TlsSettings } from "../net/tls.ts";
import { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";

/** How a person wants servers to be reached. Times in ms, 0 for no limit. */
export interface NetworkSettings {
  readonly tls: TlsSettings;
  /** Whether cookies of a server go back to it. */
  readonly cookies: boolean;
  /** Whether connections are made over IPv4 only. */
  readonly ipv4: boolean;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
}

/** The bytes of messages that the process holds at most before reading waits. */
const BUFFER_BYTES = 64 * 1_048_576;

/** The memory for messages that all parts of a run share. */
export function openBudget(): Budget {
  return new Budget(BUFFER_BYTES);
}

/** The way out, as a person wants it. */
export function openNetwork(settings: NetworkSettings, clock: Clock, budget: Budget): Wire {
  return createGate({ ...settings, clock, budget, cookies: settings.cookies ? new Cookies(clock) : undefined });
}

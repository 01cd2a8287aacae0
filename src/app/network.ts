import { Cookies } from "../net/cookies.ts";
import { createGate, type Wire } from "../net/gate.ts";
import type { TlsSettings } from "../net/tls.ts";
import type { Budget } from "../platform/budget.ts";
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

/** The way out, as a person wants it. */
export function openNetwork(settings: NetworkSettings, clock: Clock, budget: Budget): Wire {
  return createGate({ ...settings, clock, budget, cookies: settings.cookies ? new Cookies(clock) : undefined });
}

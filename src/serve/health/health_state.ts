import type { Clock } from "../../platform/clock.ts";
import type { OwnFailure } from "./own_failure.ts";

/**
 * How a server stands: `idle`, nobody has asked it of late; `up`; `degraded`, it is there and does not do well; `down`;
 * `signed-out`, it waits for somebody to sign in.
 */
export type HealthState = "idle" | "up" | "degraded" | "down" | "signed-out";

/** A state, why, and since when, in ms since 1970. */
export interface HealthChange {
  readonly state: HealthState;
  /** One sentence, lower case, without a full stop. */
  readonly reason: string;
  readonly at: number;
}

/** How a server and account stand. */
export interface ServerHealth {
  readonly server: string;
  readonly account: string;
  readonly now: HealthChange;
  /** The states that it had, the oldest first, the present one last. */
  readonly history: readonly HealthChange[];
  /** Where somebody is awaited to sign in. */
  readonly signInPage: string | undefined;
}

/** What a request of our own has shown. */
export interface Probed {
  /** How long the answer took, in ms. */
  readonly ms: number;
  readonly failure: OwnFailure | undefined;
}

/** What looking after the health of servers needs. */
export interface HealthOptions {
  readonly clock: Clock;
  /** Asks a server something cheap on a connection that is there; nothing where there is none, or it is at work. */
  probe(server: string, account: string): Promise<Probed> | undefined;
  /** A server that was in trouble has answered: what else is connected to it may be made good. */
  onrecovered(server: string, account: string): void;
  /** Is told of each change. */
  onchange(health: ServerHealth): void;
}

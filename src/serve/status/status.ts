import type { Clock } from "../../platform/clock.ts";
import type { ConnectedClient } from "./clients.ts";
import type { HealthChange } from "../health/health_state.ts";
import type { LatencyBucket } from "./latencies.ts";
import type { CallCounts } from "./ledger.ts";
import type { Sessions } from "../sessions.ts";
import type { View } from "./view.ts";

/** The end of a token, as the vault knows it. */
export interface TokenEnd {
  /** Under which address it is kept. */
  readonly server: string;
  readonly account: string;
  /** In ms since 1970; nothing where it has none, or nobody said. */
  readonly expiresAt: number | undefined;
  /** Whether it is renewed without a person. */
  readonly renews: boolean;
}

/** What the status is made of. */
export interface StatusParts {
  readonly view: View;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly version: string;
  /** When the endpoint was opened, in ms since 1970. */
  readonly startedAt: number;
  /** The tokens that there are; never fails. */
  tokens(): Promise<readonly TokenEnd[]>;
}

/** A server and account. */
export interface ServerStatus extends HealthChange, CallCounts {
  readonly server: string;
  readonly account: string;
  readonly history: readonly HealthChange[];
  readonly latency: readonly LatencyBucket[];
  readonly token: Pick<TokenEnd, "expiresAt" | "renews"> | undefined;
  /** Whether somebody may be asked to sign in, or is. */
  readonly signIn: "none" | "possible" | "waiting";
  /** Where somebody is awaited to do so. */
  readonly signInPage: string | undefined;
}

/** What `GET /api/status` says. Times in ms since 1970. */
export interface Status {
  readonly version: string;
  readonly now: number;
  readonly startedAt: number;
  readonly sessions: number;
  /** In bytes. */
  readonly memory: number;
  readonly servers: readonly ServerStatus[];
  readonly clients: readonly ConnectedClient[];
  /** How many clients there are beyond those that are listed. */
  readonly moreClients: number;
}

const MOST_SHOWN = 200;

/** How the endpoint stands, without any secret. */
export async function statusOf(parts: StatusParts): Promise<Status> {
  const { view, sessions, clock, version, startedAt } = parts;
  const tokens = await parts.tokens();
  const clients = view.ledger.clients();
  return {
    version,
    now: clock.now(),
    startedAt,
    sessions: sessions.size,
    memory: process.memoryUsage.rss(),
    servers: placesOf(view).map(([server, account]) => serverStatus(view, server, account, tokens, startedAt)),
    clients: clients.slice(0, MOST_SHOWN),
    moreClients: Math.max(0, clients.length - MOST_SHOWN),
  };
}

/** Every server of the registry with its own account, and behind it the other accounts that were asked for. */
function placesOf({ pool, health }: View): [server: string, account: string][] {
  const asked = health.all;
  return pool.slugs.flatMap((server) => {
    const own = pool.entry(server)!.account;
    const others = asked.filter((one) => one.server === server && one.account !== own).map(({ account }) => account);
    return [own, ...others].map((account): [string, string] => [server, account]);
  }).slice(0, MOST_SHOWN);
}

function serverStatus(
  view: View,
  server: string,
  account: string,
  tokens: readonly TokenEnd[],
  startedAt: number,
): ServerStatus {
  const { pool, health, ledger } = view;
  const idle: HealthChange = { state: "idle", reason: "nobody has asked it yet", at: startedAt };
  const known = health.of(server, account);
  const signing = pool.entry(server)?.signing;
  const token = tokens.find((one) => one.server === signing?.address && one.account === account);
  return {
    server,
    account,
    ...(known?.now ?? idle),
    history: known?.history ?? [idle],
    ...ledger.countsOf(server, account),
    latency: ledger.latenciesOf(server, account),
    token: token && { expiresAt: token.expiresAt, renews: token.renews },
    signIn: signing === undefined ? "none" : view.isSigningIn(server, account) ? "waiting" : "possible",
    signInPage: known?.signInPage,
  };
}

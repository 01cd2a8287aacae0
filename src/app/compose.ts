import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { AttachedClients } from "../serve/attached_clients.ts";
import { Audit, type AuditFile } from "../serve/status/audit.ts";
import { AllServers } from "../serve/all_servers.ts";
import { makeEndpoint } from "../serve/endpoint.ts";
import { isFurtherHost } from "../serve/guard/further_hosts.ts";
import { inFewWords } from "../serve/guard/few_words.ts";
import { listen } from "../serve/listener.ts";
import { type LinkUser, makeLink } from "../serve/guard/links.ts";
import { LogTail } from "../serve/status/log_tail.ts";
import type { PoolEntry } from "../serve/pool.ts";
import { Sessions } from "../serve/sessions.ts";
import type { TokenEnd } from "../serve/status/status.ts";
import { View } from "../serve/status/view.ts";
import { addViewRoutes } from "../serve/status/view_routes.ts";
import type { CallRecord } from "../serve/watched.ts";

export type { AuditFile } from "../serve/status/audit.ts";
export type { PoolEntry, Signing } from "../serve/pool.ts";
export { LogTail } from "../serve/status/log_tail.ts";

/** What an open endpoint is made of. */
export interface OpenEndpointOptions {
  readonly host: string;
  readonly port: number;
  /** Further hosts under which it may be asked, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[];
  readonly token: string;
  /** The servers from the first request on. */
  readonly entries: ReadonlyMap<string, PoolEntry>;
  /** The longest message, in bytes. */
  readonly limit: number;
  readonly mostSessions: number;
  /** How long a client may be gone before its session ends, and one that is shared, in ms. */
  readonly sessionIdle: number;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** What people who look on see of the notices. */
  readonly log: LogTail;
  /** Where each call is written down; nothing where that is not wanted. */
  readonly audit: AuditFile | undefined;
  /** Whether each call is told of. */
  readonly tellsCalls: boolean;
  /** The version of the product. */
  readonly version: string;
  /** See `AttachedClientsOptions`. */
  readonly way: Readonly<Record<string, string>>;
  /** The ends of all tokens that there are; never fails. */
  tokens(): Promise<readonly TokenEnd[]>;
}

/** Makes an address that opens the status page, once, for whoever may use it. */
export type MakeLink = (user: LinkUser) => string;

/** The local endpoint while it listens. */
export interface OpenEndpoint {
  /** Where it is, without a path. */
  readonly url: string;
  /** Makes an address that opens the status page, once. */
  readonly link: MakeLink;
  /** Puts other servers in place. */
  replace(entries: ReadonlyMap<string, PoolEntry>): Promise<void>;
  /** Ends all sessions and listens no more, within about `patience` ms. */
  close(patience: number): Promise<void>;
  /** Takes in another process of this user, or tells it why not; see `AttachedClients`. */
  readonly take: AttachedClients["take"];
}

/** How long the last lines of the audit may take, in ms. */
const LAST_LINES_MS = 1_000;

/**
 * Puts the rooms of the local endpoint together and listens.
 *
 * @throws {BridgeError} `port_taken`, `unreachable`
 */
export async function openEndpoint(options: OpenEndpointOptions): Promise<OpenEndpoint> {
  const { host, token, limit, clock, notify } = options;
  const audit = options.audit && new Audit({ file: options.audit, clock, notify });
  const record = (call: CallRecord): void => audit?.record(call);
  const { sessionIdle, tellsCalls } = options;
  const sessions = new Sessions(clock, { most: options.mostSessions, idle: sessionIdle });
  const isOpen = (session: string): boolean => sessions.has(session);
  const view = new View({ clock, notify, isOpen, record, sessionIdle, tellsCalls });
  const { pool } = view;
  const names = isEverywhere(host) ? ["127.0.0.1", "localhost", "[::1]"] : [...new Set([named(host), "localhost"])];
  const port = (): number => listener.port;
  const hosts = { allowed: options.allowedHosts, port, isEverywhere: isEverywhere(host) };
  const guard = {
    names,
    port,
    token,
    notify: inFewWords(notify, clock),
    isFurtherHost: (asked: string) => isFurtherHost(asked, hosts),
  };
  const { version, log, tokens } = options;
  const parts = { view, sessions, clock, version, log, tokens, guard, startedAt: clock.now(), url: addressOf };
  const all = new AllServers({
    pool,
    clock,
    budget: options.budget,
    notify,
    serverInfo: { name: "mcp-bridge", version },
  });
  const { budget } = options;
  const endpoint = makeEndpoint({
    guard,
    pool,
    all,
    sessions,
    limit,
    budget,
    more: (app) => addViewRoutes(app, parts),
  });
  const who = { version, uid: process.getuid?.(), way: options.way };
  const attached = new AttachedClients({ ...who, pool, sessions, limit, clock, notify });
  async function replace(entries: ReadonlyMap<string, PoolEntry>): Promise<void> {
    await attached.keep(entries);
    // Nobody may look for a server that is gone while its sessions end.
    const over = await pool.replace(entries, (slugs) => all.replaced(slugs));
    view.replaced();
    await sessions.endAll(({ target }) => over.has(target.split("@", 1)[0]!));
  }
  await replace(options.entries);
  const listener = await listen({ host, port: options.port, limit, endpoint });
  function addressOf(): string {
    return statusAddress(host, listener.port);
  }
  return {
    url: `http://${named(host)}:${listener.port}`,
    link: (user) => linkTo(host, listener.port, token, clock.now(), user),
    take: (socket, isProven) => attached.take(socket, isProven),
    replace,
    async close(patience): Promise<void> {
      sessions.stop();
      view.close();
      log.close();
      await Promise.race([sessions.endAll(), Bun.sleep(patience)]);
      await pool.close();
      await listener.stop();
      await audit?.close(LAST_LINES_MS);
    },
  };
}

/** Where a browser on this machine finds what listens at an address and port. */
export function statusAddress(host: string, port: number): string {
  return `http://${isEverywhere(host) ? "127.0.0.1" : named(host)}:${port}`;
}

/** An address that opens the status page of whoever serves there with our token, once. */
export function linkTo(host: string, port: number, token: string, now: number, user: LinkUser): string {
  return `${statusAddress(host, port)}${makeLink({ token, port }, now, user)}`;
}

function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function named(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

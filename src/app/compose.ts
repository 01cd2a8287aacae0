import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { makeEndpoint } from "../serve/endpoint.ts";
import { listen } from "../serve/listener.ts";
import type { PoolEntry } from "../serve/pool.ts";
import { Sessions } from "../serve/sessions.ts";
import { View } from "../serve/view.ts";

export type { PoolEntry } from "../serve/pool.ts";

/** What an open endpoint is made of. */
export interface OpenEndpointOptions {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  /** The longest message, in bytes. */
  readonly limit: number;
  readonly mostSessions: number;
  /** How long a client may be gone before its session ends, in ms. */
  readonly sessionIdle: number;
  readonly clock: Clock;
  readonly notify: Notify;
}

/** The local endpoint while it listens. */
export interface OpenEndpoint {
  /** Where it is, without a path. */
  readonly url: string;
  /** Puts other servers in place. */
  replace(entries: ReadonlyMap<string, PoolEntry>): Promise<void>;
  /** Ends all sessions and listens no more, within about `patience` ms. */
  close(patience: number): Promise<void>;
}

/**
 * Puts the rooms of the local endpoint together and listens.
 *
 * @throws {BridgeError} `port_taken`, `unreachable`
 */
export async function openEndpoint(options: OpenEndpointOptions): Promise<OpenEndpoint> {
  const { host, port, token, limit, clock, notify } = options;
  const view = new View({ clock, notify });
  const { pool } = view;
  const sessions = new Sessions(clock, { most: options.mostSessions, idle: options.sessionIdle });
  const names = isEverywhere(host) ? ["127.0.0.1", "localhost", "[::1]"] : [...new Set([named(host), "localhost"])];
  const guard = { names, port: () => listener.port, token, notify };
  const endpoint = makeEndpoint({ guard, pool, sessions, limit });
  const listener = await listen({ host, port, limit, endpoint });
  return {
    url: `http://${named(host)}:${listener.port}`,
    async replace(entries): Promise<void> {
      const over = await pool.replace(entries);
      view.replaced();
      await sessions.endAll(({ target }) => over.has(target.split("@", 1)[0]!));
    },
    async close(patience): Promise<void> {
      sessions.stop();
      view.close();
      await Promise.race([sessions.endAll(), Bun.sleep(patience)]);
      await pool.close();
      await listener.stop();
    },
  };
}

function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function named(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

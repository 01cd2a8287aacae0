import type { Clock } from "../../platform/clock.ts";
import type { Probed } from "./health_state.ts";
import type { Pool } from "../pool.ts";
import { probe } from "./probe.ts";

/** So many connections of a server are made good when it is back; the others find out when they are used. */
const MOST_REFRESHED = 64;

/** Asks servers of the pool whether they live, on connections that their clients have open. */
export class Prober {
  readonly #pool: Pool;
  readonly #clock: Clock;
  #turn = 0;

  constructor(pool: Pool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /**
   * Asks a server on one of its connections, another one each time; nothing where there is none, and where calls are on
   * their way: they tell as much, and a server that works on one may answer no ping.
   */
  probe(slug: string, account: string): Promise<Probed> | undefined {
    const server = this.#pool.find(slug, account);
    if (server === undefined || server.inFlight > 0) return undefined;
    const { connections } = server;
    const connection = connections[this.#turn++ % connections.length];
    return connection && probe(connection, this.#clock);
  }

  /** Asks on each connection once, so that sessions which the server has lost are made again before they are needed. */
  async refresh(slug: string, account: string): Promise<void> {
    const connections = this.#pool.find(slug, account)?.connections ?? [];
    for (const connection of connections.slice(0, MOST_REFRESHED)) {
      const { failure } = await probe(connection, this.#clock);
      if (failure !== undefined) return;
    }
  }
}

import { Crowd } from "../bridge/crowd.ts";
import type { MergedServer } from "../bridge/merge/branch.ts";
import { MergedServers } from "../bridge/merge/merged_servers.ts";
import type { ServerInfo } from "../bridge/merge/offers.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { Place } from "./place.ts";
import type { Pool } from "./pool.ts";
import type { Seat } from "./pooled_server.ts";
import { OURSELVES } from "./guard/refusals.ts";
import type { Visitor } from "./watched.ts";

/** What serving all servers as one needs. */
export interface AllServersOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  readonly serverInfo: ServerInfo;
}

type MakeSeat = (slug: string, local: LocalEnd) => Seat;

/** Who is behind those that speak without a session. */
const MANY: Visitor = { client: undefined };

/** All servers of the pool as one: each client of the handshake's era has them for itself, the others together. */
export class AllServers implements Place {
  readonly target = "";
  readonly #options: AllServersOptions;
  /** What the clients have, with what makes a place at a server for them. */
  readonly #merged = new Map<MergedServers, MakeSeat>();
  #crowd: Crowd | undefined;

  constructor(options: AllServersOptions) {
    this.#options = options;
  }

  seat(end: LocalEnd, visitor: Visitor): Seat {
    const merged = this.#merge(end, (slug, local) => this.#options.pool.get(slug)!.seat(local, visitor, true));
    return {
      fromClient: (message) => merged.fromClient(message),
      leave: async () => {
        this.#merged.delete(merged);
        await merged.leave(0);
      },
    };
  }

  stand(end: LocalEnd): Seat {
    const crowd = this.#crowd ??= this.#gather();
    return {
      fromClient: (message) => crowd.fromClient(message, end),
      leave: () => {
        crowd.leave(end);
        return Promise.resolve();
      },
    };
  }

  /** Other servers are in the pool: all clients have those from now on. What stayed the same stays connected. */
  replaced(changed: ReadonlySet<string>): void {
    for (const [merged, makeSeat] of this.#merged) merged.replace(this.#servers(makeSeat), changed);
  }

  #gather(): Crowd {
    const crowd: Crowd = new Crowd({
      pump: { fromClient: (message) => merged.fromClient(message) },
      server: OURSELVES,
      hasOneStream: () => this.#options.pool.servers.some((server) => server.hasOneStream),
    });
    const merged = this.#merge(crowd, (slug, local) => this.#options.pool.get(slug)!.stand(local, MANY));
    return crowd;
  }

  #merge(client: LocalEnd, makeSeat: MakeSeat): MergedServers {
    const { clock, budget, notify, serverInfo } = this.#options;
    const merged = new MergedServers({ client, clock, budget, notify, serverInfo, servers: this.#servers(makeSeat) });
    this.#merged.set(merged, makeSeat);
    return merged;
  }

  #servers(makeSeat: MakeSeat): MergedServer[] {
    return this.#options.pool.slugs.map((slug) => ({
      slug,
      open: (local) => makeSeat(slug, local),
    }));
  }
}

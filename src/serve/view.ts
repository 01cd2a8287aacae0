import type { Clock } from "../platform/clock.ts";
import { quoted } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { Health, type ServerHealth } from "./health.ts";
import { Pool } from "./pool.ts";
import { Prober } from "./prober.ts";

/** What looking at the endpoint needs. */
export interface ViewOptions {
  readonly clock: Clock;
  readonly notify: Notify;
}

/** What can be seen of the endpoint from outside: how its servers stand, and what passes. */
export class View {
  readonly health: Health;
  /** The pool that is looked at. */
  readonly pool: Pool;
  readonly #notify: Notify;

  constructor({ clock, notify }: ViewOptions) {
    this.#notify = notify;
    this.pool = new Pool({
      record: (call) => this.health.record(call),
      held: (server, account, cause) => this.health.held(server, account, cause),
    });
    const prober = new Prober(this.pool, clock);
    this.health = new Health({
      clock,
      probe: (server, account) => prober.probe(server, account),
      onrecovered: (server, account) => void prober.refresh(server, account),
      onchange: (health) => this.#tell(health),
    });
  }

  /** Other servers have been put in place. */
  replaced(): void {
    this.health.prune((server, account) => this.pool.find(server, account) !== undefined);
  }

  /** Looks no more. */
  close(): void {
    this.health.close();
  }

  #tell({ server, account, now, history }: ServerHealth): void {
    const before = history.at(-2)?.state;
    // What goes well from the beginning is no news.
    const level = now.state === "down" || now.state === "degraded"
      ? "warn"
      : before === "idle" || now.state === "idle"
      ? "debug"
      : "info";
    const name = account === "default" ? quoted(server) : `${quoted(server)} (account ${quoted(account)})`;
    this.#notify({ level, text: `${name} is ${now.state}: ${now.reason}` });
  }
}

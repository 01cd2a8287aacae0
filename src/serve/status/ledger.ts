import type { Clock } from "../../platform/clock.ts";
import { Clients, type ConnectedClient, type IsOpen } from "./clients.ts";
import { Latencies, type LatencyBucket } from "./latencies.ts";
import { countedMethod } from "./methods.ts";
import { type CallRecord, SUBSCRIPTION } from "../watched.ts";

/** How calls have ended. */
export interface CallCounts {
  /** All of them. */
  readonly calls: number;
  readonly errors: number;
  readonly cancelled: number;
}

/** The calls of one method at a server and account. */
export interface MethodCounts extends CallCounts {
  readonly server: string;
  readonly account: string;
  /** One that MCP knows, or "other". */
  readonly method: string;
}

/** How long the calls of a server took, since the start. */
export interface Durations {
  readonly server: string;
  /** How many took at most as long as each of `DURATION_BOUNDS`. */
  readonly within: readonly number[];
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
}

/** The bounds by which durations are counted, in seconds. */
export const DURATION_BOUNDS = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
  60,
] as const;

interface Row {
  readonly server: string;
  readonly account: string;
  readonly methods: Map<string, { calls: number; errors: number; cancelled: number }>;
  readonly latencies: Latencies;
}

interface Sums {
  readonly within: number[];
  count: number;
  sum: number;
}

/** More servers and accounts are not told apart: clients name accounts, and all others are one, "other". */
const MOST_ROWS = 500;
const NO_CALLS: CallCounts = { calls: 0, errors: 0, cancelled: 0 };

/** The calls that have ended, counted in a memory that does not grow with them. */
export class Ledger {
  readonly #clock: Clock;
  readonly #rows = new Map<string, Row>();
  readonly #durations = new Map<string, Sums>();
  readonly #clients: Clients;

  /** `isOpen` knows the sessions of clients. */
  constructor(clock: Clock, isOpen: IsOpen) {
    this.#clock = clock;
    this.#clients = new Clients(isOpen);
  }

  /** A call has ended. */
  record(call: CallRecord): void {
    const { server, account, method, ms, outcome } = call;
    const now = this.#clock.now();
    const row = this.#rowOf(server, account);
    const name = countedMethod(method);
    let counts = row.methods.get(name);
    if (counts === undefined) row.methods.set(name, counts = { calls: 0, errors: 0, cancelled: 0 });
    counts.calls++;
    if (outcome === "error") counts.errors++;
    else if (outcome === "cancelled") counts.cancelled++;
    // How long somebody waits for news, or how soon they lose patience, says nothing of the server.
    if (method !== SUBSCRIPTION && outcome !== "cancelled") {
      row.latencies.add(now, ms, outcome === "error");
      this.#time(server, ms / 1_000);
    }
    this.#clients.record(call, now);
  }

  /** How the calls of a server and account have ended. */
  countsOf(server: string, account: string): CallCounts {
    const row = this.#rows.get(keyOf(server, account));
    return row === undefined ? NO_CALLS : sumOf(row.methods.values());
  }

  /** The counts of all methods that were called. */
  get methods(): MethodCounts[] {
    return [...this.#rows.values()].flatMap(({ server, account, methods }) =>
      [...methods].map(([method, counts]) => ({ server, account, method, ...counts }))
    );
  }

  /** How long the calls of each server took. */
  get durations(): Durations[] {
    return [...this.#durations].map(([server, { within, count, sum }]) => ({
      server,
      within: [...within],
      count,
      sum,
    }));
  }

  /** The last ten minutes of a server and account, the oldest first. */
  latenciesOf(server: string, account: string): LatencyBucket[] {
    return this.#rows.get(keyOf(server, account))?.latencies.since(this.#clock.now()) ?? [];
  }

  /** The clients that are there. */
  clients(): ConnectedClient[] {
    return this.#clients.connected(this.#clock.now());
  }

  #rowOf(server: string, account: string): Row {
    const key = keyOf(server, account);
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= MOST_ROWS && server !== "other") return this.#rowOf("other", "other");
      row = { server, account, methods: new Map(), latencies: new Latencies() };
      this.#rows.set(key, row);
    }
    return row;
  }

  #time(server: string, seconds: number): void {
    let sums = this.#durations.get(server);
    if (sums === undefined) {
      if (this.#durations.size >= MOST_ROWS && server !== "other") return this.#time("other", seconds);
      sums = { within: DURATION_BOUNDS.map(() => 0), count: 0, sum: 0 };
      this.#durations.set(server, sums);
    }
    for (let place = DURATION_BOUNDS.length - 1; place >= 0 && seconds <= DURATION_BOUNDS[place]!; place--) {
      sums.within[place]!++;
    }
    sums.count++;
    sums.sum += seconds;
  }
}

function sumOf(all: Iterable<CallCounts>): CallCounts {
  const sum = { calls: 0, errors: 0, cancelled: 0 };
  for (const { calls, errors, cancelled } of all) {
    sum.calls += calls;
    sum.errors += errors;
    sum.cancelled += cancelled;
  }
  return sum;
}

function keyOf(server: string, account: string): string {
  return `${server}@${account}`;
}

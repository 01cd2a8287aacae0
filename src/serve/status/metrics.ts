import type { Metric } from "prom-client";
import type { HealthState, ServerHealth } from "../health/health_state.ts";
import { DURATION_BOUNDS, type Ledger } from "./ledger.ts";

/** What the metrics are made of. */
export interface MetricsParts {
  readonly ledger: Ledger;
  readonly version: string;
  /** How many sessions of clients are open. */
  readonly sessions: number;
  /** The servers of the registry. */
  readonly servers: readonly string[];
  readonly health: readonly ServerHealth[];
  /** The calls without an answer yet, by server. */
  readonly inFlight: ReadonlyMap<string, number>;
}

/** Metrics as a response says what they are. */
export interface MetricsText {
  readonly type: string;
  readonly text: string;
}

const STATES: readonly HealthState[] = ["idle", "up", "degraded", "down", "signed-out"];

/**
 * The metrics in Prometheus' text format. Their labels are the servers of the registry, MCP's own methods and words of
 * ours: what clients and servers say makes no new ones. Loads the library at the first call.
 */
export async function metricsText(parts: MetricsParts): Promise<MetricsText> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  const registers = [registry];
  const { ledger, version, sessions } = parts;
  new Gauge({ name: "mcp_bridge_info", help: "The version that runs.", labelNames: ["version"], registers })
    .set({ version }, 1);
  const calls = new Counter({
    name: "mcp_bridge_calls_total",
    help: "Calls of clients that have ended, by how.",
    labelNames: ["server", "method", "outcome"],
    registers,
  });
  for (const { server, method, calls: all, errors, cancelled } of ledger.methods) {
    calls.inc({ server, method, outcome: "result" }, all - errors - cancelled);
    calls.inc({ server, method, outcome: "error" }, errors);
    calls.inc({ server, method, outcome: "cancelled" }, cancelled);
  }
  registry.registerMetric(durationsOf(ledger));
  new Gauge({ name: "mcp_bridge_sessions", help: "Sessions of clients that are open.", registers }).set(sessions);
  const inFlight = new Gauge({
    name: "mcp_bridge_calls_in_flight",
    help: "Calls that have no answer yet.",
    labelNames: ["server"],
    registers,
  });
  for (const [server, count] of parts.inFlight) inFlight.set({ server }, count);
  const upstreams = new Gauge({
    name: "mcp_bridge_upstreams",
    help: "Accounts of a server, by how it stands for them.",
    labelNames: ["server", "state"],
    registers,
  });
  for (const server of parts.servers) {
    const own = parts.health.filter((health) => health.server === server);
    for (const state of STATES) {
      upstreams.set({ server, state }, own.filter(({ now }) => now.state === state).length);
    }
  }
  const rss = "process_resident_memory_bytes";
  new Gauge({ name: rss, help: "Memory that is in use, in bytes.", registers }).set(process.memoryUsage.rss());
  const { user, system } = process.cpuUsage();
  new Counter({ name: "process_cpu_seconds_total", help: "Time of the processor.", registers })
    .inc((user + system) / 1e6);
  new Gauge({ name: "process_start_time_seconds", help: "When it was started, since 1970.", registers })
    .set(Math.round(performance.timeOrigin) / 1_000);
  return { type: registry.contentType, text: await registry.metrics() };
}

/** The library's own histogram counts each call as it comes; ours are counted already, before anybody asks. */
function durationsOf(ledger: Ledger): Metric {
  const name = "mcp_bridge_call_duration_seconds";
  const values = ledger.durations.flatMap(({ server, within, count, sum }) => [
    ...DURATION_BOUNDS.map((le, place) => value("bucket", { server, le: String(le) }, within[place]!)),
    value("bucket", { server, le: "+Inf" }, count),
    value("sum", { server }, sum),
    value("count", { server }, count),
  ]);
  function value(part: string, labels: Record<string, string>, amount: number): object {
    return { metricName: `${name}_${part}`, labels, value: amount };
  }
  const help = "How long calls took, by server; subscriptions and what was cancelled aside.";
  return { name, get: () => Promise.resolve({ name, help, type: "histogram", values }) } as unknown as Metric;
}

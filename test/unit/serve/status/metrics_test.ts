import { describe, expect, test } from "bun:test";
import { Ledger } from "../../../../src/serve/status/ledger.ts";
import { metricsText } from "../../../../src/serve/status/metrics.ts";
import type { CallRecord } from "../../../../src/serve/watched.ts";
import { readExposition } from "../../../harness/exposition.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";

const HOSTILE = 'a"\\\n{b}';

function scene(): Parameters<typeof metricsText>[0] {
  const clock = new FakeClock();
  const ledger = new Ledger(clock, () => true);
  const call: CallRecord = {
    client: "c",
    server: "a",
    account: "default",
    method: "tools/call",
    name: "t",
    at: 0,
    ms: 30,
    outcome: "result",
    code: undefined,
    failure: undefined,
    request: undefined,
  };
  for (
    const more of [
      {},
      { outcome: "error" },
      { outcome: "cancelled" },
      { method: HOSTILE },
      { method: "own/method" },
      { server: HOSTILE, ms: 70_000 },
    ] as Partial<CallRecord>[]
  ) ledger.record({ ...call, ...more });
  const now = { state: "up", reason: "it answers", at: 0 } as const;
  return {
    ledger,
    version: "1.2.3",
    sessions: 4,
    servers: ["a", "idle"],
    health: [{ server: "a", account: "default", now, history: [now], signInPage: undefined }],
    inFlight: new Map([["a", 2]]),
  };
}

describe("metricsText", () => {
  test("is what Prometheus reads, whatever servers are called", async () => {
    const { type, text } = await metricsText(scene());
    expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
    const families = readExposition(text);
    expect([...families].map(([name, family]) => [name, family.type])).toEqual([
      ["mcp_bridge_info", "gauge"],
      ["mcp_bridge_calls_total", "counter"],
      ["mcp_bridge_call_duration_seconds", "histogram"],
      ["mcp_bridge_sessions", "gauge"],
      ["mcp_bridge_calls_in_flight", "gauge"],
      ["mcp_bridge_upstreams", "gauge"],
      ["process_resident_memory_bytes", "gauge"],
      ["process_cpu_seconds_total", "counter"],
      ["process_start_time_seconds", "gauge"],
    ]);
    const counts = families.get("mcp_bridge_calls_total")!.samples.filter(({ value }) => value > 0);
    expect(counts.map(({ labels, value }) => [labels.server, labels.method, labels.outcome, value])).toEqual([
      ["a", "tools/call", "result", 1],
      ["a", "tools/call", "error", 1],
      ["a", "tools/call", "cancelled", 1],
      ["a", "other", "result", 2],
      [HOSTILE, "tools/call", "result", 1],
    ]);
  });

  test("says for each server how many of its accounts are in each state", async () => {
    const { samples } = readExposition((await metricsText(scene())).text).get("mcp_bridge_upstreams")!;
    const up = samples.filter(({ value }) => value > 0).map(({ labels }) => labels);
    expect([samples.length, up]).toEqual([10, [{ server: "a", state: "up" }]]);
  });

  test("counts again from what has passed, not from the last time that somebody asked", async () => {
    const parts = scene();
    const strip = (text: string): string => text.replace(/^process_.*$/gm, "");
    expect(strip((await metricsText(parts)).text)).toBe(strip((await metricsText(parts)).text));
  });
});

describe("the reader of the tests", () => {
  test.each([
    ["a 1", "line feed"],
    ["a 1\n", "apart"],
    ["# HELP a b\n# TYPE a counter\na -1\n", "below zero"],
    ["# HELP a b\n# TYPE a counter\na 1\na 1\n", "twice"],
    ['# HELP a b\n# TYPE a gauge\na{b="c} 1\n', "labels"],
    ["# HELP a b\n# TYPE a gauge\na one\n", "value"],
    ["# TYPE a gauge\na 1\n", "No HELP"],
    ['# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n', "rise"],
    ['# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n', "last bucket"],
  ])("refuses %j", (text, why) => {
    expect(() => readExposition(text)).toThrow(why);
  });
});

import { type Bench, connectAll, type Figure, interleave, type Lane } from "../bench.ts";
import { flood } from "../conversation.ts";
import type { Way } from "../far_end.ts";
import { median, medianCells } from "../median.ts";
import type { Row, Target } from "../row.ts";
import { callsFor } from "./call.ts";

interface Sample {
  /** Microseconds of the call in the middle. */
  readonly p50: number;
  /** Calls a second with 64 in flight. */
  readonly rate: number;
}

const WAYS: readonly [Way, title: string][] = [
  ["sse", "HTTP+SSE"],
  ["webSocket", "WebSocket"],
  ["stdio", "local server"],
];

/** One call at a time and 64 in flight over each of the further transports, beside a pipe of the same kind. */
export const ends: Figure = {
  id: "ends",
  async measure(bench: Bench): Promise<Row[]> {
    const rows: Row[] = [];
    for (const [way, title] of WAYS) {
      rows.push(...await measureWay(bench, way, title));
      await bench.killAll();
    }
    return rows;
  },
};

async function measureWay(bench: Bench, way: Way, title: string): Promise<Row[]> {
  const slot = bench.quick ? 300 : 700;
  const lanes = await connectAll(bench, bench.farEnd.places[way]);
  const samples = await interleave(bench, lanes, bench.quick ? 5 : 9, (lane) => takeTurns(lane, slot), 2);
  const p50: Target = { bound: "at most", value: 1.3, of: "byte pipe" };
  const rate: Target = { bound: "at least", value: 0.7, of: "byte pipe" };
  return [
    { title: `p50 of a call, ${title}, us`, cells: medianCells(samples, (s) => s.p50), targets: [p50] },
    { title: `calls/s, 64 in flight, ${title}`, cells: medianCells(samples, (s) => s.rate), targets: [rate] },
  ];
}

async function takeTurns(lane: Lane, milliseconds: number): Promise<Sample> {
  // The flood comes first: one call at a time would leave a slow contestant cold for most of its slots.
  const { calls, seconds } = await flood(lane.client, milliseconds);
  return { p50: median(await callsFor(lane, "echo", milliseconds)), rate: calls / seconds };
}

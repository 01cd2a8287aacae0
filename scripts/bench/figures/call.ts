import { type Bench, connectAll, type Figure, interleave, type Lane } from "../bench.ts";
import { assertEcho, call, flood } from "../conversation.ts";
import { median, medianCells } from "../median.ts";
import { cpuSeconds } from "../process_tree.ts";
import type { Row } from "../row.ts";

interface Calls {
  /** Microseconds of the call in the middle. */
  readonly p50: number;
  /** The same when the answer comes as an event stream. */
  readonly p50Stream: number;
  /** Microseconds of CPU time for each call with a JSON answer. */
  readonly cpu: number;
}

/** One call at a time: how long it takes and what CPU time it costs. */
export const oneCall: Figure = {
  id: "call",
  async measure(bench: Bench): Promise<Row[]> {
    const slot = bench.quick ? 300 : 700;
    const lanes = await connectAll(bench);
    // One call at a time would leave a slow contestant cold for most of its slots.
    for (const { client } of lanes) await flood(client, bench.quick ? 700 : 1500);
    const samples = await interleave(bench, lanes, bench.quick ? 5 : 12, (lane) => takeTurns(lane, slot));
    return [
      {
        title: "p50 of a call, us",
        cells: medianCells(samples, ({ p50 }) => p50),
        targets: [{ bound: "at most", value: 1.2, of: "byte pipe" }],
      },
      {
        title: "p50 of a call, event stream, us",
        cells: medianCells(samples, (s) => s.p50Stream),
        targets: [],
      },
      { title: "CPU per call, us", cells: medianCells(samples, ({ cpu }) => cpu), targets: [] },
    ];
  },
};

async function takeTurns(lane: Lane, milliseconds: number): Promise<Calls> {
  const before = cpuSeconds(lane.client.pid);
  const json = await callsFor(lane, "echo", milliseconds);
  const cpu = cpuSeconds(lane.client.pid) - before;
  const stream = await callsFor(lane, "echo_on_a_stream", milliseconds / 2);
  return { p50: median(json), p50Stream: median(stream), cpu: cpu * 1e6 / json.length };
}

/** Calls one after the other for so long and returns what each took, in microseconds. */
export async function callsFor({ client }: Lane, tool: string, milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  for (let begin = performance.now(); begin < end;) {
    const answer = await call(client, tool);
    const now = performance.now();
    times.push((now - begin) * 1000);
    begin = now;
    if (now >= end) assertEcho(answer);
  }
  return times;
}

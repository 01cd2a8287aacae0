import { type Bench, connectAll, type Figure, interleave } from "../bench.ts";
import { flood } from "../conversation.ts";
import { medianCells } from "../median.ts";
import { cpuSeconds } from "../process_tree.ts";
import type { Row } from "../row.ts";

/** How many calls a second get through when 64 are always in flight. */
export const throughput: Figure = {
  id: "throughput",
  async measure(bench: Bench): Promise<Row[]> {
    const slot = bench.quick ? 400 : 1000;
    const lanes = await connectAll(bench);
    const samples = await interleave(bench, lanes, bench.quick ? 5 : 9, async ({ client }) => {
      const before = cpuSeconds(client.pid);
      const { calls, seconds } = await flood(client, slot);
      return { rate: calls / seconds, cpu: (cpuSeconds(client.pid) - before) * 1e6 / calls };
    });
    return [
      {
        title: "calls/s, 64 in flight",
        cells: medianCells(samples, ({ rate }) => rate),
        targets: [
          { bound: "at least", value: 0.8, of: "byte pipe" },
          { bound: "at least", value: 10, of: "mcp-remote" },
        ],
      },
      { title: "CPU per call, 64 in flight, us", cells: medianCells(samples, ({ cpu }) => cpu), targets: [] },
    ];
  },
};

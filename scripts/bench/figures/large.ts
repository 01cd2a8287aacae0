import { type Bench, connectAll, type Figure, interleave, type Lane } from "../bench.ts";
import type { Name } from "../contestants.ts";
import { call } from "../conversation.ts";
import { medianCells } from "../median.ts";
import { peakMemory } from "../process_tree.ts";
import type { Cell, Row } from "../row.ts";

const BYTES = 8 * 1024 * 1024;

/** Results of 8 MiB, one after the other: how fast they come through and the most memory that this took. */
export const large: Figure = {
  id: "large",
  async measure(bench: Bench): Promise<Row[]> {
    const lanes = await connectAll(bench);
    const calls = bench.quick ? 4 : 8;
    const peaks: Partial<Record<Name, Cell>> = {};
    const samples = await interleave(bench, lanes, bench.quick ? 3 : 6, async (lane) => {
      const seconds = await receive(lane, calls);
      peaks[lane.name] = { value: peakMemory(lane.client.pid) };
      return calls * BYTES / 1e6 / seconds;
    });
    return [
      {
        title: "8 MiB results, MB/s",
        cells: medianCells(samples, (rate) => rate),
        targets: [{ bound: "at least", value: 1.5, of: "mcp-remote" }],
      },
      { title: "8 MiB results, peak memory, MiB", cells: peaks, targets: [{ bound: "at most", value: 160 }] },
    ];
  },
};

/** The seconds that so many results took. */
async function receive({ client }: Lane, calls: number): Promise<number> {
  const begin = performance.now();
  for (let made = 0; made < calls; made++) {
    const answer = await call(client, "large", "{}");
    if (answer.length < BYTES) throw new Error(`only ${answer.length} bytes of a result of ${BYTES} arrived`);
  }
  return (performance.now() - begin) / 1000;
}

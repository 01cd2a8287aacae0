import { type Bench, connectAll, type Figure, interleave, type Lane } from "../bench.ts";
import type { Name } from "../contestants.ts";
import { burst } from "../conversation.ts";
import { medianCells } from "../median.ts";
import type { Row } from "../row.ts";

const FIRST_COUNT = 2000;

/** How many notifications a second the server can push to the client. */
export const push: Figure = {
  id: "push",
  async measure(bench: Bench): Promise<Row[]> {
    const slot = bench.quick ? 0.3 : 0.8;
    const lanes = await connectAll(bench);
    // Contestants differ by two orders of magnitude, so each gets as many as it takes about one slot to hand over.
    const counts = new Map<Name, number>();
    const samples = await interleave(bench, lanes, bench.quick ? 5 : 9, async ({ name, client }: Lane) => {
      const count = counts.get(name) ?? FIRST_COUNT;
      const rate = count / await burst(client, count);
      counts.set(name, Math.max(FIRST_COUNT, Math.round(rate * slot)));
      return rate;
    });
    return [{
      title: "server push, notifications/s",
      cells: medianCells(samples, (rate) => rate),
      targets: [
        { bound: "at least", value: 0.6, of: "byte pipe" },
        { bound: "at least", value: 15, of: "mcp-remote" },
      ],
    }];
  },
};

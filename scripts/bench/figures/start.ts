import { type Bench, type Figure, interleave } from "../bench.ts";
import type { Contestant, Name } from "../contestants.ts";
import { initialize } from "../conversation.ts";
import { medianCells } from "../median.ts";
import type { Cell, Row } from "../row.ts";

/** From the start of the process to the answer to `initialize`, and the HTTP requests that this took. */
export const start: Figure = {
  id: "start",
  async measure(bench: Bench): Promise<Row[]> {
    // The most of all starts: the very first, from an empty home, may ask more than those that follow.
    const requests: Partial<Record<Name, Cell>> = {};
    const samples = await interleave(bench, bench.contestants, bench.quick ? 8 : 25, async (contestant) => {
      const once = await startOnce(bench, contestant);
      requests[contestant.name] = { value: Math.max(once.requests, requests[contestant.name]?.value ?? 0) };
      return once.milliseconds;
    });
    return [
      {
        title: "start to initialize answer, ms",
        cells: medianCells(samples, (milliseconds) => milliseconds),
        targets: [
          { bound: "at most", value: 2.5, of: "byte pipe" },
          { bound: "at most", value: 1 / 20, of: "mcp-remote" },
        ],
      },
      { title: "HTTP requests before it", cells: requests, targets: [{ bound: "at most", value: 1 }] },
      ...await besideEarlier(bench),
    ];
  },
};

/** Few starts tell the floor from its multiple, but not an executable from one that is a twentieth slower. */
async function besideEarlier(bench: Bench): Promise<Row[]> {
  const pair = bench.contestants.filter(({ name }) => name === "mcp-bridge" || name === "earlier");
  if (pair.length < 2) return [];
  const samples = await interleave(bench, pair, bench.quick ? 50 : 250, (contestant) => startOnce(bench, contestant));
  return [{
    title: "start beside the earlier one, ms",
    cells: medianCells(samples, ({ milliseconds }) => milliseconds),
    targets: [{ bound: "at most", value: 1.05, of: "earlier" }],
  }];
}

async function startOnce(
  bench: Bench,
  contestant: Contestant,
): Promise<{ milliseconds: number; requests: number }> {
  const before = await bench.farEnd.stats();
  const begin = performance.now();
  const client = bench.start(contestant);
  await initialize(client);
  const milliseconds = performance.now() - begin;
  const after = await bench.farEnd.stats();
  await client.close(1000);
  return { milliseconds, requests: after.requests - before.requests };
}

import { type Bench, connect, type Figure, interleave } from "../bench.ts";
import type { Contestant } from "../contestants.ts";
import { flood } from "../conversation.ts";
import { medianCells } from "../median.ts";
import { residentMemory } from "../process_tree.ts";
import type { Row } from "../row.ts";

interface Memory {
  readonly idle: number;
  readonly loaded: number;
}

/** The resident memory of a fresh process, idle and then at its highest under 64 calls in flight. */
export const memory: Figure = {
  id: "memory",
  async measure(bench: Bench): Promise<Row[]> {
    const rounds = bench.quick ? 1 : 3;
    const slot = (contestant: Contestant): Promise<Memory> => measureOne(bench, contestant);
    // Every process is fresh, so there is nothing to warm up.
    const samples = await interleave(bench, bench.contestants, rounds, slot, 0);
    return [
      {
        title: "memory, idle, MiB",
        cells: medianCells(samples, ({ idle }) => idle),
        targets: [{ bound: "at most", value: 45 }],
      },
      {
        title: "memory, loaded, MiB",
        cells: medianCells(samples, ({ loaded }) => loaded),
        targets: [{ bound: "at most", value: 75 }],
      },
    ];
  },
};

async function measureOne(bench: Bench, contestant: Contestant): Promise<Memory> {
  const { client } = await connect(bench, contestant);
  await Bun.sleep(bench.quick ? 500 : 1000);
  const idle = residentMemory(client.pid);
  let loaded = idle;
  const sampler = setInterval(() => {
    loaded = Math.max(loaded, residentMemory(client.pid));
  }, 25);
  try {
    // Never shortened: memory still grows after the first second of load.
    await flood(client, 3000);
  } finally {
    clearInterval(sampler);
  }
  await client.close(1000);
  return { idle, loaded };
}

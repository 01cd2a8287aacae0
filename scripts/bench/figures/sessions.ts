import { attempt, type Bench, connect, type Figure } from "../bench.ts";
import type { Contestant, Name } from "../contestants.ts";
import { call } from "../conversation.ts";
import type { Cell, Row } from "../row.ts";

/** Sessions opened and deleted by the time a contestant has left because its input ended. */
export const sessions: Figure = {
  id: "sessions",
  async measure(bench: Bench): Promise<Row[]> {
    const cells: Partial<Record<Name, Cell>> = {};
    for (const contestant of bench.contestants) {
      bench.progress.step(contestant.name);
      const cell = await attempt(bench, contestant.name, () => countOne(bench, contestant));
      if (cell !== undefined) cells[contestant.name] = cell;
    }
    return [{
      title: "sessions opened / deleted",
      cells,
      targets: [{ bound: "at most", value: 0, text: "equal" }],
    }];
  },
};

async function countOne(bench: Bench, contestant: Contestant): Promise<Cell> {
  const before = await bench.farEnd.stats();
  const { client } = await connect(bench, contestant);
  await call(client, "echo");
  await client.close(5000);
  const after = await bench.farEnd.stats();
  const opened = after.opened - before.opened;
  const deleted = after.deleted - before.deleted;
  return { value: opened - deleted, text: `${opened} / ${deleted}` };
}

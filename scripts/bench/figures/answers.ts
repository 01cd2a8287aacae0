import { type Misbehaviour, MISBEHAVIOURS } from "../../../test/harness/misbehaviours.ts";
import { startMisbehavingServer } from "../../../test/harness/misbehaving_server.ts";
import { attempt, type Bench, connect, type Figure } from "../bench.ts";
import type { Contestant, Name } from "../contestants.ts";
import type { Cell, Row } from "../row.ts";

interface Case {
  readonly contestant: Contestant;
  readonly misbehaviour: Misbehaviour;
}

const PATIENCE = 10_000;
// How long a second answer may take to show itself.
const AFTERMATH = 500;
// Nothing is timed here, and nearly all of the time is waiting.
const AT_ONCE = 24;

/** Which requests get exactly one answer, result or error, within ten seconds when the server misbehaves. */
export const answers: Figure = {
  id: "answers",
  async measure(bench: Bench): Promise<Row[]> {
    const answered = new Map<Name, Set<Misbehaviour>>(bench.contestants.map(({ name }) => [name, new Set()]));
    const server = await startMisbehavingServer();
    const cases = MISBEHAVIOURS.flatMap((misbehaviour) =>
      bench.contestants.map((contestant): Case => ({ contestant, misbehaviour }))
    );
    await atOnce(cases, AT_ONCE, async ({ contestant, misbehaviour }) => {
      bench.progress.step(`${contestant.name}, ${misbehaviour.name}`);
      const count = await attempt(
        bench,
        contestant.name,
        () => answersTo(bench, contestant, misbehaviour, server.url),
      );
      if (count === 1) answered.get(contestant.name)!.add(misbehaviour);
    });
    server.stop();

    const total = MISBEHAVIOURS.length;
    const cells = Object.fromEntries([...answered].map(([name, kinds]) => [name, cellOf(kinds)]));
    return [{
      title: `requests answered once, of ${total}`,
      cells,
      targets: [{ bound: "at least", value: total }],
    }];
  },
};

function cellOf(answered: Set<Misbehaviour>): Cell {
  const failed = MISBEHAVIOURS.filter((misbehaviour) => !answered.has(misbehaviour));
  return { value: answered.size, failed: failed.map(({ name }) => name) };
}

async function atOnce<Item>(
  items: Item[],
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  await Promise.all(Array.from({ length: limit }, async () => {
    for (const item of queue) await work(item);
  }));
}

/** Counts the answers to one request, in a process of its own so that no case spoils another. */
async function answersTo(
  bench: Bench,
  contestant: Contestant,
  kind: Misbehaviour,
  url: string,
): Promise<number> {
  const { client } = await connect(bench, contestant, { way: "http", words: [url] });
  const id = client.nextId();
  const first = Promise.withResolvers<void>();
  let count = 0;
  client.onlines = (lines): void => {
    count += lines.filter((line) => isAnswer(line, id)).length;
    if (count > 0) first.resolve();
  };
  const params = JSON.stringify({ name: kind.name, arguments: {} });
  client.send(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`);
  await Promise.race([first.promise, client.exited, Bun.sleep(PATIENCE)]);
  if (count > 0) await Bun.sleep(AFTERMATH);
  await client.close(1000);
  return count;
}

/** Whether the client's parser would take this line as an answer to its request. */
function isAnswer(line: Uint8Array, id: number): boolean {
  try {
    const message = JSON.parse(Buffer.from(line).toString());
    return message.id === id && ("result" in message || "error" in message);
  } catch {
    return false;
  }
}

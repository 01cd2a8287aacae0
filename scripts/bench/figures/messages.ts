import { AWKWARD_MESSAGES, type AwkwardMessage } from "../../../test/harness/awkward_messages.ts";
import { attempt, type Bench, connect, type Figure } from "../bench.ts";
import type { Contestant, Name } from "../contestants.ts";
import type { Cell, Row } from "../row.ts";
import type { StdioClient } from "../stdio_client.ts";

// A message that has not come by then was dropped.
const PATIENCE = 1000;

/** Which awkward but legal answers reach the client byte for byte, both as a JSON body and in an event stream. */
export const messages: Figure = {
  id: "messages",
  async measure(bench: Bench): Promise<Row[]> {
    const cells: Partial<Record<Name, Cell>> = {};
    for (const contestant of bench.contestants) {
      bench.progress.step(contestant.name);
      const cell = await attempt(bench, contestant.name, () => tryAll(bench, contestant));
      if (cell !== undefined) cells[contestant.name] = cell;
    }
    const total = AWKWARD_MESSAGES.length;
    return [{
      title: `messages byte for byte, of ${total}`,
      cells,
      targets: [{ bound: "at least", value: total }],
    }];
  },
};

async function tryAll(bench: Bench, contestant: Contestant): Promise<Cell> {
  const [inBody, inStream] = await Promise.all([
    received(bench, contestant, "awkward"),
    received(bench, contestant, "awkward_on_a_stream"),
  ]);
  const failed = AWKWARD_MESSAGES.filter(({ answer }) => !inBody.has(answer) || !inStream.has(answer));
  return { value: AWKWARD_MESSAGES.length - failed.length, failed: failed.map(({ name }) => name) };
}

/** Asks for every message of the table through one process and returns all lines that came. */
async function received(bench: Bench, contestant: Contestant, tool: string): Promise<Set<string>> {
  const { client } = await connect(bench, contestant);
  const lines = new Set<string>();
  for (const [index, message] of AWKWARD_MESSAGES.entries()) await ask(client, tool, index, message, lines);
  await client.close(1000);
  return lines;
}

/** Waits for the next line whatever it is: an id that was changed on the way cannot be matched. */
async function ask(
  client: StdioClient,
  tool: string,
  row: number,
  message: AwkwardMessage,
  lines: Set<string>,
): Promise<void> {
  const arrived = Promise.withResolvers<void>();
  client.onlines = (batch): void => {
    for (const line of batch) lines.add(Buffer.from(line).toString());
    arrived.resolve();
  };
  const params = `{"name":"${tool}","arguments":{"row":${row}}}`;
  client.send(`{"jsonrpc":"2.0","id":${message.id},"method":"tools/call","params":${params}}\n`);
  await Promise.race([arrived.promise, client.exited, Bun.sleep(PATIENCE)]);
}

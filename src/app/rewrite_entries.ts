import { BridgeError, quoted } from "../platform/errors.ts";
import type { Client, ClientEntry, Program } from "../registry/clients/client.ts";
import { readClientText } from "../registry/clients/client_file.ts";
import { withOtherProgram } from "../registry/clients/other_program.ts";
import { readClientFile } from "../registry/clients/read.ts";
import type { Change } from "./install.ts";

/** An entry of a client that is to start another program. */
export interface Rewriting {
  readonly client: Client;
  readonly file: string;
  /** As it was read when that was decided. */
  readonly entry: ClientEntry;
  readonly program: Program;
}

/**
 * The change that lets entries of one file start other programs; all else in it stays.
 *
 * @throws {BridgeError} `file_changed` where an entry is not what it was; `bad_client_file`
 */
export async function planRewriting(rewritings: readonly [Rewriting, ...Rewriting[]]): Promise<Change> {
  const [{ client: first, file }] = rewritings;
  const before = (await readClientText(file))?.text ?? "";
  let after = before;
  for (const { client, entry, program } of rewritings) {
    const entries = await readClientFile(client, before, file);
    ensureSame(entry, entries.find(({ name }) => name === entry.name), file);
    after = await withOtherProgram(client, after, file, entry, program);
  }
  return { client: first, file, names: rewritings.map(({ entry }) => entry.name), before, after };
}

function ensureSame(entry: ClientEntry, now: ClientEntry | undefined, file: string): void {
  if (now !== undefined && Bun.deepEquals({ ...entry, place: now.place }, now)) return;
  throw new BridgeError("file_changed", `${quoted(entry.name)} in ${JSON.stringify(file)} was changed meanwhile`, {
    hint: "nothing was written there: try again",
  });
}

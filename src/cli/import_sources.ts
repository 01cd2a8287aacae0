import { BridgeError } from "../platform/errors.ts";
import type { Client, ClientEntry, UserEnvironment } from "../registry/clients/client.ts";
import { readClientText } from "../registry/clients/client_file.ts";
import { findClient, findClients, type FoundClient } from "../registry/clients/find.ts";
import { readClientFile } from "../registry/clients/read.ts";
import { notInstalled } from "./client_changes.ts";

/** An entry of a client's file. */
export interface Source {
  readonly client: Client;
  readonly file: string;
  readonly entry: ClientEntry;
}

/** What the clients' files say. */
export interface Sources {
  readonly entries: readonly Source[];
  /** The files that cannot be read, which stay as they are. */
  readonly faults: readonly BridgeError[];
}

/**
 * Reads the files of all clients, or of `only` one.
 *
 * @throws {BridgeError} `client_missing` where that one has no file, or `bad_client_file` where it does not parse
 */
export async function readSources(user: UserEnvironment, only: Client | undefined): Promise<Sources> {
  if (only !== undefined) {
    const found = await findClient(only, user);
    if (!found.hasFile) throw noFile(found);
    return { entries: await entriesOf(found), faults: [] };
  }
  const entries: Source[] = [];
  const faults: BridgeError[] = [];
  for (const found of await findClients(user)) {
    try {
      if (found.hasFile) entries.push(...await entriesOf(found));
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      faults.push(thrown);
    }
  }
  return { entries, faults };
}

async function entriesOf({ client, file }: FoundClient): Promise<Source[]> {
  const { text } = await readClientText(file) ?? { text: "" };
  return (await readClientFile(client, text, file)).map((entry) => ({ client, file, entry }));
}

function noFile(found: FoundClient): BridgeError {
  if (!found.isInstalled) return notInstalled(found);
  return new BridgeError("client_missing", `${found.client.name} has no file with servers yet`, {
    hint: `looked for ${found.lookedAt.join(", ")}`,
  });
}

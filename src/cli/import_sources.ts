import { BridgeError } from "../platform/errors.ts";
import type { Client, ClientEntry, UserEnvironment } from "../registry/clients/client.ts";
import { readClientText } from "../registry/clients/client_file.ts";
import { findClient, findClients, type FoundClient } from "../registry/clients/find.ts";
import { entriesOfFile } from "../registry/clients/named_file.ts";
import { readAllEntries } from "../registry/clients/projects.ts";
import { notInstalled } from "./client_changes.ts";

/** An entry of a client's file. */
export interface Source {
  /** The client, in the project that the entry is for. */
  readonly client: Client;
  readonly file: string;
  readonly entry: ClientEntry;
  /** Whether a person named the file: it may be others' too, and is read alone. */
  readonly isNamed?: true;
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

/**
 * Reads a file that a person names, such as a project's `.mcp.json`.
 *
 * @throws {BridgeError} `unreadable_file`, `bad_client_file`
 */
export async function readNamedSources(file: string): Promise<Sources> {
  const placed = await entriesOfFile(file);
  return { entries: placed.map((one) => ({ ...one, file, isNamed: true })), faults: [] };
}

async function entriesOf({ client, file }: FoundClient): Promise<Source[]> {
  const { text } = await readClientText(file) ?? { text: "" };
  return (await readAllEntries(client, text, file)).map((placed) => ({ ...placed, file }));
}

function noFile(found: FoundClient): BridgeError {
  if (!found.isInstalled) return notInstalled(found);
  return new BridgeError("client_missing", `${found.client.name} has no file with servers yet`, {
    hint: `looked for ${found.lookedAt.join(", ")}`,
  });
}

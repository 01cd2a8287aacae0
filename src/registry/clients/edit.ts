import type { Client } from "./client.ts";
import { ensureEdit, notEdited, type Said, type Spot } from "./checked_edit.ts";
import { jsonSnippet, withJsonEntry, withJsonKeys, withoutJsonEntry } from "./json_edit.ts";
import { readClientFile, withinStack } from "./read.ts";
import { parseToml } from "./toml_document.ts";
import { withoutTable, withTable, withTableKeys } from "./toml_edit.ts";

/**
 * The text of a client's file with an entry of that name, in the place of one that is there; all else in it stays as it
 * is, byte for byte. `file` is the name of the file in errors.
 *
 * @throws {BridgeError} `bad_client_file` for a text that does not parse, or that cannot be changed without more
 */
export async function withEntry(
  client: Client,
  text: string,
  file: string,
  name: string,
  entry: Said,
): Promise<string> {
  const spot = { client, text, file, name };
  const isToml = client.format === "toml";
  return await withinStack(file, async () => await (isToml ? withTomlEntry : withJsonEntry)(spot, entry));
}

/**
 * The text of a client's file with other values for some keys of an entry, which is there and is an object; the other
 * keys stay, and what stands around them.
 *
 * @throws {BridgeError} `bad_client_file`, as `withEntry`
 */
export async function withKeys(client: Client, text: string, file: string, name: string, keys: Said): Promise<string> {
  const spot = { client, text, file, name };
  const old = (await readClientFile(client, text, file)).find((entry) => entry.name === name)!.value as Said;
  const isToml = client.format === "toml";
  return await withinStack(file, async () => await (isToml ? withTomlKeys : withJsonKeys)(spot, old, keys));
}

/**
 * The text of a client's file without the entry of that name, which is there; what stands around it stays.
 *
 * @throws {BridgeError} `bad_client_file`, as `withEntry`
 */
export async function withoutEntry(client: Client, text: string, file: string, name: string): Promise<string> {
  const spot = { client, text, file, name };
  const isToml = client.format === "toml";
  return await withinStack(file, async () => await (isToml ? withoutTomlEntry : withoutJsonEntry)(spot));
}

/** The text of an entry by itself, as it stands in the file of a client. */
export function snippetOf({ format, path }: Client, name: string, entry: Said): string {
  return format === "toml" ? withTable("", path, name, entry) : jsonSnippet(path, name, entry);
}

async function withTomlEntry(spot: Spot, entry: Said): Promise<string> {
  const { client, text, file, name } = spot;
  const rest = withoutTable(text, await parseToml(text, file), [...client.path, name]);
  return await checked(spot, withTable(rest, client.path, name, entry), entry);
}

async function withTomlKeys(spot: Spot, old: Said, keys: Said): Promise<string> {
  const { client, text, file, name } = spot;
  const entry = { ...old, ...keys };
  // What says the same already may stand in any form.
  const others = Object.entries(keys).filter(([key, value]) => JSON.stringify(old[key]) !== JSON.stringify(value));
  const path = [...client.path, name];
  const next = withTableKeys(text, await parseToml(text, file), path, Object.fromEntries(others));
  return next === undefined ? await withTomlEntry(spot, entry) : await checked(spot, next, entry);
}

async function withoutTomlEntry(spot: Spot): Promise<string> {
  const { client, text, file, name } = spot;
  return await checked(spot, withoutTable(text, await parseToml(text, file), [...client.path, name]), undefined);
}

async function checked(spot: Spot, next: string, entry: Said | undefined): Promise<string> {
  const was = (await parseToml(spot.text, spot.file)).value;
  let is: unknown;
  try {
    is = (await parseToml(next, spot.file)).value;
  } catch (cause) {
    throw notEdited(spot.file, cause);
  }
  ensureEdit(spot, was, is, entry);
  return next;
}

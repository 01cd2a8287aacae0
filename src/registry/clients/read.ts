import type { Node } from "jsonc-parser";
import { BridgeError, quoted } from "../../platform/errors.ts";
import { JsonDocument, memberOf, membersOf, type Place, sayPlace, valueOf } from "../document.ts";
import { nextSign } from "../text_edit.ts";
import type { Client, ClientEntry } from "./client.ts";
import { parseToml, type TomlDocument } from "./toml_document.ts";

/**
 * The servers in a client's file, in their order; none where it holds no text. What they say is foreign: it is to be
 * quoted before it is shown, and not to be run. `file` is the name of the file in errors.
 *
 * @throws {BridgeError} `bad_client_file`, with path, line and column
 */
export async function readClientFile(client: Client, text: string, file: string): Promise<ClientEntry[]> {
  return await withinStack(file, async () => {
    if (client.format === "toml") return await readToml(client, text, file);
    return holdsNothing(text) ? [] : await readJson(client, text, file);
  });
}

/**
 * Runs `work`, which goes through what a file says by recursion.
 *
 * @throws {BridgeError} `bad_client_file` where that goes too deep
 */
export async function withinStack<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new BridgeError("bad_client_file", `${JSON.stringify(file)} is nested too deeply`, {
      hint: "nothing was changed",
      cause,
    });
  }
}

async function readJson(client: Client, text: string, file: string): Promise<ClientEntry[]> {
  return entriesIn(client, await JsonDocument.parse(text, file, "bad_client_file"), file);
}

/**
 * The servers in a document that was read.
 *
 * @throws {BridgeError} `bad_client_file` where something else stands in their place
 */
export function entriesIn(client: Client, document: JsonDocument, file: string): ClientEntry[] {
  const list = listIn(client, document, file);
  if (list === undefined) return [];
  // Of two of one name the last one counts, as JSON is commonly read.
  const nodes = new Map(membersOf(list).map(({ name, node }) => [name, node]));
  return [...nodes].map(([name, node]) => entryOf(client, name, valueOf(node), document.placeOf(node)));
}

/** Whether a text of JSON is empty but for blanks and comments. */
export function holdsNothing(text: string): boolean {
  return nextSign(text, 0) === text.length;
}

/**
 * The object in a client's file that holds its servers; nothing where there is none yet.
 *
 * @throws {BridgeError} `bad_client_file` where something else stands in its place
 */
export function listIn(client: Client, document: JsonDocument, file: string): Node | undefined {
  let node = document.root;
  for (const name of ["", ...pathIn(client, valueOf(document.root))]) {
    const next = name === "" ? node : memberOf(node, name);
    if (next === undefined) return undefined;
    if (next.type !== "object") throw noObject(name, file, document.placeOf(next));
    node = next;
  }
  return node;
}

/** The way to the servers in a file that says `value`. */
export function pathIn({ path, otherPath }: Client, value: unknown): readonly string[] {
  const other = otherPath?.reduce<unknown>((table, name) => isTable(table) ? table[name] : undefined, value);
  // A server may be called like the last name of the other way.
  return isTable(other) && !("command" in other || "url" in other) ? otherPath! : path;
}

async function readToml(client: Client, text: string, file: string): Promise<ClientEntry[]> {
  const document = await parseToml(text, file);
  let table: unknown = document.value;
  for (const name of client.path) {
    table = (table as Readonly<Record<string, unknown>>)[name];
    if (table === undefined) return [];
    if (!isTable(table)) throw noObject(name, file, placeOfPath(document, client.path));
  }
  return Object.entries(table as object).map(([name, value]) =>
    entryOf(client, name, value, placeOfPath(document, [...client.path, name]))
  );
}

/** Where the first part of the text stands that says something of a path. */
function placeOfPath({ parts, placeOf }: TomlDocument, path: readonly string[]): Place {
  const part = parts.find((part) => path.every((name, step) => (part.path[step] ?? name) === name));
  return placeOf(part?.start ?? 0);
}

function entryOf(client: Client, name: string, value: unknown, place: Place): ClientEntry {
  return { name, ...client.read(isTable(value) ? value : {}), value, place };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noObject(name: string, file: string, place: Place): BridgeError {
  const what = name === "" ? "this" : quoted(name);
  return new BridgeError("bad_client_file", `${JSON.stringify(file)}, ${sayPlace(place)}: ${what} is no object`, {
    hint: "mend it there; nothing was changed",
  });
}

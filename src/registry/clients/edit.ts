import { BridgeError, quoted } from "../../platform/errors.ts";
import { JsonDocument, memberOf, membersOf, valueOf } from "../document.ts";
import { withMember, withObject, withOtherMember, withoutMember } from "../text_edit.ts";
import type { Client } from "./client.ts";
import { holdsNothing, listIn, pathIn, readClientFile } from "./read.ts";
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
  entry: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (client.format === "toml") return await withTomlEntry(client, text, file, name, entry);
  if (holdsNothing(text)) return withObject(text, nested(client.path, { [name]: entry }));
  const document = await parseJson(client, text, file, name);
  const path = pathIn(client, valueOf(document.root));
  const list = listIn(client, document, file);
  const change = list !== undefined && memberOf(list, name) !== undefined ? withOtherMember : withMember;
  return await checkedJson(client, change(text, document, path, name, entry), file, text, name, entry);
}

/**
 * The text of a client's file with other values for some keys of an entry, which is there and is an object; the other
 * keys stay, and what stands around them.
 *
 * @throws {BridgeError} `bad_client_file`, as `withEntry`
 */
export async function withKeys(
  client: Client,
  text: string,
  file: string,
  name: string,
  keys: Readonly<Record<string, unknown>>,
): Promise<string> {
  const [old] = (await readClientFile(client, text, file)).filter((entry) => entry.name === name);
  const entry = { ...old!.value as object, ...keys };
  if (client.format === "toml") {
    const next = withTableKeys(text, await parseToml(text, file), [...client.path, name], keys);
    if (next === undefined) return await withEntry(client, text, file, name, entry);
    return await checkedToml(client, next, file, text, name, entry);
  }
  let next = text;
  for (const [key, value] of Object.entries(keys)) {
    const document = await parseJson(client, next, file, name);
    const path = [...pathIn(client, valueOf(document.root)), name];
    const change = Object.hasOwn(old!.value as object, key) ? withOtherMember : withMember;
    next = change(next, document, path, key, value);
  }
  return await checkedJson(client, next, file, text, name, entry);
}

/**
 * The text of a client's file without the entry of that name, which is there; what stands around it stays.
 *
 * @throws {BridgeError} `bad_client_file`, as `withEntry`
 */
export async function withoutEntry(client: Client, text: string, file: string, name: string): Promise<string> {
  if (client.format === "toml") {
    const next = withoutTable(text, await parseToml(text, file), [...client.path, name]);
    return await checkedToml(client, next, file, text, name, undefined);
  }
  const document = await parseJson(client, text, file, name);
  const next = withoutMember(text, document, pathIn(client, valueOf(document.root)), name);
  return await checkedJson(client, next, file, text, name, undefined);
}

/** The text of an entry by itself, as it stands in the file of a client. */
export function snippetOf({ format, path }: Client, name: string, entry: Readonly<Record<string, unknown>>): string {
  return format === "toml" ? withTable("", path, name, entry) : withObject("", nested(path, { [name]: entry }));
}

async function withTomlEntry(
  client: Client,
  text: string,
  file: string,
  name: string,
  entry: Readonly<Record<string, unknown>>,
): Promise<string> {
  const path = [...client.path, name];
  const rest = withoutTable(text, await parseToml(text, file), path);
  return await checkedToml(client, withTable(rest, client.path, name, entry), file, text, name, entry);
}

/** A document in which nothing on the way to the entry stands twice: which of them counts is for people to say. */
async function parseJson(client: Client, text: string, file: string, name: string): Promise<JsonDocument> {
  const document = await JsonDocument.parse(text, file, "bad_client_file");
  let node = document.root;
  for (const step of [...pathIn(client, valueOf(document.root)), name]) {
    const found = membersOf(node).filter((member) => member.name === step);
    if (found.length > 1) throw unfit(file, `says ${quoted(step)} twice`, "take one of them out in an editor");
    if (found[0] === undefined) break;
    node = found[0].node;
  }
  return document;
}

/** An edit of a text is believed when what it says has changed in the one place that was meant. */
async function checkedJson(
  client: Client,
  next: string,
  file: string,
  before: string,
  name: string,
  entry: unknown,
): Promise<string> {
  const [was, is] = await Promise.all(
    [before, next].map(async (text) => valueOf((await JsonDocument.parse(text, file, "bad_client_file")).root)),
  );
  return checked(client, next, file, was, is, name, entry);
}

async function checkedToml(
  client: Client,
  next: string,
  file: string,
  before: string,
  name: string,
  entry: unknown,
): Promise<string> {
  const was = (await parseToml(before, file)).value;
  let is: unknown;
  try {
    is = (await parseToml(next, file)).value;
  } catch (cause) {
    throw unfit(file, NOT_CHANGED, WRITE_YOURSELF, cause);
  }
  return checked(client, next, file, was, is, name, entry);
}

const NOT_CHANGED = "keeps its servers in a form that is not changed here";
const WRITE_YOURSELF = 'write the entry yourself: "mcp-bridge install --print" gives it';

function checked(
  client: Client,
  next: string,
  file: string,
  was: unknown,
  is: unknown,
  name: string,
  entry: unknown,
): string {
  const path = pathIn(client, was);
  if (Bun.deepEquals(plain(changed(was, path, name, entry)), plain(is))) return next;
  throw unfit(file, NOT_CHANGED, WRITE_YOURSELF);
}

/** A value with another one at the end of a path. */
function changed(value: unknown, path: readonly string[], name: string, entry: unknown): unknown {
  const members = new Map(Object.entries((value ?? {}) as object));
  const [first, ...rest] = path;
  if (first !== undefined) {
    // Where nothing is to be taken out, nothing is made on the way there.
    if (entry !== undefined || members.has(first)) members.set(first, changed(members.get(first), rest, name, entry));
  } else if (entry === undefined) members.delete(name);
  else members.set(name, entry);
  return Object.fromEntries(members);
}

/** A value to be compared: an empty object counts for nothing, since the last table of TOML takes its parent along. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const members = Object.entries(value).map(([name, member]) => [name, plain(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function nested(path: readonly string[], value: unknown): unknown {
  return path.reduceRight((inner, name) => ({ [name]: inner }), value);
}

function unfit(file: string, fault: string, hint: string, cause?: unknown): BridgeError {
  return new BridgeError("bad_client_file", `${JSON.stringify(file)} ${fault}`, { hint, cause });
}

import type { AST } from "toml-eslint-parser";
import { BridgeError } from "../../platform/errors.ts";
import { type Place, placeOf, sayPlace } from "../document.ts";

/** Where a table, or a key with its value, lies in a text. */
export interface TomlPart {
  /** The names from the top of the text to it. */
  readonly path: readonly string[];
  readonly start: number;
  readonly end: number;
  /** Whether it is a table with a header of its own, and not a key with a value. */
  readonly isTable: boolean;
  /** The keys of a table, each with its whole path. */
  readonly inner: readonly TomlPart[];
}

/** TOML, which knows where each part of it stands. */
export interface TomlDocument {
  /** All of it. Its objects have no prototype, so that no key can reach one. */
  readonly value: Readonly<Record<string, unknown>>;
  /** The parts at the top of the text, in their order: tables, each with what stands in it, and keys before them. */
  readonly parts: readonly TomlPart[];
  /** Where an offset lies. */
  placeOf(offset: number): Place;
}

/**
 * Reads a text; `file` is its name in errors.
 *
 * @throws {BridgeError} `bad_client_file`, with line and column
 */
export async function parseToml(text: string, file: string): Promise<TomlDocument> {
  const { parseTOML, ParseError } = await import("toml-eslint-parser");
  let program: AST.TOMLProgram;
  try {
    // A mark of the byte order counts as a blank.
    program = parseTOML(text.replace(/^\ufeff/, " "));
  } catch (cause) {
    if (!(cause instanceof ParseError || cause instanceof RangeError)) throw cause;
    const fault = cause instanceof ParseError
      ? `, ${sayPlace(placeOf(text, cause.index))}: ${faultOf(cause.message)}`
      : " is nested too deeply";
    throw new BridgeError("bad_client_file", `${JSON.stringify(file)}${fault}`, {
      hint: "mend it there; nothing was changed",
      cause,
    });
  }
  const body = program.body[0].body;
  return {
    value: valueOfTop(body),
    parts: body.map((node) => partOf(node)),
    placeOf: (offset) => placeOf(text, offset),
  };
}

function partOf(node: AST.TOMLKeyValue | AST.TOMLTable, above: readonly string[] = []): TomlPart {
  const [start, end] = node.range;
  const isTable = node.type === "TOMLTable";
  const path = isTable ? namesOf(node.resolvedKey) : [...above, ...namesOfKey(node.key)];
  return { path, start, end, isTable, inner: isTable ? node.body.map((member) => partOf(member, path)) : [] };
}

/** The parser's words, as ours begin: in lower case, without a full stop. */
function faultOf(message: string): string {
  return `${message.slice(0, 1).toLowerCase()}${message.slice(1).replace(/\.$/, "")}`;
}

type Table = Record<string, unknown>;

// Not the parser's own reading: a key "__proto__" would reach the prototype of all objects.
function valueOfTop(body: readonly (AST.TOMLKeyValue | AST.TOMLTable)[]): Table {
  const top = emptyTable();
  for (const node of body) {
    if (node.type === "TOMLKeyValue") put(top, node);
    else {for (const [table, inner] of [[tableOf(top, node), node.body] as const]) {
        inner.forEach((key) => put(table, key));
      }}
  }
  return top;
}

/** The table of a header; of tables in a list, a new one. */
function tableOf(top: Table, node: AST.TOMLTable): Table {
  const names = namesOf(node.resolvedKey);
  if (node.kind === "standard") return reach(top, names);
  const parent = reach(top, names.slice(0, -1));
  const list = (parent[names.at(-1)!] ??= []) as Table[];
  list.push(emptyTable());
  return list.at(-1)!;
}

/** The table that a path leads to, made where it is missing; of a list the last one. */
function reach(top: Table, path: readonly string[]): Table {
  let table = top;
  for (const name of path) {
    const next = (table[name] ??= emptyTable());
    table = (Array.isArray(next) ? next.at(-1) : next) as Table;
  }
  return table;
}

function put(table: Table, { key, value }: AST.TOMLKeyValue): void {
  const names = namesOfKey(key);
  reach(table, names.slice(0, -1))[names.at(-1)!] = valueOf(value);
}

function valueOf(node: AST.TOMLContentNode): unknown {
  if (node.type === "TOMLArray") return node.elements.map(valueOf);
  if (node.type === "TOMLValue") return node.value;
  const table = emptyTable();
  for (const member of node.body) put(table, member);
  return table;
}

function emptyTable(): Table {
  return Object.create(null) as Table;
}

/** The names of a header; the numbers between them count tables in lists. */
function namesOf(path: readonly (string | number)[]): string[] {
  return path.filter((step) => typeof step === "string");
}

function namesOfKey({ keys }: AST.TOMLKey): string[] {
  return keys.map((key) => key.type === "TOMLBare" ? key.name : key.value);
}

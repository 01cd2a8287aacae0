import { eolOf } from "../text_edit.ts";
import type { TomlDocument, TomlPart } from "./toml_document.ts";

/** A text with a table more at its end, behind an empty line; all else stays as it is, byte for byte. */
export function withTable(
  text: string,
  path: readonly string[],
  name: string,
  table: Readonly<Record<string, unknown>>,
): string {
  const eol = eolOf(text);
  const isEmpty = text.replace(/^\ufeff/, "") === "";
  const before = isEmpty ? "" : /[\n\r]$/.test(text) ? eol : eol + eol;
  const lines = [
    `[${[...path, name].map(printKey).join(".")}]`,
    ...Object.entries(table).map(([key, value]) => printPair(key, value)),
  ];
  return `${text}${before}${lines.join(eol)}${eol}`;
}

/**
 * A text with other values for some keys of the table that `path` leads to; the other keys stay, and comments too.
 * Nothing where the table has no header of its own, or says one of the keys in parts.
 */
export function withTableKeys(
  text: string,
  { parts }: TomlDocument,
  path: readonly string[],
  keys: Readonly<Record<string, unknown>>,
): string | undefined {
  const table = parts.find((part) => part.isTable && isAt(part.path, path));
  if (table === undefined) return undefined;
  for (const key of Object.keys(keys)) {
    const isBelow = (part: TomlPart): boolean => isAt(part.path.slice(0, path.length + 1), [...path, key]);
    if (parts.some(isBelow) || table.inner.some((part) => isBelow(part) && part.path.length > path.length + 1)) {
      return undefined;
    }
  }
  const own = table.inner.filter((part) => part.path.length === path.length + 1);
  const said = new Map(own.map((part) => [part.path.at(-1)!, part]));
  const eol = eolOf(text);
  const added = Object.entries(keys).filter(([key]) => !said.has(key)).map(([key, value]) =>
    eol + printPair(key, value)
  );
  const end = table.end + /^[^\n\r]*/.exec(text.slice(table.end))![0].length;
  let next = text.slice(0, end) + added.join("") + text.slice(end);
  // From the last to the first, so that the places of those before stay.
  for (const [key, { start, end }] of [...said].reverse()) {
    if (Object.hasOwn(keys, key)) next = next.slice(0, start) + printPair(key, keys[key]) + next.slice(end);
  }
  return next;
}

function isAt(path: readonly string[], other: readonly string[]): boolean {
  return path.length === other.length && path.every((name, step) => name === other[step]);
}

/**
 * A text without what `path` leads to, by tables of its own or keys of another one; comments before it stay. The empty
 * line before a table goes along with it.
 */
export function withoutTable(text: string, { parts }: TomlDocument, path: readonly string[]): string {
  const isMeant = (part: TomlPart): boolean => path.every((name, step) => part.path[step] === name);
  const meant = parts.flatMap((part) => isMeant(part) ? [part] : part.inner.filter(isMeant));
  return meant.reduceRight((rest, part) => withoutLines(rest, part), text);
}

/** Takes out the lines that a part stands on. */
function withoutLines(text: string, { start, end, isTable }: TomlPart): string {
  const before = text.slice(0, text.lastIndexOf("\n", start - 1) + 1);
  const rest = /^[^\n\r]*(?:\r?\n|$)/.exec(text.slice(end))![0].length;
  const kept = isTable ? before.replace(/(^|\n)[ \t]*\r?\n$/, "$1") : before;
  return kept + text.slice(end + rest);
}

function printPair(key: string, value: unknown): string {
  return `${printKey(key)} = ${print(value)}`;
}

/** A key as it is, where TOML lets it stand without quotes. */
function printKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : printText(key);
}

function print(value: unknown): string {
  if (typeof value === "string") return printText(value);
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value).map(([key, member]) => printPair(key, member)).join(", ")} }`;
}

/** JSON's escapes are TOML's as well, which wants one more. */
function printText(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

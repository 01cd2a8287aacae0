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
    ...Object.entries(table).map(([key, value]) => `${printKey(key)} = ${print(value)}`),
  ];
  return `${text}${before}${lines.join(eol)}${eol}`;
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

/** A key as it is, where TOML lets it stand without quotes. */
function printKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : printText(key);
}

function print(value: unknown): string {
  if (typeof value === "string") return printText(value);
  if (Array.isArray(value)) return `[${value.map(print).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value).map(([key, member]) => `${printKey(key)} = ${print(member)}`).join(", ")} }`;
}

/** JSON's escapes are TOML's as well, which wants one more. */
function printText(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

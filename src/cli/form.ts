import type { TerminalLines } from "../platform/terminal_lines.ts";
import { safeLine } from "./safe_text.ts";
import {
  asSchema,
  choicesOf,
  type Field,
  fieldsOf,
  rangeWords,
  type Schema,
  typesOf,
  typeWords,
} from "./schema_words.ts";
import { mismatch } from "./value_words.ts";

/** One value to choose, and what it is called. */
interface Choice {
  readonly value: unknown;
  readonly title: string;
}

const MISSING = Symbol("missing");

/**
 * Asks for the fields of a form one by one, each until its answer is one that the schema takes. Gives the values as
 * JSON; nothing where the person ends the input or `signal` takes the form back.
 */
export async function askFields(
  schema: Schema,
  terminal: TerminalLines,
  signal: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const values: Record<string, unknown> = {};
  for (const field of fieldsOf(schema)) {
    introduce(field, terminal);
    const value = await askField(field, terminal, signal);
    if (value === undefined) return undefined;
    if (value !== MISSING) values[field.name] = value;
  }
  return values;
}

/** The value of one field; `MISSING` where it is left out. */
async function askField(field: Field, terminal: TerminalLines, signal: AbortSignal): Promise<unknown> {
  const { schema, isRequired } = field;
  const fallback = defaultOf(schema);
  for (;;) {
    const line = await terminal.ask(promptOf(field), signal);
    if (line === undefined) return undefined;
    const text = line.trim();
    if (text === "" && fallback !== undefined) return fallback;
    if (text === "" && !isRequired) return MISSING;
    const value = text === "" ? MISSING : valueOf(text, schema);
    if (value !== MISSING) return value;
    terminal.say(text === "" ? "    this one is required\n" : `    that is not ${wishOf(schema)}\n`);
  }
}

function wishOf(schema: Schema): string {
  if (choicesIn(schema) === undefined) return typeWords(schema);
  return typesOf(schema).includes("array") ? `a choice of these${rangeWords(schema)}` : "one of these";
}

/** What is taken where nothing is typed; a default that the schema itself does not take is none. */
function defaultOf(schema: Schema): unknown {
  const { default: fallback } = schema;
  return fallback !== undefined && mismatch(JSON.stringify(fallback), schema) === undefined ? fallback : undefined;
}

function introduce({ name, schema }: Field, terminal: TerminalLines): void {
  const { title, description } = schema;
  const about = [title, description].filter((text) => typeof text === "string").map((text) => safeLine(text, 400));
  terminal.say(`  ${[safeLine(name, 80), ...about].join(": ")}\n`);
  for (const [place, { title }] of (choicesIn(schema) ?? []).entries()) terminal.say(`    ${place + 1}  ${title}\n`);
}

function promptOf({ schema, isRequired }: Field): string {
  const fallback = defaultOf(schema);
  const choices = choicesIn(schema);
  const isList = typesOf(schema).includes("array");
  const range = choices === undefined ? "" : choices.length === 1 ? "1" : `1 to ${choices.length}`;
  const one = choices === undefined ? typeWords(schema) : `a number, ${range}`;
  const some = choices === undefined ? one : `some of ${range}${rangeWords(schema)}`;
  const kind = isList ? `${some}, with commas between` : one;
  const ending = fallback !== undefined
    ? ` [${safeLine(shown(fallback, choices), 60)}]`
    : isRequired
    ? ""
    : ", or nothing";
  return `    ${kind}${ending}: `;
}

function shown(value: unknown, choices: readonly Choice[] | undefined): string {
  const names = [value].flat().map((one) => {
    const title = choices?.find((choice) => choice.value === one)?.title;
    return title ?? (typeof one === "string" ? one : JSON.stringify(one));
  });
  return names.join(", ");
}

/** What was typed as the value that the schema wants; `MISSING` where it is none. */
function valueOf(text: string, schema: Schema): unknown {
  const choices = choicesIn(schema);
  if (typesOf(schema).includes("array")) {
    const one = asSchema(schema["items"]);
    const items = text.split(",").map((item) => choices ? choose(item.trim(), choices) : valueOf(item.trim(), one));
    return items.includes(MISSING) ? MISSING : checked(JSON.stringify([...new Set(items)]), schema);
  }
  if (choices !== undefined) return choose(text, choices);
  const [type] = typesOf(schema);
  if (type === "boolean") return /^y(?:es)?$|^true$/i.test(text) ? true : /^no?$|^false$/i.test(text) ? false : MISSING;
  if (type === "number" || type === "integer") {
    return Number.isFinite(Number(text)) ? checked(JSON.stringify(Number(text)), schema) : MISSING;
  }
  return fitsFormat(text, schema["format"]) ? checked(JSON.stringify(text), schema) : MISSING;
}

function choose(text: string, choices: readonly Choice[]): unknown {
  const byPlace = /^\d+$/.test(text) ? choices[Number(text) - 1] : undefined;
  const found = byPlace ?? choices.find(({ value, title }) => String(value) === text || title === text);
  return found === undefined ? MISSING : found.value;
}

function checked(raw: string, schema: Schema): unknown {
  return mismatch(raw, schema) === undefined ? JSON.parse(raw) : MISSING;
}

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  "email": (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  "uri": (text) => URL.canParse(text),
  "date": (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": (text) => /^\d{4}-\d\d-\d\d[Tt ]/.test(text) && !Number.isNaN(Date.parse(text)),
};

function fitsFormat(text: string, format: unknown): boolean {
  return typeof format !== "string" || !Object.hasOwn(FORMATS, format) || FORMATS[format]!(text);
}

/** The values of a field, or of the elements of its list, with their titles. */
function choicesIn(schema: Schema): Choice[] | undefined {
  const part = typesOf(schema).includes("array") ? asSchema(schema["items"]) : schema;
  const values = choicesOf(part);
  const { enumNames, oneOf, anyOf } = part;
  const titled = [oneOf, anyOf].find(Array.isArray)?.map(asSchema) as Schema[] | undefined;
  return values?.map((value, place) => {
    const title = Array.isArray(enumNames) ? enumNames[place] : titled?.[place]?.["title"];
    return { value, title: safeLine(typeof title === "string" ? title : String(value), 80) };
  });
}

import { safeLine } from "./safe_text.ts";

/** A JSON Schema, or a part of one, as a server wrote it. */
export type Schema = Readonly<Record<string, unknown>>;

/** One argument of a tool or a prompt. */
export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** How deep references and alternatives are followed: a schema may turn in a circle. */
const DEEPEST = 8;
/** Choices that take more room than this are not spelled out where an argument is named. */
const CHOICES_ROOM = 40;

/** The arguments that an object's schema names, those that are required first. */
export function fieldsOf(root: unknown): Field[] {
  const whole = resolved(asSchema(root), asSchema(root));
  const required = new Set(Array.isArray(whole["required"]) ? whole["required"] : []);
  return Object.entries(asSchema(whole["properties"]))
    .map(([name, schema]) => ({
      name,
      schema: resolved(asSchema(schema), asSchema(root)),
      isRequired: required.has(name),
    }))
    .sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
}

/** Whether an object may have members that its schema does not name: it says so, or names none at all. */
export function takesOthers(root: unknown): boolean {
  const { additionalProperties, patternProperties, properties } = asSchema(root);
  if (additionalProperties === false) return false;
  return Boolean(additionalProperties) || patternProperties !== undefined ||
    Object.keys(asSchema(properties)).length === 0;
}

/** The types of JSON that a value may have; none where any will do. */
export function typesOf(schema: Schema, depth = 0): string[] {
  const { type, anyOf, oneOf } = schema;
  if (type !== undefined) return [type].flat().filter((name) => typeof name === "string");
  const choices = choicesOf(schema);
  if (choices !== undefined) return [...new Set(choices.map(typeOf))];
  const parts = [anyOf, oneOf].find(Array.isArray) as unknown[] | undefined;
  if (parts === undefined || depth > DEEPEST) return [];
  const types = parts.map((part) => typesOf(asSchema(part), depth + 1));
  return types.some((some) => some.length === 0) ? [] : [...new Set(types.flat())];
}

/** The values to choose from, where there are only some. */
export function choicesOf(schema: Schema): unknown[] | undefined {
  const { const: only, enum: list, anyOf, oneOf } = schema;
  if (only !== undefined) return [only];
  if (Array.isArray(list)) return list;
  const parts = [oneOf, anyOf].find(Array.isArray)?.map(asSchema) as Schema[] | undefined;
  if (parts === undefined || parts.length === 0) return undefined;
  return parts.every((part) => part["const"] !== undefined) ? parts.map((part) => part["const"]) : undefined;
}

/** An argument as one types it, such as `count=NUMBER`; in brackets where it may be left out. */
export function usageOf({ name, schema, isRequired }: Field): string {
  const saying = `${safeLine(name)}=${standIn(schema)}`;
  return isRequired ? saying : `[${saying}]`;
}

/** An argument with a value that would do, as far as one is known: the first of some choices. */
export function exampleOf({ name, schema }: Field): string {
  const [first] = choicesOf(schema)?.map(shown) ?? [];
  return `${safeLine(name)}=${first ?? standIn(schema).split("|")[0]}`;
}

/** What a value may be, in words, such as `a whole number from 1 to 10`. */
export function typeWords(schema: Schema, depth = 0): string {
  const choices = choicesOf(schema);
  if (choices !== undefined) {
    return choices.length === 1 ? shown(choices[0]) : `one of ${choices.map(shown).join(", ")}`;
  }
  const { items, format } = schema;
  const words = typesOf(schema).map((type) => {
    if (type === "array") {
      const item = depth > DEEPEST ? "any value" : typeWords(asSchema(items), depth + 1);
      return item === "any value" ? "a list" : `a list, each of it ${item}`;
    }
    if (type === "string" && typeof format === "string") return formatWords(format);
    return { string: "text", integer: "a whole number", number: "a number", object: "a JSON object" }[type] ??
      (type === "boolean" ? "true or false" : type === "null" ? "null" : safeLine(type, 40));
  });
  return `${words.length === 0 ? "any value" : words.join(" or ")}${rangeWords(schema)}`;
}

const FORMATS: ReadonlyMap<string, string> = new Map([
  ["email", "an e-mail address"],
  ["uri", "an address such as https://example.com"],
  ["date", "a date such as 2026-01-31"],
  ["date-time", "a time such as 2026-01-31T08:00:00Z"],
]);

function formatWords(format: string): string {
  return FORMATS.get(format) ?? `text (${safeLine(format, 40)})`;
}

/** What a JSON value is called by schemas. */
export function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** A value as an object that can be looked into. */
export function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Schema : {};
}

function standIn(schema: Schema): string {
  const choices = choicesOf(schema)?.map((choice) => asWord(shown(choice))).join("|");
  if (choices !== undefined) return choices.length <= CHOICES_ROOM ? choices : "CHOICE";
  const types = typesOf(schema).filter((type) => type !== "null");
  const [type] = types;
  if (types.length !== 1) return "VALUE";
  return { string: "TEXT", integer: "NUMBER", number: "NUMBER", boolean: "true|false", array: "LIST" }[type!] ?? "JSON";
}

/** How large a value may be, behind what it is. */
export function rangeWords({ minimum, maximum, minLength, maxLength, minItems, maxItems }: Schema): string {
  const number = range(minimum, maximum);
  const length = range(minLength, maxLength);
  const count = range(minItems, maxItems);
  return [number, length && `, ${length.trim()} characters`, count && `, ${count.trim()} of them`].join("");
}

function range(from: unknown, to: unknown): string {
  if (typeof from === "number" && typeof to === "number") return ` from ${from} to ${to}`;
  if (typeof from === "number") return ` from ${from} on`;
  return typeof to === "number" ? ` up to ${to}` : "";
}

/** A word as one may type it: with quotes where there are blanks in it. */
function asWord(text: string): string {
  return /\s/.test(text) ? `'${text}'` : text;
}

function shown(value: unknown): string {
  return safeLine(typeof value === "string" ? value : JSON.stringify(value), 60);
}

function resolved(schema: Schema, root: Schema, depth = 0): Schema {
  const { $ref: reference, ...rest } = schema;
  if (typeof reference !== "string" || !reference.startsWith("#/") || depth > DEEPEST) return schema;
  let at: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    at = asSchema(at)[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return { ...resolved(asSchema(at), root, depth + 1), ...rest };
}

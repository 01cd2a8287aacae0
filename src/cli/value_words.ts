import { BridgeError, quoted } from "../platform/errors.ts";
import { asSchema, choicesOf, type Schema, typeOf, typesOf, typeWords } from "./schema_words.ts";

/** What a value is for. */
export interface Wanted {
  readonly name: string;
  readonly schema: Schema;
  /** The command that shows what is said of it. */
  readonly shownBy: string;
}

/**
 * Reads what was typed for one argument as its schema wants it, as raw JSON; several `texts` are the elements of a list.
 * Digits stay as they are, since a number of a script may be larger than ours can be.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function readValue(wanted: Wanted, texts: readonly string[]): Promise<string> {
  const { name, schema, shownBy } = wanted;
  const text = texts.at(-1)!;
  if (typesOf(schema).includes("array") && !(texts.length === 1 && text.startsWith("["))) {
    const item = { name, schema: asSchema(schema["items"]), shownBy };
    const raw = `[${(await Promise.all(texts.map((text) => readOne(item, text)))).join(",")}]`;
    await checkValue(wanted, raw);
    return raw;
  }
  if (texts.length === 1) return await readOne(wanted, text);
  throw new BridgeError("bad_argument", `${quoted(name)} is said ${texts.length} times, and is no list`, {
    hint: "say it once",
  });
}

async function readOne(wanted: Wanted, text: string): Promise<string> {
  const { schema } = wanted;
  const raw = candidates(text, typesOf(schema)).find((candidate) => mismatch(candidate, schema) === undefined);
  if (raw !== undefined) return raw;
  throw await wrongValue(wanted, text);
}

/**
 * Sees to it that a value, given as raw JSON, is one that the schema wants, as far as one looks at the first glance.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function checkValue(wanted: Wanted, raw: string): Promise<void> {
  if (mismatch(raw, wanted.schema) !== undefined) throw await wrongValue(wanted, raw);
}

/** What is wrong with a value for its schema, in words; nothing where nothing is. */
export function mismatch(raw: string, schema: Schema): string | undefined {
  const value: unknown = JSON.parse(raw);
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.some((choice) => isSame(choice, value)) ? undefined : "is not among them";
  const types = typesOf(schema);
  const type = /^-?\d+$/.test(raw) ? "integer" : typeOf(value);
  const isOne = types.length === 0 || types.includes(type) || (type === "integer" && types.includes("number"));
  if (!isOne) return "is of another type";
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  if (typeof value === "number") return outside(value, minimum, maximum);
  if (typeof value === "string") return outside([...value].length, minLength, maxLength);
  return Array.isArray(value) ? outside(value.length, minItems, maxItems) : undefined;
}

/** What a text may mean, as raw JSON, the likeliest first. */
function candidates(text: string, types: readonly string[]): string[] {
  const asText = JSON.stringify(text);
  // Quotes that were typed belong to the text.
  return text.startsWith('"') && types.includes("string") ? [asText] : [...json(text), asText];
}

/** The text where it is JSON: a number in the digits that were typed. */
function json(text: string): string[] {
  try {
    JSON.parse(text);
    return [text.trim()];
  } catch {
    return [];
  }
}

function outside(size: number, from: unknown, to: unknown): string | undefined {
  const isInside = (typeof from !== "number" || size >= from) && (typeof to !== "number" || size <= to);
  return isInside ? undefined : "is out of range";
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function wrongValue({ name, schema, shownBy }: Wanted, text: string): Promise<BridgeError> {
  const { nearest } = await import("./nearest.ts");
  const near = nearest(text, choicesOf(schema)?.map(String) ?? []);
  return new BridgeError(
    "bad_argument",
    `${quoted(name)} cannot be ${quoted(text, 60)}: it takes ${typeWords(schema)}`,
    {
      hint: near === undefined ? `${shownBy} shows what is said of it` : `did you mean ${quoted(near)}?`,
    },
  );
}

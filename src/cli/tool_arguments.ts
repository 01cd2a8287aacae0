import { BridgeError, quoted } from "../platform/errors.ts";
import { membersText, type RawMember } from "../transport/json_edit.ts";
import { eachMember } from "../transport/json_scan.ts";
import { skipBlank } from "../transport/json_skip.ts";
import { nearest } from "./nearest.ts";
import { type Field, fieldsOf, takesOthers, usageOf } from "./schema_words.ts";
import { checkValue, readValue, type Wanted } from "./value_words.ts";

/** Arguments as a person gave them. */
export interface GivenArguments {
  /** `key=value` and `key:=json`, in their order. */
  readonly words: readonly string[];
  /** An object of JSON as raw text, whose members the words take the place of. */
  readonly json: string | undefined;
}

/** What the arguments are for. */
export interface ArgumentsOwner {
  /** The name of the tool or the prompt. */
  readonly name: string;
  readonly schema: unknown;
  /** The command that shows it whole. */
  readonly shownBy: string;
}

/**
 * Reads the arguments of a tool or a prompt by its schema, as the raw text of one object.
 *
 * @throws {BridgeError} `bad_argument` for one that is unknown, missing or wrong
 */
export async function readArguments(owner: ArgumentsOwner, given: GivenArguments): Promise<string> {
  const fields = fieldsOf(owner.schema);
  const members = new Map<string, string>();
  const wanted = (name: string): Wanted => ({ name, schema: schemaOf(name, fields), shownBy: owner.shownBy });
  if (given.json !== undefined) { for (const [name, raw] of membersOf(given.json)) members.set(name, raw); }
  const typed = new Map<string, string[]>();
  for (const word of given.words) {
    const { name, text, isJson } = takeApart(word, owner);
    if (isJson) members.set(name, rawJson(name, text));
    else typed.set(name, [...typed.get(name) ?? [], text]);
  }
  for (const name of [...members.keys(), ...typed.keys()]) checkName(name, fields, owner);
  for (const [name, raw] of members) await checkValue(wanted(name), raw);
  for (const [name, texts] of typed) members.set(name, await readValue(wanted(name), texts));
  const missing = fields.find(({ name, isRequired }) => isRequired && !members.has(name));
  if (missing === undefined) return `{${membersText([...members])}}`;
  throw new BridgeError("bad_argument", `the argument ${quoted(missing.name)} of ${quoted(owner.name)} is missing`, {
    hint: `add ${usageOf(missing)}${
      missing.name.startsWith("-") ? ' behind "--"' : ""
    }; ${owner.shownBy} shows them all`,
  });
}

function takeApart(word: string, { shownBy }: ArgumentsOwner): { name: string; text: string; isJson: boolean } {
  const equals = word.indexOf("=");
  if (equals <= 0 || word.startsWith(":=")) {
    throw new BridgeError("bad_argument", `${quoted(word)} is no argument of the form key=value`, {
      hint: word.startsWith("{") ? `JSON goes behind "--args"` : `${shownBy} shows which there are`,
    });
  }
  const isJson = word[equals - 1] === ":";
  return { name: word.slice(0, isJson ? equals - 1 : equals), text: word.slice(equals + 1), isJson };
}

function rawJson(name: string, text: string): string {
  try {
    JSON.parse(text);
    return text.trim().replace(/[\r\n]+/g, " ");
  } catch {
    throw new BridgeError("bad_argument", `${quoted(name)} is no JSON: ${quoted(text, 60)}`, {
      hint: `write ${name}=TEXT for a text, and look for quotes that the shell has taken`,
    });
  }
}

function checkName(name: string, fields: readonly Field[], { name: owner, schema, shownBy }: ArgumentsOwner): void {
  if (fields.some((field) => field.name === name) || takesOthers(schema)) return;
  const near = nearest(name, fields.map((field) => field.name));
  throw new BridgeError("bad_argument", `${quoted(owner)} has no argument ${quoted(name)}`, {
    hint: near === undefined ? `${shownBy} shows which there are` : `did you mean ${quoted(near)}?`,
  });
}

function schemaOf(name: string, fields: readonly Field[]): Field["schema"] {
  return fields.find((field) => field.name === name)?.schema ?? {};
}

/** The members of an object with their values as they were written. */
function membersOf(json: string): RawMember[] {
  const bytes = new TextEncoder().encode(json);
  const decoder = new TextDecoder();
  const members: RawMember[] = [];
  eachMember(bytes, skipBlank(bytes, 0), (keyStart, keyEnd, start, end) => {
    const name: string = JSON.parse(`"${decoder.decode(bytes.subarray(keyStart, keyEnd))}"`);
    members.push([name, decoder.decode(bytes.subarray(start, end))]);
  });
  return members;
}

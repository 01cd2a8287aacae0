import { ServerError } from "../app/server_error.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { elementsOf, findMember, textOf } from "../transport/json_scan.ts";
import { skipBlank } from "../transport/json_skip.ts";
import type { Colours } from "./colour.ts";
import { nearest } from "./nearest.ts";
import { safeLine, safeText } from "./safe_text.ts";
import { exampleOf, type Field, typeWords, usageOf } from "./schema_words.ts";
import { shellWord } from "../platform/shell_word.ts";
import type { AskedServer } from "./with_server.ts";
import { wrapped } from "./wrap.ts";

/** What a server can offer: the capability, which is also the name of the list. */
export type Offer = "tools" | "resources" | "prompts";

/** One element of a list: as it was written, and read. */
export interface Offered {
  readonly raw: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A list of a server: its result as it was written, and its elements. */
export interface OfferedList {
  readonly raw: string;
  readonly elements: readonly Offered[];
}

/**
 * What a server offers of a kind; nothing where it does not know the question. Whether its handshake promised some is
 * not looked at: there are servers that forget to.
 *
 * @throws {BridgeError} as `OwnClient.request`
 */
export async function listOf({ client }: AskedServer, offer: Offer): Promise<OfferedList> {
  const raw = await client.request(`${offer}/list`, "{}").then(({ raw }) => raw, ifUnknown(`{"${offer}":[]}`));
  return { raw, elements: elementsIn(raw, offer) };
}

const METHOD_NOT_FOUND = -32601;

/** Gives a text where a server does not know a method, and throws what else it says. */
export function ifUnknown(text: string): (thrown: unknown) => string {
  return (thrown) => {
    if (thrown instanceof ServerError && thrown.number === METHOD_NOT_FOUND) return text;
    throw thrown;
  };
}

/** A member of an object of JSON, as it was written. */
export function rawMember(raw: string, name: string): string | undefined {
  const bytes = new TextEncoder().encode(raw);
  const member = findMember(bytes, skipBlank(bytes, 0), name);
  return member && textOf(bytes, member);
}

/** The objects of the list `member` in a result, as they were written, and read. */
export function elementsIn(raw: string, member: string): Offered[] {
  const bytes = new TextEncoder().encode(raw);
  const list = findMember(bytes, skipBlank(bytes, 0), member);
  const spans = list === undefined ? [] : elementsOf(bytes, list.start)?.elements ?? [];
  return spans.map((span) => textOf(bytes, span)).flatMap((text) => {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? [{ raw: text, value: value as Offered["value"] }] : [];
  });
}

/**
 * The element of a name.
 *
 * @throws {BridgeError} `unknown_name`, with the name that is near
 */
export function elementOf(list: OfferedList, offer: "tools" | "prompts", name: string, server: AskedServer): Offered {
  const found = list.elements.find(({ value }) => value["name"] === name);
  if (found !== undefined) return found;
  const near = nearest(name, list.elements.map(({ value }) => String(value["name"])));
  throw new BridgeError("unknown_name", `${server.name} has no ${offer.slice(0, -1)} ${quoted(name)}`, {
    hint: near === undefined ? `"mcp-bridge ${offer} ${server.word}" shows them` : `did you mean ${quoted(near)}?`,
  });
}

/** What one types for something that takes arguments, and its first sentence. */
export function briefOf(value: Offered["value"], fields: readonly Field[], { bold, faint }: Colours): string {
  const name = safeLine(String(value["name"]));
  const usage = wrapped([name, ...fields.map(usageOf)].join(" "), "    ").replace(name, () => bold(name));
  const about = firstSentence(value["description"] ?? value["title"]);
  return about === "" ? `${usage}\n` : `${usage}\n  ${faint(wrapped(about, "  "))}\n`;
}

/** All that is said of something that takes arguments. */
export function wholeOf(value: Offered["value"], fields: readonly Field[], { bold }: Colours): string {
  const { name, title, description } = value;
  const head = typeof title === "string" && title !== name ? ` (${safeLine(title, 200)})` : "";
  return [
    `${bold(safeLine(String(name)))}${head}\n`,
    ...(typeof description === "string" ? [`\n${safeText(description).trim()}\n`] : []),
    ...(fields.length === 0 ? [] : [`\n${bold("arguments:")}\n${fieldRows(fields, bold)}`]),
  ].join("");
}

/**
 * The command line that uses an element, to be pasted into a shell; neither that nor `mcp-bridge` may take a server's
 * words for its own.
 */
export function commandLine(
  command: "call" | "prompts",
  server: string,
  value: Offered["value"],
  fields: readonly Field[],
): string {
  const required = fields.filter(({ isRequired }) => isRequired).map(exampleOf);
  const words = [server, safeLine(String(value["name"])), ...required];
  // A name of the server's may look like a flag of ours, some of which write files and start programs.
  const flagsEnd = words.some((word) => word.startsWith("-")) ? ["--"] : [];
  return ["mcp-bridge", command, ...flagsEnd, ...words.map(shellWord)].join(" ");
}

/** Fields with their types, and what is said of each. */
export function fieldRows(fields: readonly Field[], bold: Colours["bold"]): string {
  return fields.map(({ name, schema, isRequired }) => {
    const { default: fallback, description, title } = schema;
    const notes = [
      typeWords(schema),
      isRequired
        ? "required"
        : fallback === undefined
        ? "optional"
        : `${safeLine(JSON.stringify(fallback), 60)} if left out`,
    ];
    const about = [description, title].find((text) => typeof text === "string");
    const text = about === undefined ? "" : `\n      ${wrapped(safeLine(String(about)), "      ")}`;
    return `  ${bold(safeLine(name))}  ${wrapped(notes.join(", "), "      ")}${text}\n`;
  }).join("");
}

/** The first sentence of a text, on one line. */
export function firstSentence(text: unknown): string {
  if (typeof text !== "string") return "";
  const [paragraph = ""] = text.trim().split(/\n\s*\n/);
  const sentence = /^.+?[.!?](?=\s|$)/s.exec(paragraph)?.[0] ?? paragraph;
  return safeLine(sentence, 200).replace(/(?<!\.)\.$/, "");
}

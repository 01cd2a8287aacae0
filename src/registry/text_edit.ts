import type { Node } from "jsonc-parser";
import { type JsonDocument, memberOf, membersOf } from "./document.ts";

/** How a text is written. */
interface Manner {
  readonly eol: string;
  /** One step of indentation. */
  readonly step: string;
}

/**
 * A text with one member more, at the end of the object that `path` leads to; what is missing on the way is made. All
 * else stays as it is, byte for byte.
 */
export function withMember(
  text: string,
  document: JsonDocument,
  path: readonly string[],
  name: string,
  value: unknown,
): string {
  const manner = mannerOf(text, document);
  let object = document.root;
  for (const [step, key] of path.entries()) {
    const next = memberOf(object, key);
    if (next === undefined) {
      const inner = path.slice(step + 1).reduceRight<unknown>((made, key) => ({ [key]: made }), { [name]: value });
      return withMemberIn(text, object, key, inner, manner);
    }
    object = next;
  }
  return withMemberIn(text, object, name, value, manner);
}

/** A text with another value for a member that is there. */
export function withOtherMember(
  text: string,
  document: JsonDocument,
  path: readonly string[],
  name: string,
  value: unknown,
): string {
  const node = memberOf(objectAt(document, path), name)!;
  const written = isOnOneLine(text, node)
    ? printOnLine(value)
    : print(value, marginAt(text, node.offset), mannerOf(text, document));
  return text.slice(0, node.offset) + written + text.slice(node.offset + node.length);
}

/** A text without a member; the comments around it stay. */
export function withoutMember(text: string, document: JsonDocument, path: readonly string[], name: string): string {
  const object = objectAt(document, path);
  const children = object.children!;
  const place = membersOf(object).findIndex((member) => member.name === name);
  const { offset, length } = children[place]!;
  const end = offset + length;
  const next = nextSign(text, end);
  if (text[next] === ",") return without(text, [offset, end], [next, next + 1]);
  // The last one, and no comma behind it: the comma before it goes, which no trailing comma may replace.
  const previous = children[place - 1];
  if (previous === undefined) {
    const [open, close] = [object.offset + 1, object.offset + object.length - 1];
    const isBare = /^\s*$/.test(text.slice(open, offset) + text.slice(end, close));
    return without(text, isBare ? [open, close] : [offset, end]);
  }
  const comma = nextSign(text, previous.offset + previous.length);
  if (/^[ \t]*$/.test(text.slice(comma + 1, offset))) return without(text, [comma, end]);
  return without(text, [comma, comma + 1], [offset, end]);
}

/** A text that holds nothing but blanks and comments, with an object behind them. */
export function withObject(text: string, value: unknown): string {
  const eol = eolOf(text);
  const before = /^\ufeff?$|[\n\r]$/.test(text) ? text : text + eol;
  return `${before}${print(value, "", { eol, step: "  " })}${eol}`;
}

function objectAt({ root }: JsonDocument, path: readonly string[]): Node {
  return path.reduce((object, key) => memberOf(object, key)!, root);
}

/** Takes spans out, in their order; a line of which nothing is left but blanks goes as a whole. */
function without(text: string, ...spans: readonly (readonly [start: number, end: number])[]): string {
  let result = text;
  for (const [start, end] of spans.toReversed()) {
    const before = /[ \t]*$/.exec(result.slice(0, start))![0].length;
    const after = /^[ \t]*(?:\r?\n|$)/.exec(result.slice(end))?.[0];
    const beginsLine = start === before || /[\n\r]/.test(result[start - before - 1]!);
    if (beginsLine && after !== undefined) result = result.slice(0, start - before) + result.slice(end + after.length);
    else result = result.slice(0, start) + result.slice(end);
  }
  return result;
}

function withMemberIn(text: string, object: Node, name: string, value: unknown, manner: Manner): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const end = last === undefined ? object.offset + 1 : last.offset + last.length;
  const sign = nextSign(text, end);
  const hasComma = last !== undefined && text[sign] === ",";
  const from = hasComma ? sign + 1 : end;
  // A comment that stands on the line of the last member is about that one, and those below stay where they are.
  const at = from + text.slice(from, close).replace(/[ \t\r\n]*$/, "").length;
  const margin = marginAt(text, object.offset);
  let added: string;
  if (last !== undefined && isOnOneLine(text, object)) {
    added = ` ${JSON.stringify(name)}: ${printOnLine(value)}`;
  } else {
    const inner = last === undefined ? margin + manner.step : marginAt(text, last.offset);
    added = `${manner.eol}${inner}${JSON.stringify(name)}: ${print(value, inner, manner)}`;
  }
  const comma = last === undefined || hasComma ? "" : ",";
  const closing = last === undefined && !/[\n\r]/.test(text.slice(at, close)) ? manner.eol + margin : "";
  return text.slice(0, end) + comma + text.slice(end, at) + added + (hasComma ? "," : "") + closing + text.slice(at);
}

/** Where the next sign of JSON stands, behind blanks and comments; a mark of the byte order is a blank. */
export function nextSign(text: string, from: number): number {
  const blank = /(?:\s|\/\/[^\n\r]*|\/\*[^]*?\*\/)*/y;
  blank.lastIndex = from;
  blank.exec(text);
  return blank.lastIndex;
}

function isOnOneLine(text: string, { offset, length }: Node): boolean {
  return !/[\n\r]/.test(text.slice(offset, offset + length));
}

function mannerOf(text: string, { root }: JsonDocument): Manner {
  const first = root.children?.[0];
  const step = first === undefined || isOnOneLine(text, root) ? "" : marginAt(text, first.offset);
  return { eol: eolOf(text), step: step === "" ? "  " : step };
}

/** How the lines of a text end. */
export function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** The blanks at the beginning of the line. */
function marginAt(text: string, offset: number): string {
  const line = Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))![0];
}

function print(value: unknown, margin: string, { eol, step }: Manner): string {
  return JSON.stringify(value, undefined, step).replaceAll("\n", `${eol}${margin}`);
}

/** As `JSON.stringify` does, with blanks where people write them. */
function printOnLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printOnLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${printOnLine(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

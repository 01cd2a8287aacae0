import type { Node, ParseError } from "jsonc-parser";
import { BridgeError, type ErrorCode } from "../platform/errors.ts";

/** A place in a text: both count from 1, columns in the units that editors count in (UTF-16). */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The member of the file that holds the servers. */
export const SERVERS = "mcpServers";

/** One member of an object, where it lies. */
export interface Member {
  readonly name: string;
  readonly node: Node;
}

/** JSON with comments and trailing commas, which knows where each part of it stands. */
export class JsonDocument {
  readonly root: Node;
  readonly #text: string;

  private constructor(text: string, root: Node) {
    this.#text = text;
    this.root = root;
  }

  /**
   * Reads a text; `file` is its name in errors, and `code` theirs.
   *
   * @throws {BridgeError} `bad_registry` or another code, with line and column
   */
  static async parse(text: string, file: string, code: ErrorCode = "bad_registry"): Promise<JsonDocument> {
    const { parseTree, printParseErrorCode } = await import("jsonc-parser");
    const errors: ParseError[] = [];
    let root: Node | undefined;
    try {
      // A mark of the byte order, which some editors write, counts as a blank.
      root = parseTree(text.replace(/^\ufeff/, " "), errors, { allowTrailingComma: true });
    } catch (cause) {
      // It is read by recursion.
      if (!(cause instanceof RangeError)) throw cause;
      throw new BridgeError(code, `${JSON.stringify(file)} is nested too deeply`, { hint: MEND, cause });
    }
    const [first] = errors;
    if (first === undefined && root !== undefined) return new JsonDocument(text, root);
    const fault = FAULTS[first === undefined ? "" : printParseErrorCode(first.error)] ?? "this is no JSON";
    throw broken(code, file, placeOf(text, first?.offset ?? 0), fault);
  }

  /** Where a part begins. */
  placeOf(node: Node): Place {
    return placeOf(this.#text, node.offset);
  }

  /** The part that `path` leads to, or the last one on the way there that exists. */
  nearest(start: Node, path: readonly PropertyKey[]): Node {
    let node = start;
    for (const step of path) {
      const next = typeof step === "number" ? elementsOf(node)[step] : memberOf(node, String(step));
      if (next === undefined) return node;
      node = next;
    }
    return node;
  }
}

/** The members of an object in their order, those that stand twice both times; none of anything else. */
export function membersOf(node: Node): Member[] {
  if (node.type !== "object") return [];
  return (node.children ?? []).map(({ children }) => ({ name: String(children![0]!.value), node: children![1]! }));
}

/** The member of that name, the last one where there are several, as JSON is commonly read. */
export function memberOf(node: Node, name: string): Node | undefined {
  return membersOf(node).findLast((member) => member.name === name)?.node;
}

/** What a part says; members are properties of their own, whatever their names. */
export function valueOf(node: Node): unknown {
  if (node.type === "array") return elementsOf(node).map(valueOf);
  if (node.type !== "object") return node.value;
  return Object.fromEntries(membersOf(node).map((member) => [member.name, valueOf(member.node)]));
}

function elementsOf(node: Node): readonly Node[] {
  return node.type === "array" ? node.children ?? [] : [];
}

/** Where in the text an offset lies. */
export function placeOf(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

/** A place, to be said behind the name of a file. */
export function sayPlace({ line, column }: Place): string {
  return `line ${line}, column ${column}`;
}

const MEND = "mend it there; nothing was changed";

function broken(code: ErrorCode, file: string, place: Place, fault: string): BridgeError {
  return new BridgeError(code, `${JSON.stringify(file)}, ${sayPlace(place)}: ${fault}`, {
    hint: MEND,
  });
}

const FAULTS: Readonly<Record<string, string>> = {
  InvalidSymbol: "this word is no JSON",
  InvalidNumberFormat: "this is no number",
  PropertyNameExpected: "a name in double quotes is missing",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing brace is missing",
  CloseBracketExpected: "a closing bracket is missing",
  EndOfFileExpected: "the text goes on behind its end",
  InvalidCommentToken: "this begins no comment",
  UnexpectedEndOfComment: "a comment has no end",
  UnexpectedEndOfString: "a string has no end on its line",
  UnexpectedEndOfNumber: "a number breaks off",
  InvalidUnicode: "this is no escape of a letter",
  InvalidEscapeCharacter: "this is no escape",
  InvalidCharacter: "a control character stands in a string",
};

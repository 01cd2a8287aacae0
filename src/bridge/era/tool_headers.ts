import { quoted } from "../../platform/errors.ts";
import { encodeHeaderValue } from "../../transport/request_headers.ts";
import { decodedString, type Message } from "../../transport/message.ts";

/** An argument of a tool that goes into a header too: where it stands in the arguments, and the header's name. */
export interface MirroredArgument {
  readonly path: readonly string[];
  readonly header: string;
}

/** RFC 9110, 5.1. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MIRRORED_TYPES: readonly unknown[] = ["string", "integer", "boolean"];
const ANNOTATION = "x-mcp-header";
/** Keywords of JSON Schema that hold values, not schemas. */
const VALUES = new Set(["default", "const", "enum", "examples"]);
/** Whoever nests deeper means no arguments. */
const DEEPEST = 64;

/**
 * The arguments that a tool wants mirrored into headers, by its input schema (2026-07-28 transports, "Custom Headers
 * from Tool Parameters"); or what is wrong with the annotations, in which case the tool may not be used.
 */
export function mirroredArguments(inputSchema: unknown): MirroredArgument[] | string {
  const found: MirroredArgument[] = [];
  const fault = search(inputSchema, [], true, 0, found);
  if (fault !== undefined) return fault;
  const names = new Set<string>();
  for (const { header } of found) {
    const name = header.toLowerCase();
    if (names.has(name)) return `two arguments have the header ${quoted(name)}`;
    names.add(name);
  }
  return found;
}

/** Looks at a schema and all below it; `isReachable` where only `properties` lead there. */
function search(
  schema: unknown,
  path: readonly string[],
  isReachable: boolean,
  depth: number,
  found: MirroredArgument[],
): string | undefined {
  if (typeof schema !== "object" || schema === null || depth > DEEPEST) return undefined;
  if (!Array.isArray(schema) && Object.hasOwn(schema, ANNOTATION)) {
    const { [ANNOTATION]: header, type } = schema as Record<string, unknown>;
    if (!isReachable || path.length === 0) return "a header is named where no argument can be found by its path";
    if (typeof header !== "string" || !TOKEN.test(header)) return `${shown(header)} is no name of a header`;
    // What may be null besides has no header then.
    const types = Array.isArray(type) ? type.filter((one) => one !== "null") : [type];
    if (types.length === 0 || !types.every((one) => MIRRORED_TYPES.includes(one))) {
      return `the argument ${quoted(path.join("."))} is neither a string, an integer nor a boolean`;
    }
    found.push({ path, header });
  }
  for (const [keyword, below] of Object.entries(schema)) {
    if (VALUES.has(keyword)) continue;
    const isProperties = keyword === "properties" && !Array.isArray(schema);
    const parts: [string, unknown][] = isProperties && typeof below === "object" && below !== null
      ? Object.entries(below)
      : [[keyword, below]];
    for (const [name, part] of parts) {
      const fault = search(part, isProperties ? [...path, name] : path, isReachable && isProperties, depth + 1, found);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** What a server wrote in the place of a name. */
function shown(value: unknown): string {
  return quoted(typeof value === "string" ? value : JSON.stringify(value));
}

/** The headers of a call; an argument that is absent, null, or no primitive value has none. */
export function headersOfCall(call: Message, mirrored: readonly MirroredArgument[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { path, header } of mirrored) {
    const raw = call.param("arguments", ...path);
    const value = decodedString(raw) ?? primitive(raw);
    if (value !== undefined) headers[`mcp-param-${header.toLowerCase()}`] = encodeHeaderValue(value);
  }
  return headers;
}

/** A number or a boolean as a header has it; integers of any size keep their digits. */
function primitive(raw: string | undefined): string | undefined {
  if (raw === undefined || !/^[-\dtf]/.test(raw)) return undefined;
  return /^(?:-?\d+|true|false)$/.test(raw) ? raw : String(Number(raw));
}

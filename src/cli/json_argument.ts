import type { JsonObject } from "../auth/settings.ts";
import { BridgeError } from "../platform/errors.ts";
import { type Environment, withVariables } from "./variables.ts";

/**
 * Reads an object of JSON, which stands in the argument or, behind an `@`, in a file. With an `environment`, `${NAME}`
 * stands for a variable in its strings, or for all of it. What it says is never shown: it may hold a secret.
 *
 * @throws {BridgeError} `bad_argument` or `unreadable_file`
 */
export async function readJson(
  flag: string,
  text: string | undefined,
  environment?: Environment,
): Promise<JsonObject | undefined> {
  if (text === undefined) return undefined;
  const raw = await textOf(flag, text);
  const expand = (part: string): string =>
    environment === undefined ? part : withVariables(part, environment, `"${flag}"`, "bad_argument");
  const isJson = parsed(raw) !== undefined;
  const value = isJson
    ? JSON.parse(raw, (_name, part: unknown) => typeof part === "string" ? expand(part) : part)
    : parsed(expand(raw));
  if (isObject(value)) return value;
  throw noObject(flag);
}

/**
 * Reads an object of JSON as it was written, so that no number is rounded: from the argument, behind an `@` from a
 * file, or for `-` from standard input.
 *
 * @throws {BridgeError} `bad_argument` or `unreadable_file`
 */
export async function readRawJson(flag: string, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const raw = text === "-" ? withoutMark(await Bun.stdin.text()) : await textOf(flag, text);
  if (isObject(parsed(raw))) return raw;
  throw noObject(flag);
}

async function textOf(flag: string, text: string): Promise<string> {
  return withoutMark(text.startsWith("@") ? await readFile(flag, text.slice(1)) : text);
}

/** A text without the byte order mark that editors on Windows put before it, and JSON does not know. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, "");
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noObject(flag: string): BridgeError {
  return new BridgeError("bad_argument", `"${flag}" wants an object of JSON`, {
    hint: `look for quotes that the shell has taken, or use "${flag} @FILE"`,
  });
}

async function readFile(flag: string, path: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read ${JSON.stringify(path)} for "${flag}" (${code})`, {
      hint: `give "${flag}" JSON, or an @ and the path of a file with JSON`,
      cause,
    });
  }
}

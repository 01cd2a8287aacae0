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
  const raw = text.startsWith("@") ? await readFile(flag, text.slice(1)) : text;
  const expand = (part: string): string =>
    environment === undefined ? part : withVariables(part, environment, `"${flag}"`, "bad_argument");
  const isJson = parsed(raw) !== undefined;
  const value = isJson
    ? JSON.parse(raw, (_name, part: unknown) => typeof part === "string" ? expand(part) : part)
    : parsed(expand(raw));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new BridgeError("bad_argument", `"${flag}" wants an object of JSON`, {
    hint: "look for quotes that the shell has taken, or use @FILE",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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

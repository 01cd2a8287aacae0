import { BridgeError } from "../platform/errors.ts";

/**
 * The raw text of an object of JSON that stands in the argument, behind an `@` in a file, or for `-` on standard input.
 *
 * @throws {BridgeError} `bad_argument` or `unreadable_file`
 */
export async function readGivenJson(flag: string, text: string | undefined): Promise<string | undefined> {
  if (text === undefined) return undefined;
  const raw = text === "-" ? await Bun.stdin.text() : text.startsWith("@") ? await readFile(flag, text.slice(1)) : text;
  const whole = raw.replace(/^\ufeff/, "");
  if (isObject(whole)) return whole;
  throw new BridgeError("bad_argument", `"${flag}" wants an object of JSON`, {
    hint: `look for quotes that the shell has taken, or use "${flag} @FILE"`,
  });
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
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

import { holdsCredential, isHeaderValue, kindOfHeader } from "../net/header_rules.ts";
import { BridgeError } from "../platform/errors.ts";
import { type Environment, withVariables } from "./variables.ts";

/** A header as `--header` gives it, or a file of `--header-file`. */
export type HeaderSource = { line: string } | { file: string };

/** Puts the values of `--header` and `--header-file` into the order in which `words` say them. */
export function headerSources(
  words: readonly string[],
  lines: readonly string[],
  files: readonly string[],
): HeaderSource[] {
  const sources: HeaderSource[] = [];
  let [line, file] = [0, 0];
  for (const word of words) {
    if (/^--header(?:=|$)/.test(word) && line < lines.length) sources.push({ line: lines[line++]! });
    if (/^--header-file(?:=|$)/.test(word) && file < files.length) sources.push({ file: files[file++]! });
  }
  return sources;
}

/**
 * Collects headers, the later one winning; `${NAME}` stands for a variable of the environment. Names come back in lower
 * case. `advise` is told what could be said in a safer way.
 *
 * @throws {BridgeError} `bad_header` or `unreadable_file`
 */
export async function readHeaders(
  sources: readonly HeaderSource[],
  environment: Environment,
  advise: (text: string) => void = () => {},
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const source of sources) {
    if ("file" in source) {
      for (const line of await readLines(source.file)) addHeader(headers, line, environment, source.file);
      continue;
    }
    const { line } = source;
    addHeader(headers, line, environment, "--header");
    const [name, value] = [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1)];
    if (holdsCredential(name) && value.trim() !== "" && !value.includes("${")) {
      advise(`the value of "${name}" stands in the process list: write it as "\${VAR}", or use "--header-file FILE"`);
    }
  }
  return headers;
}

async function readLines(file: string): Promise<string[]> {
  try {
    return (await Bun.file(file).text()).split(/\r?\n/).filter((line) => !/^\s*(?:#|$)/.test(line));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError(
      "unreadable_file",
      `cannot read the header file ${JSON.stringify(file)} (${code})`,
      {
        hint: 'give "--header-file" a file with one "Name: value" line for each header',
        cause,
      },
    );
  }
}

// The text of a line is never shown: it may hold a credential.
function addHeader(headers: Record<string, string>, line: string, environment: Environment, source: string): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).trim();
  const kind = kindOfHeader(name);
  if (kind === "no_name") {
    throw new BridgeError(
      "bad_header",
      `a header of ${JSON.stringify(source)} is not of the form "Name: value"`,
      {
        hint: 'write it like --header "X-Api-Key: ${MY_KEY}"',
      },
    );
  }
  if (kind === "said_anyway") return;
  if (kind === "reserved") {
    throw new BridgeError("bad_header", `the header "${name}" belongs to the protocol`, {
      hint: "leave it out",
    });
  }
  const value = withVariables(line.slice(colon + 1).trim(), environment, `the header "${name}"`, "bad_header");
  if (!isHeaderValue(value)) {
    throw new BridgeError(
      "bad_header",
      `the value of the header "${name}" holds a character that HTTP does not allow`,
      {
        hint: "look for line breaks and for letters beyond Latin-1",
      },
    );
  }
  headers[name.toLowerCase()] = value;
}

import { BridgeError } from "../platform/errors.ts";

/** An RFC 9110 field name. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Headers that belong to HTTP or to the protocol; a person cannot set them without breaking it. */
const RESERVED = new Set([
  "accept",
  "connection",
  "content-length",
  "content-type",
  "host",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "transfer-encoding",
]);

/**
 * Collects the headers of `--header` and `--header-file`, in this order, the later one winning; `${NAME}` stands for a
 * variable of the environment. Names come back in lower case.
 *
 * @throws {BridgeError} `bad_header` or `unreadable_file`
 */
export async function readHeaders(
  lines: readonly string[],
  files: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of lines) addHeader(headers, line, environment, "--header");
  for (const file of files) {
    for (const line of await readLines(file)) addHeader(headers, line, environment, file);
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
function addHeader(
  headers: Record<string, string>,
  line: string,
  environment: Readonly<Record<string, string | undefined>>,
  source: string,
): void {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).trim();
  if (!TOKEN.test(name)) {
    throw new BridgeError(
      "bad_header",
      `a header of ${JSON.stringify(source)} is not of the form "Name: value"`,
      {
        hint: 'write it like --header "X-Api-Key: ${MY_KEY}"',
      },
    );
  }
  if (RESERVED.has(name.toLowerCase())) {
    throw new BridgeError("bad_header", `the header "${name}" belongs to the protocol`, {
      hint: "leave it out",
    });
  }
  const value = line.slice(colon + 1).trim().replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
    (_whole, variable: string) => {
      const found = Object.hasOwn(environment, variable) ? environment[variable] : undefined;
      if (found !== undefined) return found;
      throw new BridgeError("bad_header", `the header "${name}" uses \${${variable}}, which is not set`, {
        hint: `set ${variable} in the environment of the program that starts mcp-bridge`,
      });
    },
  );
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
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

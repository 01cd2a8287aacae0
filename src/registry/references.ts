import { isHeaderValue } from "../net/header_rules.ts";
import { environmentForPrograms } from "../platform/child.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { ProgramEntry, ServerEntry } from "./entry.ts";

/** The variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const KEYCHAIN = "keychain:";

/** Secrets of entries have names of their own in the keychain, so that no entry can name the key of the vault. */
export function keychainName(name: string): string {
  return `secret:${name}`;
}

/** `${NAME}`, `${NAME:-what else}`, and `${kind:NAME}` of other programs, of which `env` is known. */
const REFERENCE = /\$\{(?:([A-Za-z][A-Za-z0-9_-]*):)?([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Whether what a value says stands elsewhere, at least in part. */
export function isReference(value: string): boolean {
  return value.startsWith(KEYCHAIN) || value.search(REFERENCE) >= 0;
}

/** The variables of the environment that a text refers to. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, , name]) => name!);
}

/**
 * Puts in what the values refer to: `${VAR}` is a variable of the environment, `${VAR:-text}` one with something in its
 * place, `keychain:NAME` as a whole value a secret in the system's keychain. `what` is said in errors, such as
 * `the server "linear"`.
 *
 * @throws {BridgeError} `missing_reference`, which names the reference and holds no value
 */
export async function resolveReferences(
  what: string,
  values: Readonly<Record<string, string>>,
  env: Environment,
  keychain: Keychain,
): Promise<Record<string, string>> {
  const resolved: [string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    const place = `${JSON.stringify(name)} of ${what}`;
    resolved.push([
      name,
      value.startsWith(KEYCHAIN)
        ? await secretOf(place, value.slice(KEYCHAIN.length), keychain)
        : withVariables(place, value, env),
    ]);
  }
  return Object.fromEntries(resolved);
}

/**
 * The headers of a server, ready to be sent.
 *
 * @throws {BridgeError} `missing_reference`, or `bad_header` for a value that HTTP does not allow
 */
export async function resolveHeaders(
  entry: Pick<ServerEntry, "label" | "headers">,
  env: Environment,
  keychain: Keychain,
): Promise<Record<string, string>> {
  const what = `the server ${JSON.stringify(entry.label)}`;
  const headers = await resolveReferences(what, entry.headers, env, keychain);
  const wrong = Object.keys(headers).find((name) => !isHeaderValue(headers[name]!));
  if (wrong === undefined) return headers;
  throw new BridgeError(
    "bad_header",
    `the value of the header "${wrong}" of ${what} holds a character that HTTP does not allow`,
    { hint: "look for line breaks and for letters beyond Latin-1" },
  );
}

/**
 * What it takes to start the program of a server: its environment is ours, less what is meant for us alone, and what the
 * entry says.
 *
 * @throws {BridgeError} `missing_reference`
 */
export async function resolveProgram(
  label: string,
  { command, args, env: own, cwd }: ProgramEntry,
  env: Environment,
  keychain: Keychain,
): Promise<{ command: string; args: readonly string[]; env: Record<string, string | undefined>; cwd?: string }> {
  const resolved = await resolveReferences(`the server ${JSON.stringify(label)}`, own, env, keychain);
  return {
    command,
    args,
    env: { ...environmentForPrograms(env), ...resolved },
    ...(cwd === undefined ? {} : { cwd }),
  };
}

function withVariables(place: string, text: string, env: Environment): string {
  return text.replace(REFERENCE, (whole, kind: string | undefined, name: string, otherwise: string | undefined) => {
    if (kind !== undefined && kind !== "env") {
      throw new BridgeError("missing_reference", `${place} refers to ${whole}, which is another program's`, {
        hint: "write ${VAR} for a variable of the environment, or keychain:NAME",
      });
    }
    const found = Object.hasOwn(env, name) ? env[name] : undefined;
    if (found !== undefined && (found !== "" || otherwise === undefined)) return found;
    if (otherwise !== undefined) return otherwise;
    throw new BridgeError("missing_reference", `${place} refers to \${${name}}, which is not set`, {
      hint: `set ${name} in the environment of the program that starts mcp-bridge`,
    });
  });
}

const NOT_THERE = {
  empty: "the keychain holds none, or is locked",
  absent: "there is no keychain here",
  "locked_or_denied": "the keychain is locked, or does not let us",
} as const;

async function secretOf(place: string, name: string, keychain: Keychain): Promise<string> {
  const found = await keychain.get(keychainName(name));
  if (found.kind === "key") return new TextDecoder().decode(found.key);
  throw new BridgeError("missing_reference", `${place} refers to keychain:${name}, and ${NOT_THERE[found.kind]}`, {
    hint: found.kind === "absent"
      ? "write ${VAR} in its place, for a variable of the environment"
      : 'unlock the keychain, or put it there with "mcp-bridge add --replace" and "--secret-header"',
  });
}

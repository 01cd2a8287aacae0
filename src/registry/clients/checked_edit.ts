import { BridgeError } from "../../platform/errors.ts";
import type { Client } from "./client.ts";
import { pathIn } from "./read.ts";

/** An entry in the text of a client's file. */
export interface Spot {
  readonly client: Client;
  readonly text: string;
  /** The name of the file in errors. */
  readonly file: string;
  /** The name of the entry. */
  readonly name: string;
}

/** What an entry says, or what some of its keys say. */
export type Said = Readonly<Record<string, unknown>>;

/** The error for a file that is of a form in which we do not edit. */
export function notEdited(file: string, cause?: unknown): BridgeError {
  return new BridgeError(
    "bad_client_file",
    `${JSON.stringify(file)} keeps its servers in a form that is not changed here`,
    {
      hint: 'write the entry yourself: "mcp-bridge install --print" gives it',
      cause,
    },
  );
}

/**
 * Believes an edit where what the file says has changed in the one place that was meant: `was` and `is` are all that it
 * says, `entry` what the entry says now, or nothing where it is gone.
 *
 * @throws {BridgeError} `bad_client_file` where it has not
 */
export function ensureEdit({ client, file, name }: Spot, was: unknown, is: unknown, entry: Said | undefined): void {
  const path = pathIn(client, was);
  if (!Bun.deepEquals(plain(changed(was, path, name, entry)), plain(is))) throw notEdited(file);
}

/** A value with another one at the end of a path. */
function changed(value: unknown, path: readonly string[], name: string, entry: Said | undefined): unknown {
  const members = new Map<string, unknown>(Object.entries((value ?? {}) as object));
  const [first, ...rest] = path;
  if (first !== undefined) {
    // Where nothing is to be taken out, nothing is made on the way there.
    if (entry !== undefined || members.has(first)) members.set(first, changed(members.get(first), rest, name, entry));
  } else if (entry === undefined) members.delete(name);
  else members.set(name, entry);
  return Object.fromEntries(members);
}

/** A value to be compared: an empty object counts for nothing, since the last table of TOML takes its parent along. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const members = Object.entries(value).map(([name, member]) => [name, plain(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

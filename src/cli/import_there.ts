import { labelOf } from "../registry/clients/entry_name.ts";
import type { Registry, ServerEntry } from "../registry/entry.ts";
import { slugOf } from "../registry/names.ts";
import { variablesIn } from "../registry/references.ts";
import type { PlannedSecret } from "./import_reading.ts";

/**
 * The server of the registry that another program's entry means, of whose secrets the names are known: that of its name,
 * or the only one that fits.
 */
export function findThere(
  judged: ServerEntry,
  secrets: readonly PlannedSecret[],
  registry: Registry,
): ServerEntry | undefined {
  const names = secrets.flatMap(({ member, name }) =>
    member === "env" ? [name] : member === "headers" ? [name.toLowerCase()] : []
  );
  const fitting = [...registry.servers.values()].filter((other) => isSame(judged, names, other));
  const slugs = [judged.label, labelOf(judged.label, new Map())].map(slugOf);
  // With the same key by another name it may be another person's.
  return fitting.find(({ slug }) => slugs.includes(slug)) ?? (secrets.length === 0 ? fitting[0] : undefined);
}

/**
 * Whether two entries lead to the same server with the same headers or variables, as far as those can be seen, and the
 * second one shows no tool that the first one takes away. `secrets` are the names of what the first one says besides.
 */
function isSame(one: ServerEntry, secrets: readonly string[], other: ServerEntry): boolean {
  const hidesNone = one.tools.allow.length === 0 && one.tools.deny.length === 0;
  return Bun.deepEquals(placeOf(one), placeOf(other)) && (hidesNone || Bun.deepEquals(one.tools, other.tools)) &&
    isSaidBy(valuesOf(one), secrets, valuesOf(other));
}

/** What says which server it is. */
function placeOf({ server, oauth }: ServerEntry): unknown {
  return server instanceof URL ? [server.href, oauth.resource] : [server.command, server.args, server.cwd];
}

/** What a server is told: the headers, or the variables of a program. */
function valuesOf({ server, headers }: ServerEntry): Readonly<Record<string, string>> {
  return server instanceof URL ? headers : server.env;
}

/** Whether values have the same names as others and say the same; of `secrets` the names alone are known. */
function isSaidBy(
  values: Readonly<Record<string, string>>,
  secrets: readonly string[],
  others: Readonly<Record<string, string>>,
): boolean {
  const names = [...Object.keys(values), ...secrets].toSorted();
  return Bun.deepEquals(names, Object.keys(others).toSorted()) &&
    Object.entries(values).every(([name, value]) => others[name] === value);
}

/** The variables of the environment that a server wants. */
export function variablesOf(entry: ServerEntry): string[] {
  return [...Object.values(valuesOf(entry)), entry.oauth.clientSecret ?? ""].flatMap(variablesIn);
}

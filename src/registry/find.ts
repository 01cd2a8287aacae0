import { SERVERS } from "./document.ts";
import type { Registry, ServerEntry } from "./entry.ts";
import { EntryFault } from "./entry_fault.ts";
import { readText } from "./file.ts";
import { makeEntry } from "./judge.ts";
import { nameFault, slugOf, unknownName } from "./names.ts";
import { faultError, parseRegistry } from "./registry.ts";
import { isPlainEntry } from "./shape.ts";

/**
 * The server of a name, by its label or slug. Neither the schema nor the reader that knows lines and columns is loaded
 * where a short look suffices, nor is `node:fs`. `allowHttp` allows plain http though the entry does not.
 *
 * @throws {BridgeError} `unknown_name`, with the names that are near; `bad_registry` with line and column
 */
export async function findServer(file: string, name: string, { allowHttp = false } = {}): Promise<ServerEntry> {
  const text = await readText(file, { isShort: true });
  if (text === undefined) throw await unknownName(name, []);
  const plain = findPlain(listIn(text), name, allowHttp);
  return plain ?? await serverIn(await parseRegistry(text, file, allowHttp), name);
}

/**
 * The server of a name in a registry.
 *
 * @throws {BridgeError} `unknown_name`, `bad_registry`
 */
export async function serverIn({ servers, faults }: Registry, name: string): Promise<ServerEntry> {
  const isMeant = ({ label }: { label: string }): boolean => label === name || slugOf(label) === name;
  const entry = [...servers.values()].find(({ label }) => label === name) ?? servers.get(name);
  if (entry !== undefined) return entry;
  const fault = faults.find(isMeant);
  throw fault === undefined ? await unknownName(name, servers.keys()) : faultError(fault);
}

/** The entry where nothing is in doubt: one server of that name, a plain entry. */
function findPlain(list: Record<string, unknown>, name: string, allowHttp: boolean): ServerEntry | undefined {
  const [label, another] = Object.keys(list).filter((label) => label === name || slugOf(label) === name);
  if (label === undefined || another !== undefined || nameFault(label, new Map()) !== undefined) return undefined;
  const written = list[label];
  if (!isPlainEntry(written)) return undefined;
  try {
    return makeEntry(label, written, allowHttp);
  } catch (thrown) {
    if (thrown instanceof EntryFault) return undefined;
    throw thrown;
  }
}

const COMMENTS = /("(?:[^"\\\n]|\\.)*")|\/\/[^\n\r]*|\/\*[^]*?\*\//g;
const TRAILING_COMMAS = /("(?:[^"\\\n]|\\.)*")|,(?=\s*[}\]])/g;

/** The servers of a file where it is of the right shape; none where it is not, or where that takes a longer look. */
function listIn(text: string): Record<string, unknown> {
  try {
    const list = parse(text)[SERVERS];
    return typeof list === "object" && list !== null && !Array.isArray(list) ? list as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(text.replace(COMMENTS, "$1").replace(TRAILING_COMMAS, "$1"));
  }
}

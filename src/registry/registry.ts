import type { Node } from "jsonc-parser";
import { BridgeError, quoted } from "../platform/errors.ts";
import { JsonDocument, memberOf, membersOf, type Place, sayPlace, SERVERS, valueOf } from "./document.ts";
import type { Registry, RegistryFault, ServerEntry } from "./entry.ts";
import { EntryFault } from "./entry_fault.ts";
import { readText } from "./file.ts";
import { makeEntry } from "./judge.ts";
import { type Issue, sayIssue } from "./issue.ts";
import { nameFault } from "./names.ts";
import { registrySchema, type WrittenEntry } from "./schema.ts";

/** The registry of a file that is not there. */
export const EMPTY_REGISTRY: Registry = { servers: new Map(), faults: [] };

/**
 * Reads the servers of a file; none where there is no such file. A broken entry is listed among the faults and takes no
 * other away.
 *
 * @throws {BridgeError} `bad_registry` where the file as a whole says nothing, `unreadable_file`, `unsafe_file`
 */
export async function readRegistry(file: string, { allowHttp = false } = {}): Promise<Registry> {
  const text = await readText(file);
  return text === undefined ? EMPTY_REGISTRY : await parseRegistry(text, file, allowHttp);
}

/**
 * The servers that a text names; `file` is its name in errors.
 *
 * @throws {BridgeError} `bad_registry`
 */
export async function parseRegistry(text: string, file: string, allowHttp = false): Promise<Registry> {
  const document = await JsonDocument.parse(text, file);
  const list = serversOf(document, file);
  const members = list === undefined ? [] : membersOf(list);
  const last = new Map(members.map(({ name }, place) => [name, place]));
  const servers = new Map<string, ServerEntry>();
  const faults: RegistryFault[] = [];
  const taken = new Map<string, string>();
  for (const [place, { name: label, node }] of members.entries()) {
    try {
      if (last.get(label) !== place) throw new EntryFault([], "stands there once more further down, and that counts");
      const badName = nameFault(label, taken);
      if (badName !== undefined) {
        throw new EntryFault([], badName.text, `rename it, for example to ${JSON.stringify(badName.proposal)}`);
      }
      const entry = await judgeEntry(label, valueOf(node), allowHttp);
      servers.set(entry.slug, entry);
      taken.set(entry.slug, label);
    } catch (thrown) {
      if (!(thrown instanceof EntryFault)) throw thrown;
      const where = document.placeOf(document.nearest(node, thrown.path));
      faults.push({ ...where, label, ...sayFault(thrown, label, file, where) });
    }
  }
  return { servers, faults };
}

/**
 * Makes a server of the value of an entry, whatever that is; `allowHttp` allows plain http though the entry does not.
 *
 * @throws {EntryFault}
 */
export async function judgeEntry(label: string, value: unknown, allowHttp = false): Promise<ServerEntry> {
  schema ??= registrySchema();
  const judged = (await schema).entry.safeParse(value);
  if (judged.success) return makeEntry(label, judged.data as WrittenEntry, allowHttp);
  const { path, text } = sayIssue(judged.error.issues[0]! as Issue);
  throw new EntryFault(path.map(String), text);
}

let schema: ReturnType<typeof registrySchema> | undefined;

function sayFault(
  { path, message, hint }: EntryFault,
  label: string,
  file: string,
  place: Place,
): Pick<RegistryFault, "member" | "text" | "hint"> {
  const text = `${JSON.stringify(file)}, ${sayPlace(place)}: ${subjectOf(path, label)} ${message}`;
  return { member: path.join("."), text, hint };
}

/** A member of an entry as the beginning of a sentence. */
export function subjectOf(path: readonly string[], label: string): string {
  return path.length === 0 ? quoted(label) : `${quoted(path.join("."))} of ${quoted(label)}`;
}

/** The fault of an entry as an error, for whoever asks for that entry. */
export function faultError({ text, hint }: RegistryFault): BridgeError {
  return new BridgeError("bad_registry", text, { hint: hint ?? "mend it in the file" });
}

/**
 * The object with the servers; nothing where the file has none.
 *
 * @throws {BridgeError} `bad_registry`
 */
export function serversOf(document: JsonDocument, file: string): Node | undefined {
  const { root } = document;
  if (root.type !== "object") throw wrong(file, "begins with no object", document.placeOf(root));
  const list = memberOf(root, SERVERS);
  if (list === undefined || list.type === "object") return list;
  throw wrong(file, `has a "${SERVERS}" that is no object`, document.placeOf(list));
}

function wrong(file: string, fault: string, place: Place): BridgeError {
  return new BridgeError("bad_registry", `${JSON.stringify(file)}, ${sayPlace(place)}, ${fault}`, {
    hint: `write it like {"${SERVERS}": {"name": {"url": "https://..."}}}`,
  });
}

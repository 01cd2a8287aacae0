import type { Node } from "jsonc-parser";
import { BridgeError, quoted } from "../platform/errors.ts";
import { readPrivateFile } from "../platform/private_files.ts";
import { JsonDocument, memberOf, membersOf, type Place, sayPlace, valueOf } from "./document.ts";
import type { Registry, RegistryFault, ServerEntry } from "./entry.ts";
import { EntryFault } from "./entry_fault.ts";
import { makeEntry } from "./judge.ts";
import { type Issue, sayIssue } from "./issue.ts";
import { nameFault } from "./names.ts";
import { registrySchema, type WrittenEntry } from "./schema.ts";

/** The file in the folder of what a person may edit. */
export const REGISTRY_FILE = "servers.json";

/** The member of the file that holds the servers. */
export const SERVERS = "mcpServers";

/** As large as the file may be, in bytes. */
const LARGEST = 8 * 1_048_576;

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
 * The text of a file; nothing where there is none.
 *
 * @throws {BridgeError} `bad_registry`, `unreadable_file`, `unsafe_file`
 */
export async function readText(file: string): Promise<string | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = await readPrivateFile(file);
  } catch (cause) {
    if (cause instanceof BridgeError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read ${JSON.stringify(file)} (${code})`, {
      hint: "see that it is a file that you may read",
      cause,
    });
  }
  if (bytes === undefined) return undefined;
  if (bytes.length > LARGEST) throw wrong(file, `is larger than ${LARGEST / 1_048_576} MiB`);
  try {
    // The mark at the beginning that some editors write is no part of JSON, and is taken away.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw wrong(file, "is no text in UTF-8");
  }
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
  const { entry: schema } = await registrySchema();
  for (const [place, { name: label, node }] of members.entries()) {
    try {
      if (last.get(label) !== place) throw new EntryFault([], "stands there once more further down, and that counts");
      const badName = nameFault(label, taken);
      if (badName !== undefined) {
        throw new EntryFault([], badName.text, `rename it, for example to ${JSON.stringify(badName.proposal)}`);
      }
      const judged = schema.safeParse(valueOf(node));
      if (!judged.success) throw entryFault(judged.error.issues[0]! as Issue);
      const entry = makeEntry(label, judged.data as WrittenEntry, allowHttp);
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

function entryFault(issue: Issue): EntryFault {
  const { path, text } = sayIssue(issue);
  return new EntryFault(path.map(String), text);
}

function sayFault(
  { path, message, hint }: EntryFault,
  label: string,
  file: string,
  place: Place,
): Pick<RegistryFault, "member" | "text" | "hint"> {
  const member = path.join(".");
  const subject = member === "" ? quoted(label) : `${quoted(member)} of ${quoted(label)}`;
  return { member, text: `${JSON.stringify(file)}, ${sayPlace(place)}: ${subject} ${message}`, hint };
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

function wrong(file: string, fault: string, place?: Place): BridgeError {
  const where = place === undefined ? JSON.stringify(file) : `${JSON.stringify(file)}, ${sayPlace(place)},`;
  return new BridgeError("bad_registry", `${where} ${fault}`, {
    hint: `write it like {"${SERVERS}": {"name": {"url": "https://..."}}}`,
  });
}

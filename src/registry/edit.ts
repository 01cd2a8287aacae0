import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { makePrivateFolder, replacePrivateFile } from "../platform/private_files.ts";
import { withFileLock } from "../vault/lock.ts";
import { JsonDocument, membersOf, SERVERS } from "./document.ts";
import { EntryFault } from "./entry_fault.ts";
import { readText } from "./file.ts";
import { nameFault, nearestNames, slugOf } from "./names.ts";
import { judgeEntry, serversOf, subjectOf } from "./registry.ts";
import type { WrittenEntry } from "./schema.ts";
import { withOtherServer, withoutServer, withServer } from "./text_edit.ts";

/** How often an edit begins anew because the file was changed by another program meanwhile. */
const ATTEMPTS = 5;

/**
 * Puts a server into the file, in place of one of that name where `replace` says so. All else in the file stays as it
 * is, byte for byte. Gives the slug.
 *
 * @throws {BridgeError} `bad_name` with a name that is free, `bad_argument` for what no entry may say, `bad_registry`
 * @throws the system's own error where the disk does not take it; the file is then what it was.
 */
export async function addServer(
  file: string,
  { label, written, replace = false }: { label: string; written: WrittenEntry; replace?: boolean },
  clock: Clock,
): Promise<string> {
  await edit(file, clock, async (text, document, labels) => {
    const taken = new Map(labels.map((other) => [slugOf(other), other]));
    const existing = replace ? taken.get(slugOf(label)) : undefined;
    const fault = existing === undefined ? nameFault(label, taken) : undefined;
    if (fault !== undefined) {
      const instead = `choose another name, for example ${JSON.stringify(fault.proposal)}`;
      throw new BridgeError("bad_name", `${JSON.stringify(label)} ${fault.text}`, {
        hint: taken.has(slugOf(label)) ? `${instead}, or add "--replace"` : instead,
      });
    }
    await ensureGood(label, written);
    return existing === undefined
      ? withServer(text, document, label, written)
      : withOtherServer(text, document, existing, written);
  });
  return slugOf(label);
}

/**
 * Takes a server out of the file, by its label or slug; what stands around it stays, comments too. Gives its label.
 *
 * @throws {BridgeError} `unknown_name`, with the names that are near; `bad_registry`
 * @throws the system's own error where the disk does not take it; the file is then what it was.
 */
export async function removeServer(file: string, name: string, clock: Clock): Promise<string> {
  let removed = name;
  await edit(file, clock, async (text, document, labels) => {
    const label = labels.find((label) => label === name) ?? labels.find((label) => slugOf(label) === name);
    if (label === undefined) throw await unknownName(name, labels.map(slugOf));
    removed = label;
    return withoutServer(text, document, label);
  });
  return removed;
}

/** The error for a name that no server has, with those that are near. */
export async function unknownName(name: string, slugs: Iterable<string>): Promise<BridgeError> {
  const near = (await nearestNames(name, slugs)).map((slug) => JSON.stringify(slug));
  return new BridgeError("unknown_name", `there is no server ${JSON.stringify(name)} in servers.json`, {
    hint: near.length === 0 ? '"mcp-bridge list" shows those that are' : `did you mean ${near.join(" or ")}?`,
  });
}

type Change = (text: string, document: JsonDocument, labels: readonly string[]) => Promise<string>;

/** Our own edits wait for each other; one that another program made meanwhile is met by beginning anew. */
async function edit(file: string, clock: Clock, change: Change): Promise<void> {
  const folder = await makePrivateFolder(file.slice(0, Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"))));
  await withFileLock(`${folder}/servers.lock`, async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await readText(file);
      const text = found ?? `{\n  "${SERVERS}": {}\n}\n`;
      const document = await JsonDocument.parse(text, file);
      const next = await change(text, document, labelsOf(document, file));
      await JsonDocument.parse(next, file);
      if (await readText(file) !== found) continue;
      await replacePrivateFile(file, new TextEncoder().encode(next));
      return;
    }
    throw new BridgeError("bad_registry", `${JSON.stringify(file)} is being changed by another program all the time`, {
      hint: "end that one, and try again",
    });
  }, { clock });
}

/** The names of the servers; one that stands twice cannot be edited without taking sides. */
function labelsOf(document: JsonDocument, file: string): string[] {
  const list = serversOf(document, file);
  const [labels, members] = [list === undefined ? [] : membersOf(list), membersOf(document.root)]
    .map((members) => members.map(({ name }) => name)) as [string[], string[]];
  const twice = labels.find((label, place) => labels.indexOf(label) !== place) ??
    (members.indexOf(SERVERS) === members.lastIndexOf(SERVERS) ? undefined : SERVERS);
  if (twice === undefined) return labels;
  throw new BridgeError("bad_registry", `${JSON.stringify(twice)} stands twice in ${JSON.stringify(file)}`, {
    hint: "take one of them out in an editor",
  });
}

async function ensureGood(label: string, written: WrittenEntry): Promise<void> {
  try {
    await judgeEntry(label, written);
  } catch (thrown) {
    if (!(thrown instanceof EntryFault)) throw thrown;
    throw new BridgeError("bad_argument", `${subjectOf(thrown.path, label)} ${thrown.message}`, {
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
      cause: thrown,
    });
  }
}

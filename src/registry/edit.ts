import type { Clock } from "../platform/clock.ts";
import { sweepDrafts } from "../platform/drafts.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { makePrivateFolder, replacePrivateFile } from "../platform/private_files.ts";
import { withFileLock } from "../vault/lock.ts";
import { JsonDocument, membersOf, SERVERS } from "./document.ts";
import { EntryFault } from "./entry_fault.ts";
import { readText } from "./file.ts";
import { whereKept } from "./kept_file.ts";
import { nameFault, slugOf, unknownName } from "./names.ts";
import { judgeEntry, serversOf, subjectOf } from "./registry.ts";
import type { WrittenEntry } from "./schema.ts";
import { withMember, withOtherMember, withoutMember } from "./text_edit.ts";

/** How often an edit begins anew because the file was changed by another program meanwhile. */
const ATTEMPTS = 5;

/** A server to be added. */
export interface NewServer {
  readonly label: string;
  readonly written: WrittenEntry;
  /** Whether it may take the place of a server of that name. */
  readonly replace?: boolean;
}

/**
 * Puts a server into the file. All else in it stays as it is, byte for byte.
 *
 * @throws {BridgeError} `bad_name` with a name that is free, `bad_argument` for what no entry may say, `bad_registry`
 * @throws the system's own error where the disk does not take it; the file is then what it was.
 */
export async function addServer(file: string, server: NewServer, clock: Clock): Promise<void> {
  await edit(file, clock, async (text, document, labels) => {
    const existing = await judge(server, labels);
    return existing === undefined
      ? withMember(text, document, [SERVERS], server.label, server.written)
      : withOtherMember(text, document, [SERVERS], existing, server.written);
  });
}

/**
 * Whether a server could be added to the file as it is now; changes nothing.
 *
 * @throws {BridgeError} as `addServer`
 */
export async function checkServer(file: string, server: NewServer): Promise<void> {
  const document = await JsonDocument.parse(await readText(file) ?? EMPTY, file);
  await judge(server, labelsOf(document, file));
}

/** Throws where a server cannot be added; gives the label of the one whose place it takes. */
async function judge({ label, written, replace = false }: NewServer, labels: string[]): Promise<string | undefined> {
  const taken = new Map(labels.map((other) => [slugOf(other), other]));
  const existing = replace ? taken.get(slugOf(label)) : undefined;
  const fault = existing === undefined ? nameFault(label, taken) : undefined;
  if (fault !== undefined) {
    const instead = `choose another name, for example ${JSON.stringify(fault.proposal)}`;
    throw new BridgeError("bad_name", `${quoted(label)} ${fault.text}`, {
      hint: taken.has(slugOf(label)) ? `${instead}, or add "--replace"` : instead,
    });
  }
  await ensureGood(label, written);
  return existing;
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
    return withoutMember(text, document, [SERVERS], label);
  });
  return removed;
}

/** What a new file begins with. */
const EMPTY = `{\n  "${SERVERS}": {}\n}\n`;

type Change = (text: string, document: JsonDocument, labels: string[]) => Promise<string>;

/** Our own edits wait for each other; one that another program made meanwhile is met by beginning anew. */
async function edit(file: string, clock: Clock, change: Change): Promise<void> {
  const folder = await makePrivateFolder(file.slice(0, Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\"))));
  await withFileLock(`${folder}/servers.lock`, async () => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await readText(file);
      const text = found ?? EMPTY;
      const document = await JsonDocument.parse(text, file);
      const next = await change(text, document, labelsOf(document, file));
      await JsonDocument.parse(next, file);
      if (await readText(file) !== found) continue;
      await sweepDrafts(file, "alone");
      await replacePrivateFile(await ownPlace(file), new TextEncoder().encode(next));
      return;
    }
    throw new BridgeError("bad_registry", `${JSON.stringify(file)} is being changed by another program all the time`, {
      hint: "end that one, and try again",
    });
  }, { clock });
}

/** Where the file is that is to be changed; a link to it stays. */
async function ownPlace(file: string): Promise<string> {
  const { path, isSystems } = await whereKept(file);
  if (!isSystems) return path;
  throw new BridgeError(
    "unsafe_file",
    `${JSON.stringify(file)} leads to ${JSON.stringify(path)}, which is the system's`,
    {
      hint: "change it where that file is made",
    },
  );
}

/** The names of the servers; one that stands twice cannot be edited without taking sides. */
function labelsOf(document: JsonDocument, file: string): string[] {
  const list = serversOf(document, file);
  const [labels, members] = [list === undefined ? [] : membersOf(list), membersOf(document.root)]
    .map((members) => members.map(({ name }) => name)) as [string[], string[]];
  const twice = labels.find((label, place) => labels.indexOf(label) !== place) ??
    (members.indexOf(SERVERS) === members.lastIndexOf(SERVERS) ? undefined : SERVERS);
  if (twice === undefined) return labels;
  throw new BridgeError("bad_registry", `${quoted(twice)} stands twice in ${JSON.stringify(file)}`, {
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

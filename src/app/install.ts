import { BridgeError, quoted } from "../platform/errors.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import { type Backup, Backups, digestOf, type KeptBackup } from "../registry/clients/backups.ts";
import type { Client, ClientEntry, Program } from "../registry/clients/client.ts";
import { readClientText } from "../registry/clients/client_file.ts";
import { underLock } from "../registry/clients/client_lock.ts";
import { replaceClientFile } from "../registry/clients/client_write.ts";
import { withEntry, withKeys, withoutEntry } from "../registry/clients/edit.ts";
import type { FoundClient } from "../registry/clients/find.ts";
import { readAllEntries } from "../registry/clients/projects.ts";
import { readClientFile } from "../registry/clients/read.ts";
import { earlierText } from "../registry/clients/restore.ts";

/** What is to become of a client's file; nothing for either text stands for no file. */
export interface Change {
  readonly client: Client;
  readonly file: string;
  /** The entries that come or go, by their names. */
  readonly names: readonly string[];
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The copies of clients' files that we keep. */
export function openBackups(surroundings: Surroundings): Backups {
  return new Backups(`${foldersOf(surroundings).state}/clients`);
}

/** Whether an entry runs this product, wherever its executable is. */
export function isOurs({ command }: Pick<ClientEntry, "command">): boolean {
  return command !== undefined && /(?:^|[/\\])mcp-bridge(?:\.exe)?$/i.test(command);
}

/** The entries of ours in a client's file, and how many there are in all. */
export async function lookAtClient(
  { client, file }: FoundClient,
): Promise<{ readonly ours: readonly ClientEntry[]; readonly all: number }> {
  const entries = await readAllEntries(client, (await readClientText(file))?.text ?? "", file);
  return { ours: entries.map(({ entry }) => entry).filter(isOurs), all: entries.length };
}

/**
 * The change that puts an entry into a client's file. One of that name that is ours is brought up to date; another one
 * only where `replace`.
 *
 * @throws {BridgeError} `bad_client_file`, `bad_name` for one that is there and not ours
 */
export async function planInstall(
  { client, file }: FoundClient,
  name: string,
  program: Program,
  replace: boolean,
): Promise<Change> {
  const before = (await readClientText(file))?.text;
  const existing = (await readClientFile(client, before ?? "", file)).find((entry) => entry.name === name);
  if (existing !== undefined && !isOurs(existing) && !replace) {
    throw new BridgeError(
      "bad_name",
      `${quoted(name)} is in ${JSON.stringify(file)} already, and is not ours`,
      {
        hint: 'add "--replace" to put ours in its place, or choose another name with "--name"',
      },
    );
  }
  const entry = client.write(program);
  const after = existing !== undefined && isOurs(existing)
    ? await updated(client, before!, file, existing, entry)
    : await withEntry(client, before ?? "", file, name, entry);
  return { client, file, names: [name], before, after };
}

/**
 * The change that takes our entries out of a client's file, or one of them by its name. Where nothing else was changed
 * since they came, the file is then what it was before, to the byte.
 *
 * @throws {BridgeError} `bad_client_file`; `unknown_name` where `mustBeThere`
 */
export async function planUninstall(
  { client, file }: FoundClient,
  name: string | undefined,
  backups: Backups,
  mustBeThere = true,
): Promise<Change> {
  const before = (await readClientText(file))?.text;
  const entries = await readAllEntries(client, before ?? "", file);
  const meant = entries.filter(({ entry }) => isOurs(entry) && (name === undefined || entry.name === name));
  const names = [...new Set(meant.map(({ entry }) => entry.name))];
  if (mustBeThere && name !== undefined && names.length === 0) {
    throw notOurs(name, entries.map(({ entry }) => entry), file);
  }
  if (before === undefined || names.length === 0) return { client, file, names, before, after: before };
  let after = before;
  for (const { client: place, entry } of meant) after = await withoutEntry(place, after, file, entry.name);
  const kept = (await backups.of(client.id, file)).map((backup) => backup.before ?? null);
  const earlier = await earlierText(client, after, file, kept);
  return { client, file, names, before, after: earlier === null ? undefined : earlier ?? after };
}

/**
 * The change that puts a client's file back to what it was before our last one.
 *
 * @throws {BridgeError} `bad_argument` where we changed nothing, `file_changed` where somebody else did since
 */
export async function planUndo(
  { client, file }: FoundClient,
  backups: Backups,
): Promise<Change & { readonly backup: KeptBackup }> {
  const before = (await readClientText(file))?.text;
  const kept = await backups.of(client.id, file);
  const backup = kept.find(({ after }) => after === (before === undefined ? undefined : digestOf(before)));
  if (backup !== undefined) return { client, file, names: [], before, after: backup.before, backup };
  if (kept.length === 0) {
    throw new BridgeError("bad_argument", `there is nothing to undo in ${JSON.stringify(file)}`, {
      hint: '"mcp-bridge install" shows which clients have entries of ours',
    });
  }
  throw new BridgeError("file_changed", `${JSON.stringify(file)} was changed since: putting it back would undo that`, {
    hint: `"mcp-bridge uninstall ${client.id}" takes our entries out`,
  });
}

/**
 * Carries a change out, and keeps the file as it was.
 *
 * @throws {BridgeError} `file_changed` where somebody else changed the file since the change was planned;
 * `bad_client_file`
 */
export async function carryOut({ client, file, before, after }: Change, backups: Backups): Promise<void> {
  const backup: Backup = {
    client: client.id,
    file,
    before,
    after: after === undefined ? undefined : digestOf(after),
  };
  await underLock(client, file, async () => {
    // Clients may have one file by links: what is done for one of them is done for the other.
    if ((await readClientText(file))?.text === after) return;
    // Before the file is touched: what is killed between the two leaves a backup that fits no file, and does no harm.
    await backups.keep(backup);
    await replaceClientFile(file, before, after);
  });
}

/** Carries an undoing out, of which nothing is kept. */
export async function carryOutUndo(
  { client, file, before, after, backup }: Change & { readonly backup: KeptBackup },
  backups: Backups,
): Promise<void> {
  await underLock(client, file, () => replaceClientFile(file, before, after));
  await backups.forget(backup);
}

/** The keys of an entry that say which program is started; the others are for people and clients to set. */
const PROGRAM_KEYS = ["type", "command", "args", "env", "environment"];

/** An entry of ours brought up to date; what people have added to it stays, variables of its environment too. */
async function updated(
  client: Client,
  text: string,
  file: string,
  existing: ClientEntry,
  written: Readonly<Record<string, unknown>>,
): Promise<string> {
  const old = existing.value as Readonly<Record<string, unknown>>;
  const keys: Record<string, unknown> = {};
  for (const key of PROGRAM_KEYS) {
    const value = written[key];
    const wanted = /^env/.test(key) && value !== undefined ? { ...existing.env, ...value } : value;
    if (wanted !== undefined && !Bun.deepEquals(wanted, plainCopy(old[key]))) keys[key] = wanted;
  }
  return Object.keys(keys).length === 0 ? text : await withKeys(client, text, file, existing.name, keys);
}

/** Tables of TOML come without a prototype. */
function plainCopy(value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : value;
}

function notOurs(name: string, entries: readonly ClientEntry[], file: string): BridgeError {
  const ours = entries.filter(isOurs).map((entry) => quoted(entry.name));
  const isThere = entries.some((entry) => entry.name === name);
  return new BridgeError(
    "unknown_name",
    isThere
      ? `${quoted(name)} in ${JSON.stringify(file)} is not ours`
      : `there is no ${quoted(name)} in ${JSON.stringify(file)}`,
    { hint: ours.length === 0 ? "there is no entry of ours in it" : `those of ours are ${ours.join(", ")}` },
  );
}

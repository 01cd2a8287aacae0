import {
  makePrivateFolder,
  readPrivateFile,
  removePrivateFile,
  replacePrivateFile,
} from "../../platform/private_files.ts";

/** How many copies of a client's file are kept. */
const KEPT = 10;
const FORMAT = 1;

/** A file of a client as it was before we changed it. */
export interface Backup {
  /** The id of the client. */
  readonly client: string;
  readonly file: string;
  /** What stood in it; nothing where there was no file. */
  readonly before: string | undefined;
  /** The SHA-256 of what we wrote, in hex; nothing where we took the file away. */
  readonly after: string | undefined;
}

/** A backup as it is kept. */
export interface KeptBackup extends Backup {
  /** Where its copy is, without the ending. */
  readonly place: string;
}

/** The copies of clients' files in a folder of ours, which is the user's alone. They may hold secrets of others. */
export class Backups {
  readonly #folder: string;

  /** `folder` need not exist yet. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Keeps a file as it was, and lets go of the oldest ones.
   *
   * @throws {BridgeError} `unsafe_file`
   * @throws the system's own error where the disk does not take it.
   */
  async keep(backup: Backup): Promise<void> {
    const { client, file, before, after } = backup;
    const folder = await makePrivateFolder(this.#folder);
    const number = 1 + Math.max(0, ...(await this.#namesOf(client)).map((name) => numberIn(name, client)));
    // Processes that keep something at the same time get the same number.
    const place = `${folder}/${client}-${String(number).padStart(8, "0")}-${crypto.randomUUID().slice(0, 8)}`;
    // The copy first: who is killed between the two leaves a copy that nobody takes for one.
    if (before !== undefined) await replacePrivateFile(`${place}.before`, bytesOf(before));
    const record = { format: FORMAT, client, file, hadFile: before !== undefined, after };
    await replacePrivateFile(`${place}.json`, bytesOf(`${JSON.stringify(record)}\n`));
    const older = (await this.of(client, file)).slice(KEPT);
    for (const { place } of older) await this.#remove(place);
  }

  /** What is kept of a client's file, the newest first. */
  async of(client: string, file: string): Promise<KeptBackup[]> {
    const backups: KeptBackup[] = [];
    for (const name of (await this.#namesOf(client)).sort().reverse()) {
      const backup = await this.#read(`${this.#folder}/${name.slice(0, -".json".length)}`);
      if (backup?.client === client && backup.file === file) backups.push(backup);
    }
    return backups;
  }

  /** Lets go of a backup that was put back. */
  async forget({ place }: KeptBackup): Promise<void> {
    await this.#remove(place);
  }

  /** The names of the records of a client. */
  async #namesOf(client: string): Promise<string[]> {
    const { existsSync, readdirSync } = await import("node:fs");
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).filter((name) => name.endsWith(".json") && numberIn(name, client) > 0);
  }

  async #remove(place: string): Promise<void> {
    await removePrivateFile(`${place}.json`);
    await removePrivateFile(`${place}.before`);
  }

  /** Nothing for what is damaged, or was written by a later version. */
  async #read(place: string): Promise<KeptBackup | undefined> {
    const record = recordIn(await readPrivateFile(`${place}.json`));
    if (record === undefined) return undefined;
    const { client, file, hadFile, after } = record;
    const before = hadFile === true ? textIn(await readPrivateFile(`${place}.before`)) : undefined;
    if (hadFile === true && before === undefined) return undefined;
    return { client: String(client), file: String(file), before, after: after as string | undefined, place };
  }
}

/** The name of a text: its SHA-256 in hex. */
export function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** The number in the name of a client's record; 0 in every other name. */
function numberIn(name: string, client: string): number {
  return name.startsWith(`${client}-`) ? Number(/^(\d{8})-/.exec(name.slice(client.length + 1))?.[1] ?? 0) : 0;
}

function recordIn(bytes: Uint8Array | undefined): Record<string, unknown> | undefined {
  try {
    const record = JSON.parse(textIn(bytes) ?? "");
    return record?.format === FORMAT ? record : undefined;
  } catch {
    return undefined;
  }
}

function textIn(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

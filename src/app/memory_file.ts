import { type Owner, ownerKey } from "../auth/owner.ts";
import { isObject } from "../bridge/answers.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import type { MemoryPlace } from "./memory.ts";

/** Longer values are not kept, in bytes. */
const LARGEST_VALUE = 65_536;
/** A longer file is none of ours, in bytes. */
const LARGEST_FILE = 16 * LARGEST_VALUE;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Keeps what runs learn in a file that only the user may read, which is not sealed: it holds what the server says of
 * itself, and neither its address nor a credential. Of two processes that write at once one is lost, and learnt anew.
 */
export class MemoryFile implements MemoryPlace {
  readonly #surroundings: Surroundings;
  readonly #owner: Owner;
  #place: { readonly folder: string; readonly file: string } | undefined;

  constructor(surroundings: Surroundings, owner: Owner) {
    this.#surroundings = surroundings;
    this.#owner = owner;
  }

  /**
   * What is in a file that another user may have written counts for nothing. Without `private_files`, which would cost
   * each start 1.5 ms.
   *
   * @throws {BridgeError} `no_home`
   * @throws the system's own error where the file cannot be read.
   */
  async read(): Promise<Readonly<Record<string, unknown>>> {
    const { file } = this.#find();
    const size = sizeOf(file);
    if (size === 0 || size > LARGEST_FILE) return {};
    const [bytes, stats] = await Promise.all([Bun.file(file).bytes(), Bun.file(file).stat()]);
    return isOurs(stats) ? knownIn(bytes) : {};
  }

  /**
   * @throws {BridgeError} `no_home`, `unsafe_file`
   * @throws the system's own error where the file cannot be written.
   */
  async write(name: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > LARGEST_VALUE) return;
    const all = bytesOf({ ...await this.read(), [name]: value });
    const bytes = all.length > LARGEST_FILE ? bytesOf({ [name]: value }) : all;
    const { checkPrivateFolder, makePrivateFolder, replacePrivateFile } = await import("../platform/private_files.ts");
    const { folder, file } = this.#find();
    if (!await checkPrivateFolder(folder)) await makePrivateFolder(folder);
    await replacePrivateFile(file, bytes);
  }

  /** Forgets all of it. */
  async remove(): Promise<void> {
    const { file } = this.#find();
    if (sizeOf(file) === 0) return;
    const { removePrivateFile } = await import("../platform/private_files.ts");
    await removePrivateFile(file);
  }

  #find(): { readonly folder: string; readonly file: string } {
    if (this.#place !== undefined) return this.#place;
    const folder = `${foldersOf(this.#surroundings).state}/memory`;
    return this.#place = { folder, file: `${folder}/${sha256(ownerKey(this.#owner))}.json` };
  }
}

/** The account of whoever gives the value of `Authorization`, without that value. */
export function accountByHeader(authorization: string): string {
  return `authorization ${sha256(authorization)}`;
}

/** 0 for a file that is not there. Asks the system alone, at once: that costs less than to wait for it. */
function sizeOf(file: string): number {
  return Bun.file(file).size;
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & WRITABLE_BY_OTHERS) === 0);
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

function bytesOf(known: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: 1, known }));
}

/** What a file of ours holds; nothing is known where it is damaged, or none of ours. */
function knownIn(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(content) && content["version"] === 1 && isObject(content["known"]) ? content["known"] : {};
  } catch {
    return {};
  }
}

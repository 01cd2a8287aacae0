import { sweepDrafts } from "../platform/drafts.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { Notify } from "../platform/notice.ts";
import { readPrivateFile, removePrivateFile, replacePrivateFile } from "../platform/private_files.ts";
import { KEY_BYTES, type KeyKind, type KeyRecord } from "./seal.ts";

/** Where keys come from and go to. */
export interface KeySources {
  /** The vault's folder, by its real path. */
  readonly folder: string;
  readonly keychain: Keychain;
  /** Pins the kind; without it a vault keeps its own, and a new one takes the keychain where there is one. */
  readonly keyKind?: KeyKind | undefined;
  readonly passphrase?: string | undefined;
  readonly notify: Notify;
}

/** A key and what the header says of it. */
export interface Key {
  readonly record: KeyRecord;
  readonly key: Uint8Array;
}

/**
 * scrypt with 32 MiB, three times (OWASP Password Storage Cheat Sheet): as hard as 128 MiB once, which would be three
 * times the memory of the whole bridge. `Bun.password` has argon2id and gives no key.
 */
const SCRYPT = { N: 2 ** 15, r: 8, p: 3, maxmem: 2 ** 26 };
const SALT_BYTES = 16;
const NO_SALT = new Uint8Array();

/**
 * The key that a vault's header speaks of. The kind in the header is binding: nothing else is ever tried in its place,
 * and no key is made.
 *
 * @throws {BridgeError} `vault_locked`
 */
export async function findKey(record: KeyRecord, sources: KeySources): Promise<Uint8Array> {
  const { keyKind } = sources;
  if (keyKind !== undefined && keyKind !== record.kind) {
    throw locked(
      `its key is ${PLACES[record.kind]}, and "--vault-key" asks for "${keyKind}"`,
      `use "--vault-key ${record.kind}", or change the key with "mcp-bridge vault rotate"`,
    );
  }
  switch (record.kind) {
    case "keychain": {
      const found = await sources.keychain.get(record.name);
      if (found.kind === "key" && found.key.length === KEY_BYTES) return found.key;
      throw locked(
        `its key is in the keychain, and ${NOT_FOUND[found.kind]}`,
        'unlock the keychain and try again, or run "mcp-bridge doctor"',
      );
    }
    case "file": {
      const file = fileOf(record.name, sources.folder);
      const key = await readKeyFile(file);
      if (key !== undefined) return key;
      throw locked(
        `its key file ${JSON.stringify(file)} holds no key`,
        "bring the key file back from a backup, or move the vault away and sign in again",
      );
    }
    case "passphrase":
      return await stretch(sources.passphrase, record.salt);
  }
}

/**
 * Makes the key of a new vault, or the next one after `last`, and puts it where it belongs. A key that a process left
 * there which was killed before it had made its vault is taken over. Without a keychain the key goes to a file, and
 * that is said. The caller holds the vault's lock.
 *
 * @throws {BridgeError} `vault_locked` where the keychain is there and does not take it, or a passphrase is missing.
 * @throws the system's own error where the disk does not take it.
 */
export async function makeKey(sources: KeySources, last?: KeyRecord): Promise<Key> {
  const { folder, keychain, keyKind } = sources;
  if (keyKind === "passphrase") {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
    return { record: { kind: "passphrase", name: "", salt }, key: await stretch(sources.passphrase, salt) };
  }
  if (keyKind !== "file") {
    const name = keychainName(folder, last);
    const found = await keychain.get(name);
    if (found.kind === "key" && last === undefined && found.key.length === KEY_BYTES) {
      return { record: { kind: "keychain", name, salt: NO_SALT }, key: found.key };
    }
    if (found.kind === "locked_or_denied" || (found.kind === "absent" && keyKind === "keychain")) {
      throw locked(`its key belongs into the keychain, and ${NOT_FOUND[found.kind]}`, MAKE_HINT);
    }
    if (found.kind !== "absent") {
      const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
      await keychain.set(name, key);
      // One that is locked may take a key and not have it.
      const kept = await keychain.get(name);
      if (kept.kind === "key" && Buffer.compare(kept.key, key) === 0) {
        return { record: { kind: "keychain", name, salt: NO_SALT }, key };
      }
      throw locked("its key belongs into the keychain, and the keychain does not take it", MAKE_HINT);
    }
  }
  return await makeKeyFile(sources, last);
}

/** Drops a key that no vault uses any more; one that another folder's vault may use stays. Never fails. */
export async function dropKey({ kind, name }: KeyRecord, { folder, keychain }: KeySources): Promise<void> {
  if (kind === "file") await removePrivateFile(fileOf(name, folder)).catch(() => {});
  else if (kind === "keychain" && name.startsWith(keychainBase(folder))) await keychain.delete(name);
}

async function makeKeyFile({ folder, keyKind, notify }: KeySources, last?: KeyRecord): Promise<Key> {
  const name = last?.name === KEY_FILES[0] ? KEY_FILES[1] : KEY_FILES[0];
  const file = fileOf(name, folder);
  let key = last === undefined ? await readKeyFile(file) : undefined;
  if (key === undefined) {
    key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    await sweepDrafts(file, "alone");
    await replacePrivateFile(file, new TextEncoder().encode(`${Buffer.from(key).toString("base64")}\n`));
  }
  const where = `the key of the vault is kept in ${JSON.stringify(file)}, which only your user may read`;
  if (keyKind === "file") notify({ level: "info", text: where });
  else notify({ level: "warn", text: `there is no keychain on this machine: ${where}` });
  return { record: { kind: "file", name, salt: NO_SALT }, key };
}

/** Two places, so that the next key can be put down while the last one still counts. */
const KEY_FILES = ["vault-a.key", "vault-b.key"] as const;

/** Nothing where there is no file, or no key in it. */
async function readKeyFile(file: string): Promise<Uint8Array | undefined> {
  const bytes = await readPrivateFile(file);
  const text = bytes === undefined ? "" : new TextDecoder().decode(bytes).trim();
  const key = Buffer.from(text, "base64");
  return key.length === KEY_BYTES ? key : undefined;
}

function fileOf(name: string, folder: string): string {
  if ((KEY_FILES as readonly string[]).includes(name)) return `${folder}/${name}`;
  throw locked("its header names a key file that is none", "move the vault away and sign in again");
}

/** The keychain serves all folders of a user, so that names in it say which. */
function keychainName(folder: string, last: KeyRecord | undefined): string {
  const base = keychainBase(folder);
  return last?.name === `${base}a` ? `${base}b` : `${base}a`;
}

function keychainBase(folder: string): string {
  return `vault ${new Bun.CryptoHasher("sha256").update(folder).digest("hex").slice(0, 16)} `;
}

async function stretch(passphrase: string | undefined, salt: Uint8Array): Promise<Uint8Array> {
  if (passphrase === undefined || passphrase === "") {
    throw locked("its key is a passphrase, and none was given", "set MCP_BRIDGE_PASSPHRASE");
  }
  const { scrypt } = await import("node:crypto");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  scrypt(passphrase.normalize("NFC"), salt, KEY_BYTES, SCRYPT, (error, key) => error ? reject(error) : resolve(key));
  return await promise;
}

const PLACES = { keychain: "in the keychain", file: "in a file", passphrase: "a passphrase" } as const;

const NOT_FOUND = {
  key: "what stands there is no key",
  empty: "the keychain is locked, or lost it",
  absent: "there is no keychain here",
  locked_or_denied: "the keychain is locked, or does not let us",
} as const;

const MAKE_HINT = 'unlock the keychain and try again, or choose another place with "--vault-key file"';

/** A vault that cannot be opened, with why (lower case, "its key ...") and the cure. */
export function locked(why: string, hint: string): BridgeError {
  return new BridgeError("vault_locked", `cannot open the vault: ${why}`, { hint });
}

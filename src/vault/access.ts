import { vaultFile } from "./place.ts";
import { type Clock, jittered } from "../platform/clock.ts";
import { sweepDrafts } from "../platform/drafts.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { Notify } from "../platform/notice.ts";
import {
  checkPrivateFile,
  checkPrivateFolder,
  makePrivateFolder,
  removePrivateFile,
  replacePrivateFile,
} from "../platform/private_files.ts";
import { findKey, type KeySources, locked, makeKey } from "./key.ts";
import { withFileLock } from "./lock.ts";
import { type KeyKind, makeSeal, type Seal } from "./seal.ts";
import { Again, Damage, type Header, Store } from "./store.ts";
import { toVaultError } from "./unwritable.ts";

/** Which vault it is, and what it needs of the world. */
export interface VaultOptions {
  /** An absolute path; made where it is missing. */
  readonly folder: string;
  readonly keychain: Keychain;
  /** Pins where the key comes from. */
  readonly keyKind?: KeyKind | undefined;
  readonly passphrase?: string | undefined;
  readonly notify: Notify;
  readonly clock: Clock;
  /** Whether a damaged file stays where it is; else it gets another name, so that the next use begins anew. */
  readonly leavesDamage?: boolean;
}

/** What stands in the folder beside the keys and the locks of credentials. */
const MAKING_LOCK = "vault.lock";
const DAMAGE_LOCK = "damage.lock";
/** Other processes hold the file for milliseconds. */
const POLL_MS = 10;
const LONGEST_WAIT_MS = 10_000;

/** Reads and writes of rows, all at once, while the vault is still sealed by the key that was found. */
export interface Turn {
  /** As `Store.reading`. */
  reading<T>(work: () => T): T;
  /** As `Store.writing`. */
  writing<T>(work: () => T): T;
}

/**
 * The way to the rows of a vault. Each use opens the file and closes it again, so that one that was replaced, damaged
 * or taken away meanwhile is met as it is; the seal alone is remembered.
 */
export class Access {
  readonly #options: VaultOptions;
  /** The folder's real path, once this process has made it or seen to it; on Windows that starts two programs. */
  #made: string | undefined;
  #known: { fingerprint: string; seal: Promise<Seal> } | undefined;

  constructor(options: VaultOptions) {
    this.#options = options;
  }

  /** Where the vault's file is, or will be. */
  get file(): string {
    return vaultFile(this.#options.folder);
  }

  /**
   * Runs `work` with the open vault and its seal; gives nothing where there is no vault. `work` runs again when another
   * process was in the way, or has changed the key, so it changes things in a single `writing` of its turn alone.
   *
   * @throws {BridgeError} `vault_locked`, `vault_damaged`, `vault_newer`, `vault_unwritable`, `vault_busy`, `unsafe_file`
   */
  async use<T>(work: (store: Store, seal: Seal, turn: Turn) => Promise<T>): Promise<T | undefined> {
    return await this.look(async (store) => {
      const header = store.header;
      const seal = await this.#sealOf(header, store);
      function still<R>(read: () => R): R {
        ensureStill(header, store);
        return read();
      }
      return await work(store, seal, {
        reading: (read) => store.reading(() => still(read)),
        writing: (write) => store.writing(() => still(write)),
      });
    });
  }

  /** The same without the key. */
  async look<T>(work: (store: Store) => Promise<T>): Promise<T | undefined> {
    let late = false;
    const timer = this.#options.clock.after(LONGEST_WAIT_MS, () => late = true);
    try {
      for (;;) {
        try {
          using store = await this.#open();
          return store && await work(store);
        } catch (thrown) {
          if (!(thrown instanceof Again)) throw thrown;
          if (late) throw busy(thrown);
        }
        // Bun's own sleep keeps the process alive, which has perhaps nothing else to do; the clock's timers do not.
        await Bun.sleep(jittered(POLL_MS));
      }
    } catch (thrown) {
      if (thrown instanceof Damage) throw await this.#keepAside(thrown);
      throw toVaultError(thrown);
    } finally {
      timer.cancel();
    }
  }

  /** Makes the vault with its folder and its key, unless it is there. */
  async make(): Promise<void> {
    await this.alone(async () => {
      const sources = await this.sources();
      const file = vaultFile(sources.folder);
      if (await checkPrivateFile(file)) return;
      const { record, key } = await makeKey(sources);
      const seal = await makeSeal(key);
      const fingerprint = seal.fingerprint(record);
      const image = await Store.image({ ...record, fingerprint }, []);
      // SQLite would play the journal of an earlier vault into the new one.
      await removePrivateFile(`${file}-journal`);
      await sweepDrafts(file, "alone");
      await replacePrivateFile(file, image);
      this.#known = { fingerprint, seal: Promise.resolve(seal) };
    });
  }

  /** Runs `work` while no other process makes the vault or changes its key. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    return await this.locked(MAKING_LOCK, async () => {
      try {
        return await work();
      } catch (thrown) {
        throw toVaultError(thrown);
      }
    });
  }

  /** Runs `work` under the lock in the file `name` of the vault's folder. */
  async locked<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { clock } = this.#options;
    const { folder } = await this.sources();
    return await withFileLock(`${folder}/${name}`, work, { clock, signal });
  }

  /** Where keys come from, with the folder, which is made if need be, by its real path. */
  async sources(): Promise<KeySources> {
    try {
      const made = this.#made !== undefined && await checkPrivateFolder(this.#made);
      if (!made) this.#made = await makePrivateFolder(this.#options.folder);
      return { ...this.#options, folder: this.#made! };
    } catch (thrown) {
      throw toVaultError(thrown);
    }
  }

  /** Forgets the key. */
  close(): void {
    this.#known = undefined;
  }

  async #open(): Promise<Store | undefined> {
    const { folder } = this.#options;
    if (!(await checkPrivateFolder(folder))) return undefined;
    const { realpathSync } = await import("node:fs");
    const file = vaultFile(realpathSync(folder));
    if (!(await checkPrivateFile(file))) return undefined;
    await checkPrivateFile(`${file}-journal`);
    return await Store.open(file);
  }

  async #sealOf(header: Header, store: Store): Promise<Seal> {
    const { fingerprint } = header;
    if (this.#known?.fingerprint !== fingerprint) this.#known = { fingerprint, seal: this.#unlock(header) };
    try {
      return await this.#known.seal;
    } catch (thrown) {
      this.#known = undefined;
      // The key may have been changed, and the one that was looked for dropped, since the header was read.
      ensureStill(header, store);
      throw thrown;
    }
  }

  async #unlock(header: Header): Promise<Seal> {
    const { realpathSync } = await import("node:fs");
    const seal = await makeSeal(
      await findKey(header, { ...this.#options, folder: realpathSync(this.#options.folder) }),
    );
    if (seal.fingerprint(header) === header.fingerprint) return seal;
    throw wrongKey(header.kind);
  }

  /** Gives a damaged file another name, so that nothing overwrites it, and says so. */
  async #keepAside(damage: Damage): Promise<BridgeError> {
    if (this.#options.leavesDamage) return damaged(damage, "sign in again; the damaged file is then kept aside");
    const aside = await this.locked(DAMAGE_LOCK, async () => {
      try {
        using store = await this.#open();
        // What is damaged may show to who reads rows alone; otherwise another process has been quicker.
        store?.checkPages();
        return undefined;
      } catch (thrown) {
        if (!(thrown instanceof Damage)) return undefined;
        return await setAside((await this.sources()).folder, this.#options.clock.now());
      }
    });
    return damaged(
      damage,
      `sign in again${aside === undefined ? "" : `; the damaged file is kept as ${JSON.stringify(aside)}`}`,
    );
  }
}

function damaged(damage: Damage, hint: string): BridgeError {
  return new BridgeError("vault_damaged", `the vault ${damage.message}`, { hint, cause: damage });
}

/** Renames the vault's file and its journal, and gives the file's new name. */
async function setAside(folder: string, now: number): Promise<string> {
  const { existsSync, renameSync } = await import("node:fs");
  const file = vaultFile(folder);
  const stamp = new Date(now).toISOString().replace(/[-:]|\..*/g, "");
  let aside = `${file}.damaged-${stamp}`;
  for (let next = 2; existsSync(aside); next++) aside = `${file}.damaged-${stamp}-${next}`;
  // The journal first: left alone it would be played into the next vault.
  if (existsSync(`${file}-journal`)) renameSync(`${file}-journal`, `${aside}-journal`);
  renameSync(file, aside);
  return aside;
}

function ensureStill(header: Header, store: Store): void {
  if (store.header.fingerprint !== header.fingerprint) throw new Again("the key was changed");
}

/** The key that was found opens nothing here. */
export function wrongKey(kind: KeyKind): BridgeError {
  return kind === "passphrase"
    ? locked("its key is a passphrase, and not the one that was given", "set MCP_BRIDGE_PASSPHRASE to the one it has")
    : locked("the key that was found is not its own", "bring its key back from a backup, or move the vault away");
}

function busy(cause: Again): BridgeError {
  return new BridgeError("vault_busy", "another process has kept the vault's file busy for 10 s", {
    hint: "end what reads or copies it, then try again",
    cause,
  });
}

import { Access, type VaultOptions } from "./access.ts";
import { openRows } from "./entries.ts";
import { FORMAT, type KeyKind } from "./seal.ts";
import { Again } from "./store.ts";

/**
 * What the vault keeps apart: credentials, registrations, sign-ins that wait, what a run learns, our endpoint's token,
 * sign-ins of other programs.
 */
export const TABLES = ["grants", "tokens", "clients", "pending", "memory", "endpoint", "imported"] as const;

/** One of `TABLES`. */
export type Table = typeof TABLES[number];

/** Secrets at rest: JSON values by table and key, sealed, shared by all processes of a user. */
export interface Vault {
  /** The JSON value under a key; nothing where there is none. @throws {BridgeError} vault_locked, vault_damaged, vault_newer */
  get(table: Table, key: string): Promise<unknown>;
  /** Seals a JSON value under a key. @throws {BridgeError} vault_unwritable */
  put(table: Table, key: string, value: unknown): Promise<void>;
  /**
   * Changes a row in one transaction: `change` sees the current value and gives the next one; `undefined` removes it.
   * Gives the value that stands then. `change` is called again when another process was quicker.
   */
  update(table: Table, key: string, change: (current: unknown) => unknown): Promise<unknown>;
  /** Removes a row; nothing happens where there is none. */
  remove(table: Table, key: string): Promise<void>;
  /** The keys of a table with their values, in the order of the keys. A row that is damaged is left out, and that is said. */
  entries(table: Table): Promise<{ key: string; value: unknown }[]>;
  /** Holds the lock `name` (a credential, say) while `work` runs, across processes. @throws {BridgeError} vault_busy */
  withLock<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** What there is to say without the key. */
  status(): Promise<VaultStatus>;
  /** Forgets the key; the next use finds it again. */
  close(): void;
}

/** What there is to say of a vault without its key. */
export interface VaultStatus {
  readonly file: string;
  readonly exists: boolean;
  /** Nothing where there is no vault. */
  readonly keyKind: KeyKind | undefined;
  readonly format: number;
  readonly rows: number;
}

/**
 * Opens lazily: nothing is read or created until the first use, and a `get` on a vault that does not exist creates
 * nothing and asks no keychain.
 */
export function openVault(options: VaultOptions): Vault {
  const access = new Access(options);

  return {
    async get(table, key): Promise<unknown> {
      return await access.use(async (store, seal, turn) => {
        const id = seal.rowId(table, key);
        const sealed = turn.reading(() => store.row(table, id));
        return sealed && (await seal.open(table, id, sealed)).value;
      });
    },
    async put(table, key, value): Promise<void> {
      for (;;) {
        const done = await access.use(async (store, seal, turn) => {
          const id = seal.rowId(table, key);
          const sealed = await seal.close(table, id, { key, value });
          turn.writing(() => {
            store.write({ table, id, sealed });
          });
          return true;
        });
        if (done) return;
        await access.make();
      }
    },
    async update(table, key, change): Promise<unknown> {
      for (;;) {
        const done = await access.use(async (store, seal, turn) => {
          const id = seal.rowId(table, key);
          const before = turn.reading(() => store.row(table, id));
          const next = change(before && (await seal.open(table, id, before)).value);
          const sealed = next === undefined ? undefined : await seal.close(table, id, { key, value: next });
          turn.writing(() => {
            if (!same(store.row(table, id), before)) throw new Again("the row was changed");
            if (sealed === undefined) store.remove(table, id);
            else store.write({ table, id, sealed });
          });
          return { next };
        });
        if (done !== undefined) return done.next;
        if (change(undefined) === undefined) return undefined;
        await access.make();
      }
    },
    async remove(table, key): Promise<void> {
      await access.use((store, seal, turn) => {
        const id = seal.rowId(table, key);
        turn.writing(() => {
          store.remove(table, id);
        });
        return Promise.resolve();
      });
    },
    async entries(table): Promise<{ key: string; value: unknown }[]> {
      return await access.use(async (store, seal, turn) => {
        const rows = turn.reading(() => store.rows(table));
        const entries = await openRows(rows, seal, options.notify);
        return entries.map(({ key, value }) => ({ key, value }));
      }) ?? [];
    },
    async withLock<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
      const file = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 32);
      return await access.locked(`${file}.lock`, work, signal);
    },
    async status(): Promise<VaultStatus> {
      const found = await access.look((store) =>
        Promise.resolve({ keyKind: store.header.kind, format: store.format, rows: store.count })
      );
      const none = { keyKind: undefined, format: FORMAT, rows: 0 };
      return { file: access.file, exists: found !== undefined, ...found ?? none };
    },
    close(): void {
      access.close();
    },
  };
}

function same(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0;
}

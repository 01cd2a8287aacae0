import { Access, type VaultOptions } from "./access.ts";
import { openRows } from "./entries.ts";
import { dropKey, makeKey } from "./key.ts";
import { type KeyKind, makeSeal } from "./seal.ts";
import { Again, type Row } from "./store.ts";

/** What the vault is to be sealed with from now on. */
export interface NextKey {
  /** Another place for the key; without it the new key goes where the last one is. */
  readonly keyKind?: KeyKind | undefined;
  /** The passphrase from now on, for a key of that kind. */
  readonly passphrase?: string | undefined;
}

/**
 * Seals all rows under a new key, in one transaction, and drops the last key; gives how many rows there were. `options`
 * say how the vault opens now. A row that is damaged stays as it is. Whenever the process is killed, one of the two
 * keys opens the vault, and its header says which. Gives 0 where there is no vault.
 *
 * @throws {BridgeError} `vault_locked`, `vault_damaged`, `vault_newer`, `vault_unwritable`, `vault_busy`
 */
export async function rotateKey(options: VaultOptions, next: NextKey = {}): Promise<number> {
  const access = new Access(options);
  if (!(await access.look(() => Promise.resolve(true)))) return 0;
  return await access.alone(async () => {
    const sources = await access.sources();
    // Opened before a key is made, so that whoever has no right to this one changes nothing.
    const last = await access.use((store) => Promise.resolve(store.header));
    if (last === undefined) return 0;
    const keyKind = next.keyKind ?? last.kind;
    const passphrase = next.passphrase ?? sources.passphrase;
    const { key, record } = await makeKey({ ...sources, keyKind, passphrase }, last);
    const fresh = await makeSeal(key);
    const count = await access.use(async (store, seal, turn) => {
      const before = turn.reading(() => store.rows());
      const entries = await openRows(before, seal, options.notify);
      const sealed: Row[] = [];
      for (const { row: { table }, key, value } of entries) {
        const id = fresh.rowId(table, key);
        sealed.push({ table, id, sealed: await fresh.close(table, id, { key, value }) });
      }
      turn.writing(() => {
        if (!sameRows(store.rows(), before)) throw new Again("a row was changed");
        store.setHeader({ ...record, fingerprint: fresh.fingerprint(record) });
        for (const { row } of entries) store.remove(row.table, row.id);
        for (const row of sealed) store.write(row);
      });
      return sealed.length;
    });
    await dropKey(last, sources);
    return count ?? 0;
  });
}

function sameRows(some: readonly Row[], others: readonly Row[]): boolean {
  return some.length === others.length && some.every(({ table, id, sealed }, place) => {
    const other = others[place]!;
    return table === other.table && Buffer.compare(id, other.id) === 0 && Buffer.compare(sealed, other.sealed) === 0;
  });
}

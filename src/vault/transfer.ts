import { BridgeError } from "../platform/errors.ts";
import { Access, type VaultOptions, wrongKey } from "./access.ts";
import { openRows } from "./entries.ts";
import { findKey, makeKey } from "./key.ts";
import { makeSeal, type Seal } from "./seal.ts";
import { Damage, type Row, Store } from "./store.ts";

/** A sign-in that waits belongs to the machine whose port it names. */
const STAYS = "pending";

/**
 * The vault under a passphrase, as the bytes of a file, to be taken to another machine: it is a vault itself. From then
 * on one of the two should be used: a server that sees an old refresh token ends the sign-in of both.
 *
 * @throws {BridgeError} `vault_locked`, also for an empty passphrase; `vault_damaged`, `vault_newer`, `vault_busy`
 */
export async function exportVault(options: VaultOptions, passphrase: string): Promise<Uint8Array> {
  const access = new Access(options);
  const { key, record } = await makeKey({ ...options, keyKind: "passphrase", passphrase });
  const fresh = await makeSeal(key);
  const rows =
    await access.use((store, seal, turn) => resealed(turn.reading(() => store.rows()), seal, fresh, options)) ?? [];
  return await Store.image({ ...record, fingerprint: fresh.fingerprint(record) }, rows);
}

/**
 * Takes what `exportVault` gave into this machine's vault, in one transaction; what stands there under the same keys is
 * replaced. Gives how many rows came; one that is damaged is left out, and that is said.
 *
 * @throws {BridgeError} `vault_locked` for another passphrase; `vault_damaged` for bytes that are no such file; `vault_newer`,
 * `vault_unwritable`, `vault_busy`
 */
export async function importVault(options: VaultOptions, bytes: Uint8Array, passphrase: string): Promise<number> {
  using source = await openImage(bytes);
  const { header } = source;
  if (header.kind !== "passphrase") throw notExported();
  const from = await makeSeal(await findKey(header, { ...options, keyKind: undefined, passphrase }));
  if (from.fingerprint(header) !== header.fingerprint) throw wrongKey(header.kind);
  const access = new Access(options);
  for (;;) {
    const count = await access.use(async (store, seal, turn) => {
      const rows = await resealed(source.rows(), from, seal, options);
      turn.writing(() => {
        for (const row of rows) store.write(row);
      });
      return rows.length;
    });
    if (count !== undefined) return count;
    await access.make();
  }
}

/** The rows that travel, sealed anew. */
async function resealed(source: readonly Row[], from: Seal, to: Seal, { notify }: VaultOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { row: { table }, key, value } of await openRows(source, from, notify)) {
    if (table === STAYS) continue;
    const id = to.rowId(table, key);
    rows.push({ table, id, sealed: await to.close(table, id, { key, value }) });
  }
  return rows;
}

async function openImage(bytes: Uint8Array): Promise<Store> {
  try {
    return await Store.read(bytes);
  } catch (thrown) {
    throw thrown instanceof Damage ? notExported(thrown) : thrown;
  }
}

function notExported(cause?: Damage): BridgeError {
  return new BridgeError("vault_damaged", "the file to import is no exported vault", {
    hint: 'make it with "mcp-bridge vault export"',
    cause,
  });
}

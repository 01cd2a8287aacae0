import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { Content, Seal } from "./seal.ts";
import type { Row } from "./store.ts";

/** A row whose seal was opened. */
export interface Entry extends Content {
  readonly row: Row;
}

/** Opens rows, in the order of their keys. What is damaged is left out, and said. */
export async function openRows(rows: readonly Row[], seal: Seal, notify: Notify): Promise<Entry[]> {
  const entries: Entry[] = [];
  let damaged = 0;
  for (const row of rows) {
    try {
      entries.push({ row, ...await seal.open(row.table, row.id, row.sealed) });
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      damaged++;
    }
  }
  if (damaged > 0) {
    const what = damaged === 1 ? "a row of the vault is" : `${damaged} rows of the vault are`;
    notify({ level: "warn", text: `${what} not what was written, and left out: sign in again where it is asked for` });
  }
  return entries.sort((one, other) => one.key < other.key ? -1 : 1);
}

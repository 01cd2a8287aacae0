import type { Database } from "bun:sqlite";

/** `SQLITE_OPEN_NOFOLLOW`, for which Bun has no name. */
const NOFOLLOW = 0x0100_0000;

/**
 * Opens a file that is there as a database of SQLite; `file` stands in a folder named by its real path. Statements are
 * made with `query` and the end is `close(true)`: any other way leaves the file open until the garbage is collected.
 */
export async function openDatabase(file: string): Promise<Database> {
  const { constants, Database } = await import("bun:sqlite");
  return new Database(file, constants.SQLITE_OPEN_READWRITE | NOFOLLOW);
}

/** SQLite's name for a failure, or the system's. */
export function codeOf(thrown: unknown): string {
  return (thrown as { code?: string }).code ?? "unknown";
}

/** Whether another process has what was asked for, so that it is worth asking again. */
export function isBusy(thrown: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(thrown));
}

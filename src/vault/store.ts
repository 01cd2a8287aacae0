import type { Database } from "bun:sqlite";
import { BridgeError } from "../platform/errors.ts";
import { codeOf, isBusy, openDatabase } from "./database.ts";
import { FORMAT, KEY_KINDS, type KeyRecord } from "./seal.ts";
import { toVaultError } from "./unwritable.ts";

/** The first row of the vault: which key seals it, and how to know that key. */
export interface Header extends KeyRecord {
  /** Of `Seal.fingerprint`. */
  readonly fingerprint: string;
}

/** A sealed row. */
export interface Row {
  readonly table: string;
  readonly id: Uint8Array;
  readonly sealed: Uint8Array;
}

/** `mcpb`, by which `file` and SQLite know whose database it is. */
const APPLICATION_ID = 0x6d63_7062;

const SCHEMA = [
  `PRAGMA application_id = ${APPLICATION_ID}`,
  `PRAGMA user_version = ${FORMAT}`,
  "CREATE TABLE header (one INTEGER PRIMARY KEY CHECK (one = 1), kind TEXT, name TEXT, salt BLOB, fingerprint TEXT)",
  "CREATE TABLE sealed (part TEXT, id BLOB, content BLOB, PRIMARY KEY (part, id)) WITHOUT ROWID",
];

/** Thrown by a store where trying again is worth it: another process is writing, or has put a new file in place. */
export class Again extends Error {}

/** Thrown by a store whose file is not as it was written; the message goes on from "the vault". */
export class Damage extends Error {}

/** The rows of one open database, sealed as they are. */
export class Store implements Disposable {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Opens the file of a vault, which is there.
   *
   * @throws {Damage} where it is no vault of ours.
   * @throws {Again}
   * @throws {BridgeError} `vault_newer`, `vault_unwritable`
   */
  static async open(file: string): Promise<Store> {
    const { statSync } = await import("node:fs");
    let database: Database;
    try {
      database = await openDatabase(file);
    } catch (thrown) {
      throw translate(thrown);
    }
    return checked(new Store(database), () => statSync(file).size);
  }

  /** The same for the bytes of `image`. */
  static async read(bytes: Uint8Array): Promise<Store> {
    const { Database } = await import("bun:sqlite");
    if (bytes.length === 0) throw new Damage("is empty");
    return checked(new Store(Database.deserialize(bytes)), () => bytes.length);
  }

  /** The bytes of a vault with these rows. */
  static async image(header: Header, rows: readonly Row[]): Promise<Uint8Array> {
    const { Database } = await import("bun:sqlite");
    const database = new Database(":memory:");
    using store = new Store(database);
    for (const statement of SCHEMA) database.run(statement);
    store.setHeader(header);
    for (const row of rows) store.write(row);
    return database.serialize();
  }

  /** The format of the file. */
  get format(): number {
    return this.#all<{ format: number }>("SELECT user_version AS format FROM pragma_user_version")[0]!.format;
  }

  get header(): Header {
    const [header] = this.#all<Header>("SELECT kind, name, salt, fingerprint FROM header");
    if (header === undefined || !isHeader(header)) throw new Damage("has no header");
    return header;
  }

  setHeader({ kind, name, salt, fingerprint }: Header): void {
    this.#run("REPLACE INTO header VALUES (1, ?, ?, ?, ?)", kind, name, salt, fingerprint);
  }

  row(table: string, id: Uint8Array): Uint8Array | undefined {
    return this.#all<Row>("SELECT content AS sealed FROM sealed WHERE part = ? AND id = ?", table, id)[0]?.sealed;
  }

  /** The rows of a table, or of all of them. */
  rows(table?: string): Row[] {
    const rows = 'SELECT part AS "table", id, content AS sealed FROM sealed';
    return table === undefined ? this.#all<Row>(rows) : this.#all<Row>(`${rows} WHERE part = ?`, table);
  }

  get count(): number {
    return this.#all<{ count: number }>("SELECT count(*) AS count FROM sealed")[0]!.count;
  }

  write({ table, id, sealed }: Row): void {
    this.#run("REPLACE INTO sealed VALUES (?, ?, ?)", table, id, sealed);
  }

  remove(table: string, id: Uint8Array): void {
    this.#run("DELETE FROM sealed WHERE part = ? AND id = ?", table, id);
  }

  /** Runs `work` so that no other process writes in between. */
  reading<T>(work: () => T): T {
    return this.#transaction("BEGIN", work);
  }

  /** Runs `work` so that all that it writes stands, even if the machine stops, or none of it. */
  writing<T>(work: () => T): T {
    // FULL: what was committed is on the disk. What is removed is overwritten with zeros.
    this.#run("PRAGMA synchronous = FULL");
    this.#all("PRAGMA secure_delete = ON");
    return this.#transaction("BEGIN IMMEDIATE", work);
  }

  [Symbol.dispose](): void {
    this.#database.close(true);
  }

  #transaction<T>(begin: string, work: () => T): T {
    this.#run(begin);
    try {
      const result = work();
      this.#run("COMMIT");
      return result;
    } catch (thrown) {
      // SQLite has ended some failed transactions itself.
      if (this.#database.inTransaction) this.#run("ROLLBACK");
      throw thrown;
    }
  }

  #run(statement: string, ...values: (string | Uint8Array)[]): void {
    try {
      this.#database.query(statement).run(...values);
    } catch (thrown) {
      throw translate(thrown);
    }
  }

  #all<T>(statement: string, ...values: (string | Uint8Array)[]): T[] {
    try {
      return this.#database.query<T, (string | Uint8Array)[]>(statement).all(...values);
    } catch (thrown) {
      throw translate(thrown);
    }
  }

  /**
   * Looks at every page, which costs as much as reading the file.
   *
   * @throws {Damage} where one is not as it was written, though nobody has asked for what stands there
   */
  checkPages(): void {
    const [first] = this.#all<{ found: string }>("SELECT quick_check AS found FROM pragma_quick_check(1)");
    if (first?.found !== "ok") throw new Damage("is not what was written");
  }

  /** Whether it is a vault of `size` bytes; no other process writes in between. */
  check(size: () => number): void {
    this.reading(() => {
      const { owner } = this.#all<{ owner: number }>("SELECT application_id AS owner FROM pragma_application_id")[0]!;
      if (owner !== APPLICATION_ID) throw new Damage("is not what was written");
      if (this.format > FORMAT) {
        throw new BridgeError("vault_newer", `the vault was written by a later mcp-bridge (format ${this.format})`, {
          hint: "use that version, or set MCP_BRIDGE_HOME to another folder",
        });
      }
      void this.header;
      const pages = this.#all<{ bytes: number }>(
        "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
      );
      // To SQLite what is cut off a last page is zeros.
      if (pages[0]!.bytes !== size()) throw new Damage("is not what was written");
    });
  }
}

function isHeader({ kind, name, salt, fingerprint }: Header): boolean {
  return KEY_KINDS.includes(kind) && typeof name === "string" && salt instanceof Uint8Array &&
    typeof fingerprint === "string";
}

/** Opening reads nothing; what the file is shows here. */
function checked(store: Store, size: () => number): Store {
  try {
    store.check(size);
    return store;
  } catch (thrown) {
    store[Symbol.dispose]();
    throw thrown;
  }
}

/** What a failure of SQLite means for the vault. */
function translate(thrown: unknown): unknown {
  const code = codeOf(thrown);
  // The file was replaced after we opened it.
  if (isBusy(thrown) || code === "SQLITE_READONLY_DBMOVED") return new Again(code, { cause: thrown });
  if (/^SQLITE_(?:CORRUPT|NOTADB|ERROR|MISMATCH|CONSTRAINT|IOERR_SHORT_READ)/.test(code)) {
    return new Damage(`is damaged (${code})`, { cause: thrown });
  }
  return toVaultError(thrown);
}

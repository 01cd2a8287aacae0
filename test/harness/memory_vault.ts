/** A vault without a file, for tests that open thousands of them; locks are kept within the process. */
import type { Table, Vault, VaultStatus } from "../../src/vault/vault.ts";

/** The vault. Every use gives way to others first, as that of a file does. */
export class MemoryVault implements Vault {
  /** The rows as text, by table and key. */
  readonly rows = new Map<string, string>();
  readonly #locks = new Map<string, Promise<unknown>>();

  async get(table: Table, key: string): Promise<unknown> {
    await Promise.resolve();
    const text = this.rows.get(`${table} ${key}`);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async put(table: Table, key: string, value: unknown): Promise<void> {
    await Promise.resolve();
    this.rows.set(`${table} ${key}`, JSON.stringify(value));
  }

  async update(table: Table, key: string, change: (current: unknown) => unknown): Promise<unknown> {
    const next = change(await this.get(table, key));
    if (next === undefined) this.rows.delete(`${table} ${key}`);
    else this.rows.set(`${table} ${key}`, JSON.stringify(next));
    return next;
  }

  async remove(table: Table, key: string): Promise<void> {
    await Promise.resolve();
    this.rows.delete(`${table} ${key}`);
  }

  // deno-lint-ignore require-await
  async entries(table: Table): Promise<{ key: string; value: unknown }[]> {
    return [...this.rows].filter(([name]) => name.startsWith(`${table} `)).map(([name, text]) => {
      return { key: name.slice(table.length + 1), value: JSON.parse(text) };
    });
  }

  async withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(name) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#locks.set(name, turn.catch(() => {}));
    return await turn;
  }

  status(): Promise<VaultStatus> {
    return Promise.resolve({ file: "", exists: true, keyKind: undefined, format: 1, rows: this.rows.size });
  }

  close(): void {}
}

import type { Owner } from "../auth/records.ts";
import type { Memory } from "../bridge/handshake.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { SharedVault } from "./shared_vault.ts";

/** A memory for the time of a run. */
export interface RunMemory extends Memory {
  /** Waits up to `deadline` ms for what is being written. */
  close(deadline: number): Promise<void>;
}

/** For servers of which nothing is kept. */
export const NO_MEMORY: RunMemory = {
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** What runs learn of one server and account: kept in the vault where there is one, which is never made for that. */
export class VaultMemory implements RunMemory {
  readonly #vault: SharedVault;
  readonly #owner: Owner;
  readonly #notify: Notify;
  #writing: Promise<void> = Promise.resolve();

  constructor(vault: SharedVault, owner: Owner, notify: Notify) {
    this.#vault = vault;
    this.#owner = owner;
    this.#notify = notify;
  }

  async get(name: string): Promise<unknown> {
    return await this.#quietly(async () => (await this.#read())[name]);
  }

  async put(name: string, value: unknown): Promise<void> {
    this.#writing = this.#writing.then(() => this.#quietly(() => this.#write(name, value))).catch(() => {});
    await this.#writing;
  }

  async close(deadline: number): Promise<void> {
    await Promise.race([this.#writing, Bun.sleep(deadline)]);
  }

  async #write(name: string, value: unknown): Promise<void> {
    if (!this.#vault.isThere || Bun.deepEquals((await this.#read())[name], value)) return;
    const vault = await this.#vault.open();
    await vault.update("memory", await this.#key(), (current) => ({ ...current as object, [name]: value }));
  }

  async #read(): Promise<Record<string, unknown>> {
    if (!this.#vault.isThere) return {};
    const [vault, key] = await Promise.all([this.#vault.open(), this.#key()]);
    try {
      return (await vault.get("memory", key) ?? {}) as Record<string, unknown>;
    } catch (thrown) {
      // It is learnt anew.
      if (isDamage(thrown) && this.#vault.isThere) await vault.remove("memory", key);
      throw thrown;
    }
  }

  async #key(): Promise<string> {
    const { ownerKey } = await import("../auth/records.ts");
    return ownerKey(this.#owner);
  }

  /** Whoever really needs the vault says what else is wrong with it. */
  async #quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      // A vault that was damaged as a whole is put aside, and that is told once: here, or nowhere.
      if (isDamage(thrown) && !this.#vault.isThere) throw thrown;
      const { message } = toBridgeError(thrown);
      this.#notify({ level: "debug", text: `nothing is remembered of the server: ${message}` });
      return undefined;
    }
  }
}

function isDamage(thrown: unknown): boolean {
  return thrown instanceof BridgeError && thrown.code === "vault_damaged";
}

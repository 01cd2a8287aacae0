import { type Owner, ownerKey } from "../auth/owner.ts";
import { BridgeError } from "../platform/errors.ts";
import type { MemoryPlace } from "./memory.ts";
import type { SharedVault } from "./shared_vault.ts";

/** Keeps what runs learn in the vault where there is one, which is never made for that; else in another place. */
export class MemoryVault implements MemoryPlace {
  readonly #vault: SharedVault;
  readonly #key: string;
  readonly #instead: MemoryPlace;

  constructor(vault: SharedVault, owner: Owner, instead: MemoryPlace) {
    this.#vault = vault;
    this.#key = ownerKey(owner);
    this.#instead = instead;
  }

  /** @throws {BridgeError} what is wrong with the vault; `vault_damaged` only where all of it is lost. */
  async read(): Promise<Readonly<Record<string, unknown>>> {
    if (!this.#vault.isThere) return await this.#instead.read();
    const vault = await this.#vault.open();
    try {
      return (await vault.get("memory", this.#key) ?? {}) as Record<string, unknown>;
    } catch (thrown) {
      const isDamage = thrown instanceof BridgeError && thrown.code === "vault_damaged";
      if (!isDamage || !this.#vault.isThere) throw thrown;
      await vault.remove("memory", this.#key);
      return {};
    }
  }

  /** @throws {BridgeError} what is wrong with the vault. */
  async write(name: string, value: unknown): Promise<void> {
    if (!this.#vault.isThere) return await this.#instead.write(name, value);
    const vault = await this.#vault.open();
    await vault.update("memory", this.#key, (current) => ({ ...current as object, [name]: value }));
  }
}

/** A folder for a vault, with a keychain and a clock that a test has in hand. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BridgeError } from "../../src/platform/errors.ts";
import type { Notice } from "../../src/platform/notice.ts";
import type { VaultOptions } from "../../src/vault/access.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeKeychain } from "./fake_keychain.ts";

/** The place; nothing is in it yet, not even the folder. Disposing it removes all. */
export class VaultPlace implements Disposable {
  readonly #home: string;
  readonly folder: string;
  readonly file: string;
  readonly keychain: FakeKeychain = new FakeKeychain();
  readonly clock: FakeClock = new FakeClock();
  /** What was said. */
  readonly notices: Notice[] = [];

  /** Makes it in a folder that is there, that of temporary files if none is named. */
  constructor(parent: string = tmpdir()) {
    this.#home = mkdtempSync(join(realpathSync(parent), "mcp-bridge-vault-"));
    this.folder = join(this.#home, "state");
    this.file = join(this.folder, "vault.db");
  }

  /** What opens the vault, with what the test wants otherwise. */
  options(changed: Partial<VaultOptions> = {}): VaultOptions {
    const { folder, keychain, clock } = this;
    return { folder, keychain, clock, notify: (notice) => this.notices.push(notice), ...changed };
  }

  /** The vault, as a process that has just started opens it. */
  open(changed: Partial<VaultOptions> = {}): Vault {
    return openVault(this.options(changed));
  }

  /** The names in the folder, without those of locks. */
  files(): string[] {
    return readdirSync(this.folder).filter((name) => !name.endsWith(".lock")).sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** The failure of a promise that must fail with one of ours. */
export async function failure(promise: Promise<unknown>): Promise<BridgeError> {
  const thrown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (thrown instanceof BridgeError) return thrown;
  throw thrown ?? new Error("It did not fail");
}

import type { Clock } from "../platform/clock.ts";
import { systemKeychain } from "../platform/keychain.ts";
import type { Notify } from "../platform/notice.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import type { VaultOptions } from "../vault/access.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import type { KeyKind } from "../vault/seal.ts";

/** Where our own files are, and what opens the vault. */
export interface StateSettings {
  readonly surroundings: Surroundings;
  /** Where the vault's key must come from; nothing where that may be found out. */
  readonly keyKind: KeyKind | undefined;
  readonly passphrase: string | undefined;
}

/** The vault of this user. Nothing is read or made before its first use. */
export function openState(settings: StateSettings, clock: Clock, notify: Notify): Vault {
  return openVault(vaultOptions(settings, clock, notify));
}

/** What is done to the vault of this user as a whole begins with this. */
export function vaultOptions(settings: StateSettings, clock: Clock, notify: Notify): VaultOptions {
  const { surroundings, keyKind, passphrase } = settings;
  return { folder: foldersOf(surroundings).state, keychain: systemKeychain(), keyKind, passphrase, notify, clock };
}

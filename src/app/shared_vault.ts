import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { foldersOf } from "../platform/paths.ts";
import { vaultFile } from "../vault/place.ts";
import type { Vault } from "../vault/vault.ts";
import type { StateSettings } from "./state.ts";

/** This user's vault for one run: opened by whoever needs it first, and once, since its key may be in a keychain. */
export class SharedVault {
  readonly #settings: StateSettings;
  readonly #clock: Clock;
  readonly #notify: Notify;
  readonly #file: string;
  #vault: Promise<Vault> | undefined;

  constructor(settings: StateSettings, clock: Clock, notify: Notify) {
    this.#settings = settings;
    this.#clock = clock;
    this.#notify = notify;
    this.#file = vaultFile(foldersOf(settings.surroundings).state);
  }

  /** Whether anything was ever kept. Asks the system alone, at once: that costs less than to wait for it. */
  get isThere(): boolean {
    return Bun.file(this.#file).size > 0;
  }

  /** The vault, which the first row makes. Loads what that takes. */
  open(): Promise<Vault> {
    return this.#vault ??= import("./state.ts").then(({ openState }) =>
      openState(this.#settings, this.#clock, this.#notify)
    );
  }
}

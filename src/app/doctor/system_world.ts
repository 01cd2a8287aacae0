import { systemKeychain } from "../../platform/keychain.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Notify } from "../../platform/notice.ts";
import { knownHome } from "../../platform/paths.ts";
import { openVault, type Vault } from "../../vault/vault.ts";
import { type StateSettings, vaultOptions } from "../state.ts";
import { systemDoors } from "./doors.ts";
import { remember, type World } from "./world.ts";

/** What a person wants of a look at this machine. */
export interface Wishes {
  readonly state: StateSettings;
  readonly refresh: boolean;
  readonly clock: Clock;
  readonly notify: Notify;
}

/** This machine, as checks see it. */
export function systemWorld(wishes: Wishes): World {
  const { state, clock, notify } = wishes;
  const { platform, env } = state.surroundings;
  let vault: Vault | undefined;
  return {
    ...wishes,
    target: undefined,
    platform,
    env,
    home: knownHome(state.surroundings),
    uid: process.getuid?.(),
    executable: process.execPath,
    signal: new AbortController().signal,
    vault: () => vault ??= openVault({ ...vaultOptions(state, clock, notify), leavesDamage: true }),
    doors: systemDoors(systemKeychain(), env),
    once: remember(),
  };
}

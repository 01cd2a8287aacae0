/** A world for `doctor` to look at in which all is well: a home of its own, and doors that lead nowhere. */
import type { Doors } from "../../src/app/doctor/doors.ts";
import { type NetworkDoors, systemNetwork } from "../../src/app/doctor/server/network_doors.ts";
import { remember, type World } from "../../src/app/doctor/world.ts";
import { vaultOptions } from "../../src/app/state.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { KeyKind } from "../../src/vault/seal.ts";
import { openVault } from "../../src/vault/vault.ts";
import { FakeKeychain } from "./fake_keychain.ts";
import { Home } from "./home.ts";

/** What a test says of its world. */
export type Changes = Partial<Omit<World, "doors">> & {
  readonly keyKind?: KeyKind;
  readonly doors?: Partial<Omit<Doors, "network">> & { readonly network?: Partial<NetworkDoors> };
};

/** A world in which all is well but for the `changes`; its home goes with the `stack`. */
export function doctorWorld(stack: AsyncDisposableStack, changes: Changes = {}): World {
  const home = stack.use(new Home());
  const env: Record<string, string | undefined> = {
    HOME: home.folder,
    PATH: process.env["PATH"],
    DISPLAY: ":0",
    BROWSER: "true",
    ...changes.env,
  };
  const platform = changes.platform ?? process.platform;
  const state = changes.state ?? { surroundings: { platform, env }, keyKind: changes.keyKind, passphrase: undefined };
  const keychain = changes.doors?.keychain ?? new FakeKeychain();
  const clock = changes.clock ?? systemClock;
  const notify = changes.notify ?? ((): void => {});
  return {
    platform,
    home: home.folder,
    uid: process.getuid?.(),
    executable: process.execPath,
    clock,
    notify,
    signal: new AbortController().signal,
    vault: () => openVault({ ...vaultOptions(state, clock, notify), keychain, leavesDamage: true }),
    target: undefined,
    refresh: false,
    once: remember(),
    ...changes,
    env,
    state,
    doors: {
      keychain,
      freeBytes: () => Promise.resolve(10 * 2 ** 30),
      networkDrive: () => Promise.resolve(undefined),
      tryPort: () => Promise.resolve(undefined),
      portHolder: () => Promise.resolve(undefined),
      which: (name) => `/usr/bin/${name}`,
      ...changes.doors,
      network: { ...systemNetwork(env), ...changes.doors?.network },
    },
  };
}

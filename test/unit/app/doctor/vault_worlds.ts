import { Database } from "bun:sqlite";
import { mkdirSync, rmSync, truncateSync } from "node:fs";
import type { World } from "../../../../src/app/doctor/world.ts";
import type { KeychainAnswer, KeychainDone } from "../../../../src/platform/keychain.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { withFileLock } from "../../../../src/vault/lock.ts";
import type { Vault } from "../../../../src/vault/vault.ts";
import { doctorWorld } from "../../../harness/doctor_world.ts";
import { FakeKeychain, type Mood } from "../../../harness/fake_keychain.ts";
import type { FailingWorld } from "./failing_world.ts";
import { changed, stateIn, withVault } from "./worlds.ts";

type Stack = AsyncDisposableStack;

function sql(file: string, ...statements: string[]): void {
  using database = new Database(file);
  for (const statement of statements) database.run(statement);
}

/** A world whose vault behaves as `parts` say. */
function withStrangeVault(parts: Partial<Vault>): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack);
    await world.vault().put("tokens", "a", 1);
    const vault = { ...world.vault(), ...parts };
    return { ...world, vault: () => vault };
  };
}

function refusing(code: "vault_unwritable" | "vault_busy" | "vault_newer"): () => Promise<never> {
  return () => Promise.reject(new BridgeError(code, "the vault does not let us", { hint: "try again" }));
}

function inMood(mood: Mood): FakeKeychain {
  const keychain = new FakeKeychain();
  keychain.mood = mood;
  return keychain;
}

/** A keychain that gives back something else. */
class ForgetfulKeychain extends FakeKeychain {
  override set(): Promise<KeychainDone> {
    return Promise.resolve({ kind: "done" });
  }
  override get(): Promise<KeychainAnswer> {
    return Promise.resolve({ kind: "key", key: new Uint8Array(32) });
  }
}

/** A keychain that asks for its password in a window. */
class AskingKeychain extends FakeKeychain {
  override get(): Promise<KeychainAnswer> {
    return new Promise(() => {});
  }
}

/** Worlds that differ in the vault, and in what keeps its key. */
export const VAULT_WORLDS: readonly FailingWorld[] = [
  ...(["absent", "locked"] as const).map((mood): FailingWorld => ({
    code: "keychain",
    fault: mood,
    name: `the vault's key is in it, and it is ${mood}`,
    world: changed({ keyKind: "keychain", doors: { keychain: inMood(mood) } }),
  })),
  {
    code: "keychain",
    fault: "locked",
    name: "it lets nobody in",
    world: changed({ doors: { keychain: inMood("denied") } }),
  },
  {
    code: "keychain",
    fault: "not_kept",
    name: "it gives back something else",
    world: changed({ doors: { keychain: new ForgetfulKeychain() } }),
  },
  {
    code: "keychain",
    fault: "timed_out",
    name: "it asks in a window that nobody sees",
    limit: 50,
    world: changed({ doors: { keychain: new AskingKeychain() } }),
  },
  {
    code: "vault-opens",
    fault: "vault_locked",
    name: "the keychain is locked",
    world: withVault((_, { doors: { keychain } }) => void ((keychain as FakeKeychain).mood = "locked")),
  },
  {
    code: "vault-opens",
    fault: "vault_damaged",
    name: "the vault is cut off",
    world: withVault((file) => truncateSync(file, 5_000)),
  },
  {
    code: "vault-opens",
    fault: "rows_damaged",
    name: "a row is not what was written",
    world: withVault((file) => sql(file, "UPDATE sealed SET content = zeroblob(length(content))")),
  },
  {
    code: "vault-opens",
    fault: "vault_newer",
    name: "a later version has written it",
    world: withVault((file) => sql(file, "PRAGMA user_version = 99")),
  },
  {
    code: "vault-opens",
    fault: "vault_unwritable",
    name: "the system does not let it be read",
    world: withStrangeVault({ status: refusing("vault_unwritable") }),
  },
  {
    code: "vault-opens",
    fault: "unsafe_file",
    name: "a folder stands in its place",
    world: withVault((file) => {
      rmSync(file);
      mkdirSync(file, { mode: 0o700 });
    }),
  },
  {
    code: "vault-opens",
    fault: "vault_busy",
    name: "another process keeps it",
    world: withStrangeVault({ status: refusing("vault_busy") }),
  },
  {
    code: "vault-locks",
    fault: "timed_out",
    name: "a lock is never given",
    limit: 100,
    async world(stack: Stack): Promise<World> {
      const world = doctorWorld(stack);
      const held = Promise.withResolvers<void>();
      const taken = Promise.withResolvers<void>();
      const lock = withFileLock(`${stateIn(world)}/doctor.lock`, () => {
        taken.resolve();
        return held.promise;
      }, { clock: world.clock });
      stack.defer(async () => {
        held.resolve();
        await lock;
      });
      await taken.promise;
      return world;
    },
  },
  {
    code: "vault-locks",
    fault: "unsafe_file",
    name: "a folder stands in the place of a lock",
    world(stack: Stack): World {
      const world = doctorWorld(stack);
      mkdirSync(`${stateIn(world)}/doctor.lock`);
      return world;
    },
  },
  {
    code: "vault-locks",
    fault: "vault_unwritable",
    name: "no file can be made",
    only: "linux",
    world: changed({ env: { MCP_BRIDGE_HOME: "/proc/self" } }),
  },
  {
    code: "vault-locks",
    fault: "network_drive",
    name: "the home is on NFS",
    world(stack: Stack): World {
      const world = doctorWorld(stack, { doors: { networkDrive: () => Promise.resolve("NFS") } });
      stateIn(world);
      return world;
    },
  },
  {
    code: "vault-secret",
    fault: "vault_unwritable",
    name: "the disk takes no more",
    world: withStrangeVault({ put: refusing("vault_unwritable") }),
  },
  {
    code: "vault-secret",
    fault: "not_kept",
    name: "what was written is not there",
    world: withStrangeVault({ get: () => Promise.resolve(undefined) }),
  },
];

import type { Keychain } from "../../../platform/keychain.ts";
import type { KeyKind } from "../../../vault/seal.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";

const explains = {
  absent: {
    result: "fail",
    cause: "the vault's key belongs into the keychain, and this machine, or this session, has none",
    cure: "start mcp-bridge in a session of the desktop, or install a keychain (on Linux: gnome-keyring and libsecret)",
  },
  locked: {
    result: "fail",
    cause: "the keychain is locked, or does not let mcp-bridge in",
    cure: 'unlock it and try again, or choose another place for the key with "--vault-key file"',
  },
  not_kept: {
    result: "fail",
    cause: "the keychain gave back something else than what was put into it",
    cure: 'look at the keychain, or choose another place for the key with "--vault-key file"',
  },
  timed_out: {
    result: "fail",
    cause: "the keychain did not answer: it may ask for its password in a window",
    cure: 'look for that window, or choose another place for the key with "--vault-key file"',
  },
} as const;

type Trip = "done" | "absent" | "locked" | "not_kept";

/** Whether the system's keychain is there, unlocked, and keeps what is put into it. */
export const keychain: Check = {
  code: "keychain",
  title: "keychain",
  // To look for the vault closes its file to others.
  after: ["file-modes"],
  explains,
  async run(world): Promise<Finding> {
    const kind = await keyKindOf(world);
    const isNeeded = kind === undefined || kind === "keychain";
    const trip = await roundTrip(world.doors.keychain);
    if (trip === "done") return ok("a test secret was written, read back and removed");
    if (trip === "absent" && kind !== "keychain") {
      return skip(
        kind === undefined
          ? "there is none: the vault's key will be kept in a file that only you can read"
          : "there is none, and nothing needs it",
      );
    }
    const found = fault(explains, trip);
    return isNeeded ? found : { ...found, result: "warn" };
  },
};

/** Where the vault's key is, or is to be; nothing where the keychain is asked first. */
async function keyKindOf(world: World): Promise<KeyKind | undefined> {
  try {
    return (await world.vault().status()).keyKind ?? world.state.keyKind;
  } catch {
    // What is wrong with the vault is said elsewhere.
    return world.state.keyKind;
  }
}

/** Puts a test secret in, and takes it out again. */
async function roundTrip(keychain: Keychain): Promise<Trip> {
  const name = `doctor ${crypto.randomUUID()}`;
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const before = await keychain.get(name);
  if (before.kind === "absent") return "absent";
  if (before.kind === "locked_or_denied") return "locked";
  try {
    // One that is locked may take a secret and not have it.
    const taken = await keychain.set(name, secret);
    const back = await keychain.get(name);
    if (taken.kind !== "done" || back.kind !== "key") return "locked";
    return Buffer.compare(back.key, secret) === 0 ? "done" : "not_kept";
  } finally {
    await keychain.delete(name);
  }
}

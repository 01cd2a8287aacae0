import { foldersOf } from "../../../platform/paths.ts";
import { withFileLock } from "../../../vault/lock.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  timed_out: {
    result: "fail",
    cause: "the folder of the vault gives no locks: a network drive may have none, or another process keeps this one",
    cure: "end every mcp-bridge and try again, or set MCP_BRIDGE_HOME to a folder on a disk of this machine",
  },
  unsafe_file: {
    result: "fail",
    cause: "something else stands in the place of a lock",
    cure: "end every mcp-bridge, then remove the file that is named",
  },
  vault_unwritable: {
    result: "fail",
    cause: "the system does not let a lock be made in the folder of the vault",
    cure: "see that its disk has room and its folder may be written, or set MCP_BRIDGE_HOME to another one",
  },
  network_drive: {
    result: "warn",
    cause:
      "the folder of the vault is on a network drive, where locks may not hold between machines: two of them may " +
      "then renew the same token, and the server may end both sign-ins",
    cure: "set MCP_BRIDGE_HOME to a folder on a disk of this machine",
  },
} as const;

/** Whether processes can keep each other from redeeming the same token. */
export const vaultLocks: Check = {
  code: "vault-locks",
  title: "locks of the vault",
  after: ["file-places", "file-modes"],
  explains,
  limit: 5_000,
  async run({ state, clock, signal, doors }): Promise<Finding> {
    const { existsSync, rmSync } = await import("node:fs");
    const folder = foldersOf(state.surroundings).state;
    if (!existsSync(folder)) return skip("there is no folder for them yet: the first sign-in makes it");
    const file = `${folder}/doctor.lock`;
    await withFileLock(file, () => Promise.resolve(), { clock, signal });
    try {
      rmSync(file, { force: true });
    } catch {
      // On Windows another doctor may have it open, and removes it in turn.
    }
    const drive = await doors.networkDrive(folder);
    if (drive === undefined) return ok("taken and let go of");
    return fault(explains, "network_drive", {
      text: `the folder of the vault is on a network drive (${drive}), where locks may not hold between machines`,
    });
  },
};

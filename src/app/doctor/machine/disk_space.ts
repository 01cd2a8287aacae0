import { foldersOf } from "../../../platform/paths.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  full: {
    result: "fail",
    cause: "the disk of the vault is full: a token that is renewed cannot be kept, and the next start has to sign in",
    cure: "free some space, or set MCP_BRIDGE_HOME to a folder on another disk",
  },
  nearly_full: {
    result: "warn",
    cause: "the disk of the vault is nearly full",
    cure: "free some space, or set MCP_BRIDGE_HOME to a folder on another disk",
  },
} as const;

const MEBIBYTE = 2 ** 20;
/** Below this the vault may not be written: it is written as a whole now and then. */
const FULL = MEBIBYTE;
const NEARLY_FULL = 64 * MEBIBYTE;

/** Whether the disk of the vault has room. */
export const diskSpace: Check = {
  code: "disk-space",
  title: "room on the disk",
  after: ["file-places"],
  explains,
  async run({ state, doors }): Promise<Finding> {
    const free = await doors.freeBytes(await existing(foldersOf(state.surroundings).state));
    if (free === undefined) return skip("the system does not say how much is free");
    const text = `${sizeOf(free)} are free on the disk of the vault`;
    const details = { freeBytes: free };
    if (free < FULL) return fault(explains, "full", { text, details });
    return free < NEARLY_FULL ? fault(explains, "nearly_full", { text, details }) : ok(text, details);
  },
};

/** The folder, or the nearest one above it that is there. */
async function existing(folder: string): Promise<string> {
  const { existsSync } = await import("node:fs");
  const { dirname } = await import("node:path");
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}

function sizeOf(bytes: number): string {
  if (bytes < MEBIBYTE) return `${Math.floor(bytes / 1_024)} KiB`;
  return bytes < 1_024 * MEBIBYTE
    ? `${Math.floor(bytes / MEBIBYTE)} MiB`
    : `${Math.floor(bytes / MEBIBYTE / 1_024)} GiB`;
}

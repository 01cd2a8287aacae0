import { foldersOf } from "../../../platform/paths.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";

const explains = {
  no_home: {
    result: "fail",
    cause: "the environment does not say where the user's files are, or MCP_BRIDGE_HOME is a relative path",
    cure: "set MCP_BRIDGE_HOME to the whole path of a folder",
  },
  unsafe_file: {
    result: "fail",
    cause: "a link, a file or another user's folder stands where ours belongs",
    cure: "move it out of the way, or set MCP_BRIDGE_HOME to a folder of your own",
  },
  not_writable: {
    result: "fail",
    cause: "the folder can be neither made nor written: its disk may only be read, or it belongs to somebody else",
    cure: "see that you may write there, or set MCP_BRIDGE_HOME to another folder",
  },
} as const;

/** Whether the folders of our files are there, ours and writable, or can be made. */
export const filePlaces: Check = {
  code: "file-places",
  title: "places of files",
  after: [],
  explains,
  async run(world): Promise<Finding> {
    const { state, config } = foldersOf(world.state.surroundings);
    const details = { state, config, executable: world.executable };
    const wrong = await writingFault(state) ?? await stateFault(state, world) ??
      (config === state ? undefined : await writingFault(config));
    if (wrong !== undefined) return { ...wrong, details };
    return ok(state === config ? state : `${state} and ${config}`, details);
  },
};

/** What is wrong with the folder of the vault, which must be the user's own. */
async function stateFault(folder: string, { uid }: World): Promise<Finding | undefined> {
  const { lstatSync } = await import("node:fs");
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  const shown = JSON.stringify(folder);
  if (stats?.isSymbolicLink()) return fault(explains, "unsafe_file", { text: `${shown} is a symbolic link` });
  if (stats !== undefined && !stats.isDirectory()) {
    return fault(explains, "unsafe_file", { text: `${shown} is no folder` });
  }
  if (stats !== undefined && uid !== undefined && stats.uid !== uid) {
    return fault(explains, "unsafe_file", { text: `${shown} belongs to another user` });
  }
  return undefined;
}

/** What keeps us from writing into a folder, or from making it below what is there. */
async function writingFault(folder: string): Promise<Finding | undefined> {
  const { accessSync, constants, existsSync, opendirSync } = await import("node:fs");
  const { dirname } = await import("node:path");
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    opendirSync(there).closeSync();
    accessSync(there, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? "unknown";
    const what = there === folder ? "cannot be written" : `cannot be made in ${JSON.stringify(there)}`;
    return fault(explains, "not_writable", { text: `${JSON.stringify(folder)} ${what} (${code})` });
  }
}

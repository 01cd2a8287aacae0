import { quoted } from "../../../platform/errors.ts";
import type { LocalProgram } from "../../far_end.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";

const explains = {
  not_found: {
    result: "fail",
    cause: "the program of a server is not there, or may not be run",
    cure: 'install it, or write its whole path into the entry; "mcp-bridge show NAME" shows what the entry says',
  },
  no_folder: {
    result: "fail",
    cause: "the folder that the program of a server is to start in is not there",
    cure: 'make the folder, or mend "cwd" in servers.json',
  },
} as const;

/** Whether the program of a server on this machine is there. */
export const programFound: Check = {
  code: "program-found",
  title: "program",
  after: [],
  explains,
  async run({ target, doors }): Promise<Finding> {
    const { command, env, cwd } = target!.settings.server as LocalProgram;
    const path = doors.which(command, env["PATH"]);
    if (path === undefined) {
      const where = /[\\/]/.test(command) ? "is no program" : "is not in PATH";
      return fault(explains, "not_found", { text: `${quoted(command)} ${where}` });
    }
    if (cwd !== undefined && !(await isFolder(cwd))) {
      return fault(explains, "no_folder", { text: `there is no folder ${quoted(cwd)} to start the program in` });
    }
    return ok(path, { path });
  },
};

async function isFolder(path: string): Promise<boolean> {
  const { statSync } = await import("node:fs");
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

import type { RegistryFault } from "../../../registry/entry.ts";
import { registryFile } from "../../../registry/file.ts";
import { readRegistry } from "../../../registry/registry.ts";
import { type Check, fault, type Finding, ok, skip, together } from "../check.ts";

const explains = {
  bad_registry: {
    result: "fail",
    cause: "servers.json cannot be read as a list of servers",
    cure: "mend it at the line and column that are named",
  },
  bad_entry: {
    result: "fail",
    cause: "an entry of servers.json cannot be used, and is left out",
    cure: "mend it at the line and column that are named",
  },
  unreadable_file: {
    result: "fail",
    cause: "the system does not let servers.json be read",
    cure: "see that it is a file that you may read",
  },
  unsafe_file: {
    result: "fail",
    cause: "a link to nowhere, or another user's file, stands in the place of servers.json",
    cure: "move it out of the way, and write a file of your own",
  },
} as const;

/** Whether `servers.json` and each entry in it can be used. */
export const serversFile: Check = {
  code: "servers-file",
  title: "servers.json",
  after: ["file-places", "file-modes"],
  explains,
  async run({ state }): Promise<Finding> {
    const file = registryFile(state.surroundings);
    const { servers, faults } = await readRegistry(file);
    const details = { file, servers: [...servers.keys()], faults };
    if (faults.length > 0) return { ...together(faults.map(badEntry)), details };
    if (servers.size === 0) return skip('there are no servers yet: "mcp-bridge add NAME URL" adds one', details);
    return ok(servers.size === 1 ? "1 server is listed" : `${servers.size} servers are listed`, details);
  },
};

function badEntry({ text, hint }: RegistryFault): Finding {
  return fault(explains, "bad_entry", { text, ...(hint === undefined ? {} : { cure: hint }) });
}

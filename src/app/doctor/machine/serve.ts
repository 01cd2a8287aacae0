import { VERSION } from "../../../platform/version.ts";
import { askServe } from "../../ask_serve.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  unsafe_file: {
    result: "fail",
    cause: "something else stands where serve is met, which another user may have put there",
    cure: "remove it, or set MCP_BRIDGE_HOME to a folder of your own",
  },
  other_version: {
    result: "warn",
    cause: 'a "mcp-bridge serve" of another version runs: starts by name go past it, each with a connection of its own',
    cure: 'end it, and start "mcp-bridge serve" again',
  },
  no_answer: {
    result: "warn",
    cause: 'a "mcp-bridge serve" runs and does not answer: each start by name waits for it in vain first',
    cure: "end it, and start it again",
  },
} as const;

/** Whether a `serve` of this user runs, and is of our version. */
export const serve: Check = {
  code: "serve",
  title: '"mcp-bridge serve"',
  after: ["file-places", "file-modes"],
  explains,
  async run({ state }): Promise<Finding> {
    const answer = await askServe(state.surroundings);
    switch (answer.kind) {
      case "absent":
        return skip("does not run, and need not");
      case "silent":
        return fault(explains, "no_answer");
      case "there": {
        const { version } = answer;
        if (version === VERSION) return ok(`runs, version ${version}`, { version });
        const text = `it runs as version ${JSON.stringify(version)}, and this is ${VERSION}`;
        return fault(explains, "other_version", { text, details: { version } });
      }
    }
  },
};

import { BUILD, VERSION } from "../platform/version.ts";
import type { Command, Flags } from "./command.ts";
import { printAnswer } from "./print.ts";

const FLAGS = { "json": { type: "boolean", text: "with what it was built of, as JSON" } } as const satisfies Flags;

/** `mcp-bridge version`: which build this is. */
export const versionCommand: Command<typeof FLAGS> = {
  name: "version",
  summary: "Prints the version, or with --json which build this is.",
  operands: [],
  flags: FLAGS,
  examples: ["mcp-bridge version", "mcp-bridge --version --json"],
  async run({ flags }): Promise<number> {
    await printAnswer(flags.json ? `${JSON.stringify(buildDetails(), null, 2)}\n` : `${VERSION}\n`);
    return 0;
  },
};

function buildDetails(): object {
  return {
    version: VERSION,
    ...BUILD,
    bun: Bun.version,
    platform: process.platform,
    arch: process.arch,
  };
}

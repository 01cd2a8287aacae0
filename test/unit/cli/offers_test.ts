import { expect, test } from "bun:test";
import fc from "fast-check";
import { callCommand } from "../../../src/cli/call.ts";
import { readWords } from "../../../src/cli/command.ts";
import { commandLine } from "../../../src/cli/offers.ts";
import { fieldsOf } from "../../../src/cli/schema_words.ts";

const SERVER = "https://mcp.example.com/mcp";

/** What a shell makes of the words behind `mcp-bridge call`. */
function pasted(line: string): string[] {
  const words = line.replace(/^mcp-bridge call /, "");
  const { stdout } = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${words}`]);
  return stdout.toString().split("\0").slice(0, -1);
}

function lineFor(tool: string, argument: string, choice: string): string {
  const schema = { properties: { [argument]: { enum: [choice] } }, required: [argument] };
  return commandLine("call", SERVER, { name: tool, inputSchema: schema }, fieldsOf(schema));
}

test.each([
  ["add", "--token-command", "sh -c id"],
  ["--output=/home/me/.bashrc", "a", "b"],
  ["--insecure", "--header-file", "/etc/passwd"],
  ["--", "-x", "--help"],
])(
  "the line that calls %j with %j=%j says the server, the tool and its argument, and no flag",
  async (tool, argument, choice) => {
    const { operands, flags } = await readWords(callCommand, pasted(lineFor(tool, argument, choice)));
    expect(operands).toEqual([SERVER, tool, `${argument}=${choice}`]);
    expect(flags).toEqual((await readWords(callCommand, [SERVER, "tool"])).flags);
  },
);

test("so does the line for a tool of any name", async () => {
  const word = fc.stringMatching(/^[-=a-z'"$ ]{1,12}$/).filter((text) => text.trim() === text && !text.includes("  "));
  await fc.assert(
    fc.asyncProperty(word, word, word, async (tool, argument, choice) => {
      const { operands } = await readWords(callCommand, pasted(lineFor(tool, argument, choice)));
      expect(operands).toEqual([SERVER, tool, `${argument}=${choice}`]);
    }),
    { numRuns: 50 },
  );
});

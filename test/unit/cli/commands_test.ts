/** Every command of the table: its help, its examples, its place in the list. */
import { describe, expect, test } from "bun:test";
import { type Command, type Flags, readWords } from "../../../src/cli/command.ts";
import { commandIn, type CommandTable } from "../../../src/cli/command_table.ts";
import { wordsInLine } from "../../../src/cli/complete.ts";
import { helpText, overviewText } from "../../../src/cli/help.ts";
import { COMMANDS } from "../../../src/cli/program.ts";
import { COMMAND_WORDS } from "../../../src/registry/names.ts";

const TABLE = COMMANDS as CommandTable;
const NAMES = ["connect", ...Object.keys(TABLE)];

async function commandOf(name: string): Promise<Command> {
  return (await commandIn(TABLE, name))!;
}

/** The words behind the command's name, of an example that may stand in a pipe or a substitution. */
function saidIn(example: string, name: string): string[] {
  const alone = /mcp-bridge [^|>]*/.exec(example)![0].trim();
  const line = example.startsWith("source <(") ? alone.replace(/\)$/, "") : alone;
  const words = wordsInLine(line);
  return words[0] === name ? words.slice(1) : words;
}

describe.each(NAMES)("%s", (name) => {
  test("is called by its own name, which no server can have", async () => {
    expect((await commandOf(name)).name).toBe(name);
    expect(COMMAND_WORDS as readonly string[]).toContain(name);
  });

  test("has examples that it understands", async () => {
    const command = await commandOf(name);
    expect(command.examples.length).toBeGreaterThanOrEqual(2);
    for (const example of command.examples) {
      const words = saidIn(example, name);
      if (words.includes("--version")) continue;
      const said = await readWords(command, words);
      expect([...said.operands, ...said.program, ...words].join(" ")).not.toBe("undefined");
    }
  });

  test("has a help of 80 columns at most, in which every flag is said", async () => {
    const command = await commandOf(name);
    const text = helpText(command);
    const long = text.split("\n").filter((line) => line.length > 80 && !command.examples.includes(line.trim()));
    expect(long).toEqual([]);
    for (const [flag, { isHidden }] of Object.entries(command.flags as Flags)) {
      if (!isHidden) expect(text).toContain(`  --${flag}`);
    }
    expect(text).not.toContain("undefined");
  });

  test("has what every command understands under no heading of something else", async () => {
    const rows = helpText(await commandOf(name)).split("\n");
    const before = rows.slice(0, rows.findIndex((line) => line.startsWith("  --help")));
    const heading = before.findLast((line) => /^[a-z].*:$/.test(line));
    expect([undefined, "output:"]).toContain(heading);
  });
});

test("the overview names them all, within 80 columns", () => {
  const text = overviewText(Object.entries(TABLE).map(([name, { summary }]) => ({ name, summary })));
  for (const name of Object.keys(TABLE)) expect(text).toContain(`\n  ${name} `);
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

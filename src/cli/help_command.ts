import { BridgeError, quoted } from "../platform/errors.ts";
import type { Command, Flags } from "./command.ts";
import { commandIn, type CommandTable } from "./command_table.ts";
import { helpText, overviewText } from "./help.ts";
import { nearest } from "./nearest.ts";
import { printAnswer } from "./print.ts";

const FLAGS = {} as const satisfies Flags;

/** `mcp-bridge help`: what there is, and all of one command. */
export function helpCommand(table: CommandTable): Command<typeof FLAGS> {
  return {
    name: "help",
    summary: "Tells what commands there are, or what can be said to one.",
    operands: [{ name: "command", text: "this one", optional: true, choices: "commands" }],
    flags: FLAGS,
    examples: ["mcp-bridge help", "mcp-bridge help call", "mcp-bridge help connect"],
    async run({ operands: [word] }): Promise<number> {
      const others = Object.entries(table).map(([name, { summary }]) => ({ name, summary }));
      if (word === undefined) await printAnswer(overviewText(others));
      else await printAnswer(helpText(await commandOf(word, table)));
      return 0;
    },
  };
}

async function commandOf(word: string, table: CommandTable): Promise<Command> {
  const command = await commandIn(table, word);
  if (command !== undefined) return command;
  const near = nearest(word, ["connect", ...Object.keys(table)]);
  throw new BridgeError("bad_argument", `there is no command ${quoted(word)}`, {
    hint: near === undefined ? '"mcp-bridge help" shows those that are' : `did you mean "mcp-bridge help ${near}"?`,
  });
}

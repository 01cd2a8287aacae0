import { registryFile } from "../registry/file.ts";
import { readChoice } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { commandIn, type CommandTable } from "./command_table.ts";
import { type Candidate, complete, type Completion, wordsInLine } from "./complete.ts";
import { SCRIPTS, SHELLS } from "./completion_scripts.ts";
import { printAnswer } from "./print.ts";

const FLAGS = {
  "words": { type: "boolean", isHidden: true, text: "complete the words behind --" },
  "line": { type: "boolean", isHidden: true, text: "complete the command line behind --, which is one word" },
} as const satisfies Flags;

/** `mcp-bridge completion`: what makes a shell complete our command line; hidden flags give it the candidates. */
export function completionCommand(table: CommandTable): Command<typeof FLAGS> {
  return {
    name: "completion",
    summary: "Prints the script that makes a shell complete commands, flags and the names of servers.",
    operands: [{ name: "shell", text: SHELLS.join(", "), choices: SHELLS }],
    program: { name: "words", text: "what is typed", behind: 0, isHidden: true },
    flags: FLAGS,
    examples: [
      "source <(mcp-bridge completion bash)",
      "mcp-bridge completion zsh > ~/.zfunc/_mcp-bridge",
      "mcp-bridge completion fish > ~/.config/fish/completions/mcp-bridge.fish",
      "mcp-bridge completion powershell | Out-String | Invoke-Expression",
    ],
    async run({ operands: [shell], program, flags }): Promise<number> {
      if (shell !== undefined) {
        await printAnswer(SCRIPTS[readChoice("mcp-bridge completion", shell, SHELLS)]);
        return 0;
      }
      await printAnswer(asLines(await completionOf(flags.line ? wordsInLine(program.join(" ")) : program, table)));
      return 0;
    },
  };
}

async function completionOf(words: readonly string[], table: CommandTable): Promise<Completion> {
  const connect = { word: "connect", about: "the bridge on stdio, to one or several servers" };
  const others = Object.entries(table).map(([word, { summary: about }]) => ({ word, about }));
  const commands = [connect, ...others];
  return await complete(words, {
    commands,
    // Whoever presses the key does not want to read what is wrong with that file.
    servers: () => serversByName().catch(() => []),
    command: (word) => commandIn(table, word),
  });
}

/**
 * The names in servers.json.
 *
 * @throws {BridgeError} `bad_registry`
 */
async function serversByName(): Promise<Candidate[]> {
  const { readRegistry } = await import("../registry/registry.ts");
  const file = registryFile({ platform: process.platform, env: process.env });
  const { servers } = await readRegistry(file);
  return [...servers.values()].map(({ slug, server }) => ({
    word: slug,
    about: server instanceof URL ? server.host : "a program on this machine",
  }));
}

/** A line for each candidate, with a tab before what it is; `:files` at the end where files may stand there. */
function asLines({ candidates, takesFiles }: Completion): string {
  const lines = candidates.map(({ word, about }) => about === "" ? word : `${word}\t${about}`);
  return [...lines, ...(takesFiles ? [":files"] : [])].map((line) => `${line}\n`).join("");
}

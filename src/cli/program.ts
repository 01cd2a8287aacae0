import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { VERSION } from "../platform/version.ts";
import type { CommandWord } from "../registry/names.ts";
import { isAddress } from "./arguments.ts";
import { type Command, type Flags, readWords } from "./command.ts";
import type { CommandEntry, CommandTable } from "./command_table.ts";
import { exitCodeOf } from "./exit_code.ts";
import { flushPrinted, printAnswer, printError } from "./print.ts";

/** The commands beside `connect`, which is meant where no command is named; each is loaded when it is. */
export const COMMANDS: Readonly<Partial<Record<CommandWord, CommandEntry>>> = {
  serve: {
    summary: "all servers of servers.json at one local address",
    load: async () => (await import("./serve.ts")).serveCommand as unknown as Command,
  },
  add: {
    summary: "put a server into servers.json, by a name",
    load: async () => (await import("./add.ts")).addCommand as unknown as Command,
  },
  list: {
    summary: "the servers in servers.json",
    load: async () => (await import("./list.ts")).listCommand as unknown as Command,
  },
  show: {
    summary: "what servers.json says of a server",
    load: async () => (await import("./show.ts")).showCommand as unknown as Command,
  },
  remove: {
    summary: "take a server out of servers.json",
    load: async () => (await import("./remove.ts")).removeCommand as unknown as Command,
  },
  search: {
    summary: "find servers in the official MCP registry",
    load: async () => (await import("./search.ts")).searchCommand as unknown as Command,
  },
  install: {
    summary: "put a server into a client's configuration",
    load: async () => (await import("./install.ts")).installCommand as unknown as Command,
  },
  uninstall: {
    summary: "take our entries out of a client's configuration",
    load: async () => (await import("./uninstall.ts")).uninstallCommand as unknown as Command,
  },
  import: {
    summary: "take over entries and sign-ins of mcp-remote",
    load: async () => (await import("./import.ts")).importCommand as unknown as Command,
  },
  tools: {
    summary: "what a server can do, and with which arguments",
    load: async () => (await import("./tools.ts")).toolsCommand as unknown as Command,
  },
  call: {
    summary: "call a tool of a server",
    load: async () => (await import("./call.ts")).callCommand as unknown as Command,
  },
  resources: {
    summary: "what a server has to read; reads it",
    load: async () => (await import("./resources.ts")).resourcesCommand as unknown as Command,
  },
  prompts: {
    summary: "the prompts of a server; gets one",
    load: async () => (await import("./prompts.ts")).promptsCommand as unknown as Command,
  },
  login: {
    summary: "sign in to a server, in the browser",
    load: async () => (await import("./login.ts")).loginCommand as unknown as Command,
  },
  logout: {
    summary: "forget the tokens of a server, and revoke them",
    load: async () => (await import("./logout.ts")).logoutCommand as unknown as Command,
  },
  status: {
    summary: "who is signed in where, and until when",
    load: async () => (await import("./status.ts")).statusCommand as unknown as Command,
  },
  doctor: {
    summary: "what is wrong, and what cures it",
    load: async () => (await import("./doctor.ts")).doctorCommand as unknown as Command,
  },
  vault: {
    summary: "what keeps the tokens shut, and moves them",
    load: async () => (await import("./vault.ts")).vaultCommand as unknown as Command,
  },
  completion: {
    summary: "what makes a shell complete all this",
    load: async () => (await import("./completion.ts")).completionCommand(table()) as unknown as Command,
  },
  help: {
    summary: "what can be said to a command",
    load: async () => (await import("./help_command.ts")).helpCommand(table()) as unknown as Command,
  },
  version: {
    summary: "which build this is",
    load: async () => (await import("./version_command.ts")).versionCommand as unknown as Command,
  },
};

function table(): CommandTable {
  return COMMANDS as CommandTable;
}

/** Runs the command line `words` (without the program's name) and settles with the exit code. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const [name, ...rest] = isBuildAsked(words) ? ["version", "--json"] : words;
  try {
    const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandWord] : undefined;
    if (command !== undefined) return await run(await command.load(), rest);
    if (name === "--version" && rest.length === 0) return await answer(`${VERSION}\n`);
    const said = name === "connect" ? rest : words;
    // A process by a name may go through a "serve", and then has no need of the bridge itself.
    const { connectCommand } = await (isBridge(said) ? import("./connecting.ts") : import("./connect.ts"));
    return await run(connectCommand as unknown as Command, said);
  } catch (thrown) {
    const error = await withNearestCommand(toBridgeError(thrown), words);
    const { coloursOf } = await import("./colour.ts");
    printError(error, await coloursOf("stderr"));
    return exitCodeOf(error);
  } finally {
    await flushPrinted();
  }
}

/** Whether the words are sure to need the bridge: they hold an address, or a program to start. */
function isBridge(words: readonly string[]): boolean {
  return !isHelpAsked(words) && words.some((word) => word === "--" || word.includes("://"));
}

async function run<Table extends Flags>(command: Command<Table>, words: readonly string[]): Promise<number> {
  // These words need not be taken apart.
  if (isHelpAsked(words)) return await help(command as unknown as Command);
  const said = await readWords(command, words);
  const { flags } = said;
  if (flags.version) return await answer(`${VERSION}\n`);
  if (flags.help) return await help(command as unknown as Command);
  return await command.run(said);
}

async function help(command: Command): Promise<number> {
  const { helpText } = await import("./help.ts");
  const others = command.name === "connect" ? Object.entries(COMMANDS) : [];
  return await answer(helpText(command, others.map(([name, { summary }]) => ({ name, summary }))));
}

function isHelpAsked(words: readonly string[]): boolean {
  return words.length === 1 && words[0] === "--help";
}

/** Whether the words are `--version` and `--json`, which belong to one command only together. */
function isBuildAsked(words: readonly string[]): boolean {
  return words.length === 2 && words.includes("--version") && words.includes("--json");
}

/** A first word that no server is called by may have been meant for a command. */
async function withNearestCommand(error: BridgeError, [word = "", ...rest]: readonly string[]): Promise<BridgeError> {
  const isName = !/^-|^connect$/.test(word) && !isAddress(word) && !Object.hasOwn(COMMANDS, word);
  // A name before an address makes no sense, a command does.
  const isMeant = error.code === "unknown_name" || (error.code === "bad_argument" && rest.some(isAddress));
  if (!isName || !isMeant || error.hint?.startsWith("did you mean")) return error;
  const { nearest } = await import("./nearest.ts");
  const near = nearest(word, ["connect", ...Object.keys(COMMANDS)]);
  if (near === undefined) return error;
  return new BridgeError(error.code, error.message, { hint: `did you mean "mcp-bridge ${near}"?`, cause: error.cause });
}

/** Says that a defect of ours ended the process: what kind and where, never with what values. */
export function reportCrash(thrown: unknown): void {
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const place = thrown instanceof Error ? /\bat (\S+)/.exec(thrown.stack ?? "")?.[1] : undefined;
  printError(
    new BridgeError("internal", `unexpected failure: ${name}${place === undefined ? "" : ` in ${place}`}`, {
      hint: 'run again with "--debug" and report it',
    }),
  );
}

async function answer(text: string): Promise<number> {
  await printAnswer(text);
  return 0;
}

import { type Command, COMMON_FLAGS, type Flag, type Flags } from "./command.ts";
import { wrapped } from "./wrap.ts";

/** Where texts begin at most; what stands left of them and is longer has a line of its own. */
const WIDEST = 29;

/** The help of one command, and a word on others, as text for a terminal. */
export function helpText(command: Command, others: readonly { name: string; summary: string }[] = []): string {
  const operands = command.operands.map(({ name, optional }) => optional ? `[${name}]` : `<${name}>`);
  const table: Flags = { ...command.flags, ...COMMON_FLAGS };
  const flags = Object.entries(table).filter(([, flag]) => !flag.isHidden);
  const { further } = command;
  const more = further === undefined ? [] : [`[${further.name} ...]`];
  const program = command.program === undefined || command.program.isHidden ? [] : [`<${command.program.name}>`];
  const before = operands.slice(0, command.program?.behind ?? 0);
  const left = [...operands, ...more, ...program, ...flags.map(([name, flag]) => sayingOf(name, flag))];
  const column = Math.min(WIDEST, Math.max(...left.map((saying) => saying.length)) + 4);
  return [
    wrapped(`usage: mcp-bridge ${[...namedBy(command), ...operands, ...more].join(" ")} [flags]`, "       "),
    ...program.map((name) =>
      `       mcp-bridge ${[...namedBy(command), ...before, "[flags]"].join(" ")} -- ${name} [arguments]`
    ),
    "",
    wrapped(command.summary, ""),
    "",
    ...command.operands.map(({ text }, place) => row(operands[place]!, text, column)),
    ...more.map((name) => row(name, further!.text, column)),
    ...program.map((name) => row(name, command.program!.text, column)),
    "",
    ...(others.length === 0 ? [] : ["commands:", ...others.map(({ name, summary }) => row(name, summary, column)), ""]),
    flags.map(([name, flag]) => flagRow(name, flag, column)).join("\n").replace(/^\n/, ""),
    "",
    "examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

/** What the product is, and the commands, as text for a terminal. */
export function overviewText(commands: readonly { name: string; summary: string }[]): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 4;
  return [
    "usage: mcp-bridge <url | name> [flags]",
    "       mcp-bridge <command> [flags]",
    "",
    wrapped(
      "Connects the MCP client on standard input and output to an MCP server, and signs in where that asks for it.",
      "",
    ),
    "",
    "commands:",
    ...commands.map(({ name, summary }) => row(name, summary, column)),
    "",
    '"mcp-bridge help COMMAND" tells what can be said to one of them, and',
    '"mcp-bridge --help" what to the first line',
    "",
  ].join("\n");
}

/** The word that calls a command; `connect` is meant without one. */
function namedBy({ name }: Command): string[] {
  return name === "connect" ? [] : [name];
}

function sayingOf(name: string, flag: Flag): string {
  return flag.value === undefined ? `--${name}` : `--${name} ${flag.value}`;
}

function flagRow(name: string, flag: Flag, column: number): string {
  const heading = flag.heading === undefined ? "" : `\n${flag.heading}:\n`;
  const text = flag.default === undefined ? flag.text : `${flag.text} (${flag.default})`;
  return heading + row(sayingOf(name, flag), text, column);
}

function row(left: string, text: string, column: number): string {
  const begin = `  ${left}`;
  const margin = " ".repeat(column);
  return (begin.length + 2 > column ? `${begin}\n${margin}` : begin.padEnd(column)) + wrapped(text, margin);
}

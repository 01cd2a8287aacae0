import { type Command, COMMON_FLAGS, type Flags } from "./command.ts";
import { inColumns, type TextRow, wrapped } from "./wrap.ts";

/** Where texts begin at most. */
const WIDEST = 29;

/** The help of one command, and a word on others, as text for a terminal. */
export function helpText(command: Command, others: readonly { name: string; summary: string }[] = []): string {
  const operands = operandRows(command);
  const flags = flagRows(command);
  let widest = 0;
  for (const { left } of operands) widest = Math.max(widest, left.length);
  for (const { left } of flags) widest = Math.max(widest, left.length);
  const column = Math.min(WIDEST, widest + 4);
  return [
    ...usage(command),
    "",
    wrapped(command.summary, ""),
    "",
    ...(operands.length === 0 ? [] : [inColumns(operands, column)]),
    ...(others.length === 0 ? [] : [`commands:\n${inColumns(commandRows(others), column)}`]),
    inColumns(flags, column),
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
    inColumns(commandRows(commands), column),
    '"mcp-bridge help COMMAND" tells what can be said to one of them,',
    '"mcp-bridge --help" what can be said without one',
    "",
  ].join("\n");
}

/** The lines that show the order of words; `connect` is meant without its own. */
function usage({ name, operands, further, program }: Command): string[] {
  const named = name === "connect" ? [] : [name];
  const words = operands.map(({ name, optional }) => optional ? `[${name}]` : `<${name}>`);
  const more = further === undefined ? [] : [`[${further.name} ...]`];
  const first = wrapped(`usage: mcp-bridge ${[...named, ...words, ...more].join(" ")} [flags]`, "       ");
  if (program === undefined || program.isHidden) return [first];
  const before = words.slice(0, program.behind ?? 0);
  const behind = `-- <${program.name}> [arguments]`;
  return [first, `       mcp-bridge ${[...named, ...before, "[flags]", behind].join(" ")}`];
}

function operandRows({ operands, further, program }: Command): TextRow[] {
  return [
    ...operands.map(({ name, text, optional }) => ({ left: optional ? `[${name}]` : `<${name}>`, text })),
    ...(further === undefined ? [] : [{ left: `[${further.name} ...]`, text: further.text }]),
    ...(program === undefined || program.isHidden ? [] : [{ left: `<${program.name}>`, text: program.text }]),
  ];
}

function flagRows(command: Command): TextRow[] {
  const table: Flags = { ...command.flags, ...COMMON_FLAGS };
  const rows: TextRow[] = [];
  let above: string | undefined;
  for (const name in table) {
    const { value, text, default: fallback, isHidden, heading: own } = table[name]!;
    if (isHidden) continue;
    // What every command understands would otherwise stand under whatever comes last.
    const isStray = name === "help" && above !== undefined && above !== "output";
    const heading = isStray ? "output" : own;
    above = heading ?? above;
    const left = value === undefined ? `--${name}` : `--${name} ${value}`;
    rows.push({ heading, left, text: fallback === undefined ? text : `${text} (${fallback})` });
  }
  return rows;
}

function commandRows(commands: readonly { name: string; summary: string }[]): TextRow[] {
  return commands.map(({ name, summary }) => ({ left: name, text: summary }));
}

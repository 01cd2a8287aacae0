import { type Command, COMMON_FLAGS, type Flag } from "./command.ts";

const WIDTH = 100;

/** The help of one command, as text for a terminal. */
export function helpText(command: Command): string {
  const operands = command.operands.map(({ name }) => `<${name}>`).join(" ");
  const rows: [string, string][] = [
    ...command.operands.map(({ name, text }): [string, string] => [`<${name}>`, text]),
    ...(command.program === undefined ? [] : [[`<${command.program.name}>`, command.program.text] as [string, string]]),
    ["", ""],
    ...Object.entries({ ...command.flags, ...COMMON_FLAGS }).map(([name, flag]) => flagRow(name, flag)),
  ];
  const column = Math.max(...rows.map(([left]) => left.length)) + 4;
  const body = rows.map(([left, right]) => `  ${left.padEnd(column - 2)}${wrapped(right, column)}`.trimEnd());
  return [
    `usage: mcp-bridge ${operands} [flags]`,
    ...(command.program === undefined ? [] : [`       mcp-bridge [flags] -- <${command.program.name}> [arguments]`]),
    "",
    command.summary,
    "",
    ...body,
    "",
    "examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}

function flagRow(name: string, flag: Flag): [string, string] {
  const left = flag.value === undefined ? `--${name}` : `--${name} ${flag.value}`;
  return [left, flag.default === undefined ? flag.text : `${flag.text} (${flag.default})`];
}

function wrapped(text: string, column: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && column + line.length + word.length >= WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(column)}`);
}

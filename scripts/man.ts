/**
 * Writes the manual page from the tables of the commands: `bun scripts/man.ts [--outfile FILE]`, by default
 * `dist/mcp-bridge.1`. Its date is that of the commit, so that the same sources give the same page.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Command, COMMON_FLAGS, type Flags, type Operand } from "../src/cli/command.ts";
import { commandIn, type CommandTable } from "../src/cli/command_table.ts";
import { COMMANDS } from "../src/cli/program.ts";
import { wrapped } from "../src/cli/wrap.ts";
import { buildDetails } from "./build_details.ts";

const ROOT = join(import.meta.dir, "..");
/** What escapes may take of a line. */
const ROOM = " ".repeat(20);

/** The whole page, in the macros of mdoc(7); `date` is that of the sources, as `YYYY-MM-DD`. */
export async function manualPage(version: string, date: string | undefined): Promise<string> {
  const table = COMMANDS as CommandTable;
  const connect = (await commandIn(table, "connect"))!;
  const others = await Promise.all(Object.keys(table).map(async (name) => (await commandIn(table, name))!));
  return [
    `.Dd ${date === undefined ? "$Mdocdate$" : mdocDate(date)}`,
    ".Dt MCP-BRIDGE 1",
    ".Os",
    ".Sh NAME",
    ".Nm mcp-bridge",
    ".Nd connect local MCP clients to remote MCP servers",
    ".Sh SYNOPSIS",
    ...[connect, ...others].flatMap(synopsis),
    ".Sh DESCRIPTION",
    ...lines(connect.summary),
    ...paragraph("A sign-in that the server demands is done in the browser; the client never sees a token."),
    ...operandsOf(connect),
    ".Ss Flags",
    ...flagsOf({ ...connect.flags, ...COMMON_FLAGS }),
    ".Sh COMMANDS",
    ...others.flatMap((command) => section(command, connect.flags)),
    ".Sh ENVIRONMENT",
    ...list(VARIABLES.map(([name, text]) => [`.It Ev ${escaped(name)}`, text])),
    ".Sh FILES",
    ...list(FILES.map(([path, text]) => [`.It Pa ${escaped(path)}`, text])),
    ...paragraph(
      "XDG_CONFIG_HOME and XDG_STATE_HOME move them, and MCP_BRIDGE_HOME moves both into one folder. On macOS both are in ~/Library/Application Support/mcp-bridge, on Windows in the folder mcp-bridge of APPDATA and of LOCALAPPDATA.",
    ),
    ".Sh EXIT STATUS",
    ...lines(
      "0 where all went well, 1 where something failed, 2 for words that make no sense, and 128 and the number of the signal for an end by one.",
    ),
    ".Sh EXAMPLES",
    ...connect.examples.map((example) => `.Dl ${escaped(example)}`),
    ".Sh HISTORY",
    ...lines(`This page is of mcp-bridge ${version}, and made from the same tables as the texts of`),
    ".Fl -help .",
    "",
  ].join("\n");
}

const VARIABLES: readonly (readonly [name: string, text: string])[] = [
  ["BROWSER", "The program that opens a page to sign in."],
  ["HTTPS_PROXY", "The proxy on the way to servers, as NO_PROXY says where not."],
  ["MCP_BRIDGE_HOME", "The folder of all files, in place of the system's folders for them."],
  ["MCP_BRIDGE_PASSPHRASE", "The passphrase of the vault, where its key is made of one."],
  ["MCP_BRIDGE_VAULT_KEY", "Where the key of the vault is: keychain, file or passphrase."],
  ["NO_COLOR", "Takes colours away where it is not empty."],
];

const FILES: readonly (readonly [path: string, text: string])[] = [
  ["~/.config/mcp-bridge/servers.json", "The servers that go by a name."],
  ["~/.local/state/mcp-bridge/vault.db", 'The tokens, sealed; "mcp-bridge vault status" says what keeps them shut.'],
];

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

function mdocDate(date: string): string {
  const [year, month, day] = date.split("-").map(Number);
  return `${MONTHS[month! - 1]} ${day}, ${year}`;
}

function synopsis(command: Command): string[] {
  const words = command.name === "connect" ? [] : [`.Cm ${command.name}`];
  const operands = [...command.operands, ...(command.further === undefined ? [] : [command.further])];
  return [".Nm", ...words, ...operands.map(operandWord), ".Op Ar flags"];
}

function operandWord({ name, optional }: Operand): string {
  return optional ? `.Op Ar ${escaped(name)}` : `.Ar ${escaped(name)}`;
}

/** A command; the flags that it has in common with `connect` were told there. */
function section(command: Command, known: Flags): string[] {
  const flags = Object.entries(command.flags);
  const shared = flags.filter(([name, flag]) => flag === known[name]).map(([name]) => `--${name}`);
  const also = shared.length === 0 ? [] : paragraph(`As above there are ${shared.join(", ")}.`);
  return [
    `.Ss ${command.name}`,
    ...lines(command.summary),
    ...operandsOf(command),
    ...flagsOf(Object.fromEntries(flags.filter(([name, flag]) => flag !== known[name]))),
    ...also,
    ...paragraph("For example:"),
    ".Pp",
    ...command.examples.map((example) => `.Dl ${escaped(example)}`),
  ];
}

function operandsOf({ operands, further, program }: Command): string[] {
  const all = [...operands, ...(further === undefined ? [] : [further])];
  const behind = program === undefined || program.isHidden ? [] : [program];
  return list([
    ...all.map(({ name, text }) => [`.It Ar ${escaped(name)}`, text] as const),
    ...behind.map(({ name, text }) => [`.It Fl - Ar ${escaped(name)}`, text] as const),
  ]);
}

function flagsOf(flags: Flags): string[] {
  return list(
    Object.entries(flags).filter(([, flag]) => !flag.isHidden).map(([name, { value, text, default: fallback }]) => [
      `.It Fl -${escaped(name)}${value === undefined ? "" : ` Ar ${escaped(value)}`}`,
      fallback === undefined ? text : `${text} (${fallback})`,
    ]),
  );
}

function list(items: readonly (readonly [head: string, text: string])[]): string[] {
  if (items.length === 0) return [];
  return [".Bl -tag -width Ds", ...items.flatMap(([head, text]) => [head, ...lines(text)]), ".El"];
}

function paragraph(text: string): string[] {
  return [".Pp", ...lines(text)];
}

/** A text as lines of roff, which wants them short and each sentence to begin one. */
function lines(text: string): string[] {
  const sentences = text.split(/(?<=[.!?])\s+(?=[A-Z])/);
  return sentences.flatMap((sentence) => wrapped(sentence, ROOM).split(`\n${ROOM}`))
    .map((line) => escaped(line).replace(/^(?=\.)/, "\\&"));
}

/** Text in which nothing is taken for a macro; dashes stay dashes that can be copied. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll('"', "\\(dq");
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { outfile: { type: "string" } } });
  const outfile = values.outfile ?? join(ROOT, "dist", "mcp-bridge.1");
  const { version } = require(join(ROOT, "package.json"));
  writeFileSync(outfile, await manualPage(version, buildDetails(ROOT)["BUILD_DATE"]?.slice(0, 10)));
  console.log(`wrote ${outfile}`);
}

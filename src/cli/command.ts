import mri from "mri";
import { BridgeError } from "../platform/errors.ts";

/** One flag of a command: what parsing needs, and what the help says. */
export interface Flag {
  readonly type: "string" | "boolean";
  /** Whether it may be said more than once; its values then come as a list. */
  readonly multiple?: boolean;
  readonly default?: string;
  /** What stands for the value in the help; flags of type `string` have one. */
  readonly value?: string;
  /** Whether an empty value, given as a word of its own, has a meaning. */
  readonly mayBeEmpty?: boolean;
  /** The values that there are, for whoever completes the command line. */
  readonly choices?: readonly string[];
  /** What the help writes above this flag and those that follow. */
  readonly heading?: string;
  /** Whether the help leaves it out: it is for programs, or another command's. */
  readonly isHidden?: boolean;
  readonly text: string;
}

/** A table of flags, by name. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of a table of flags, by name. */
export type FlagValues<Table extends Flags> = {
  readonly [Name in keyof Table]: Table[Name]["type"] extends "boolean" ? boolean
    : Table[Name] extends { multiple: true } ? readonly string[]
    : Table[Name] extends { default: string } ? string
    : string | undefined;
};

/** One word behind a command's name. */
export interface Operand {
  readonly name: string;
  readonly text: string;
  readonly optional?: true;
  /** The flag that takes its place. */
  readonly unless?: string;
  /** The words that there are for it: a list, or servers by their names, or commands. */
  readonly choices?: readonly string[] | "servers" | "commands" | "files";
  /** Whether the path of a file may stand there as well. */
  readonly takesFiles?: true;
}

/** One command: what a person may say, and what then happens. Help and completion are made from the same table. */
export interface Command<Table extends Flags = Flags> {
  /** The word that calls it. */
  readonly name: string;
  readonly summary: string;
  /** What stands behind the name, in order; those that may be left out come last. */
  readonly operands: readonly Operand[];
  /** What may follow them, as often as one likes; nothing where nothing may. */
  readonly further?: Operand;
  /**
   * What a program behind `--` is for, which takes the place of the operands but for those that it stands `behind`;
   * nothing where there is none.
   */
  readonly program?: {
    readonly name: string;
    readonly text: string;
    readonly behind?: number;
    /** Whether the help leaves it out. */
    readonly isHidden?: boolean;
  };
  readonly flags: Table;
  readonly examples: readonly string[];
  /** Settles with the exit code. Throws `BridgeError` for words that make no sense. */
  run(said: Words<Table>): Promise<number>;
}

/** Flags that every command understands. */
export const COMMON_FLAGS = {
  help: { type: "boolean", text: "print this help" },
  version: { type: "boolean", text: "print the version" },
} as const satisfies Flags;

/** What was said behind a command's name. */
export interface Words<Table extends Flags> {
  readonly operands: readonly string[];
  /** The program behind `--` and its arguments, as they are; empty where none was said. */
  readonly program: readonly string[];
  readonly flags: FlagValues<Table & typeof COMMON_FLAGS>;
  /** What operands and flags were read from, in their order. */
  readonly words: readonly string[];
}

/**
 * Reads the words behind a command's name.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function readWords<Table extends Flags>(
  command: Command<Table>,
  all: readonly string[],
): Promise<Words<Table>> {
  const dashes = command.program === undefined ? -1 : all.indexOf("--");
  const words = dashes < 0 ? all : all.slice(0, dashes);
  const program = dashes < 0 ? [] : all.slice(dashes + 1);
  const table: Flags = { ...command.flags, ...COMMON_FLAGS };
  const unknown = unknownIn(words, table, command.name);
  if (unknown !== undefined) throw await unknownFlag(unknown, table, command.name);
  // Loops, and no function called for each flag: beyond some 30 calls the runtime starts to compile, for 0.7 ms.
  const kinds: Record<Flag["type"], string[]> = { boolean: [], string: [] };
  for (const name in table) kinds[table[name]!.type].push(name);
  const said = mri(words.includes("-") ? withDashes(words, table) : [...words], kinds);
  const flags: Record<string, FlagValue> = {};
  for (const name in table) {
    const flag = table[name]!;
    // mri takes "--no-x" for the flag x with the value false.
    if (name.startsWith("no-")) flags[name] = said[name.slice(3)] === false;
    else if (said[name] !== undefined) flags[name] = valueOf(name, flag, said[name], words, command.name);
    else flags[name] = flag.type === "boolean" ? false : flag.multiple ? [] : flag.default;
  }
  const operands = said._.map(String);
  if (!flags.help && !flags.version) {
    const wanted = dashes < 0 ? command.operands : command.operands.slice(0, command.program!.behind ?? 0);
    checkOperands(command.name, wanted, operands, flags, dashes < 0 && command.further !== undefined);
    if (dashes >= 0 && program.length === 0) {
      throw new BridgeError("bad_argument", `there is no ${command.program!.name} behind "--"`, {
        hint: seeHelp(command.name),
      });
    }
  }
  return { operands, program, flags: flags as Words<Table>["flags"], words };
}

/** What to do about words that a command does not understand. */
function seeHelp(command: string): string {
  const words = command === "connect" ? "mcp-bridge" : `mcp-bridge ${command}`;
  return `run "${words} --help" for what can be said`;
}

/** The first flag in the words that no table has; flags of one letter are in none. */
function unknownIn(words: readonly string[], table: Flags, command: string): string | undefined {
  for (const word of words) {
    if (word === "--") return undefined;
    if (!word.startsWith("-") || word === "-") continue;
    const whole = word.slice(2).split("=", 1)[0]!;
    const name = word.startsWith("--no-") && !Object.hasOwn(table, whole) ? word.slice(5) : whole;
    if (!word.startsWith("--")) return word.slice(0, 2);
    if (!Object.hasOwn(table, name)) return word.startsWith("--no-") ? word : `--${name}`;
    if (table[name]!.type === "boolean") ensureNoValue(word, command);
  }
  return undefined;
}

/** mri takes the value of a flag that has none for an operand. */
function ensureNoValue(word: string, command: string): void {
  const [flag, value] = word.split("=", 2);
  if (value === undefined || value === "true" || value === "false") return;
  throw new BridgeError("bad_argument", `"${flag}" takes no value`, {
    hint: `leave "=" out, and what stands behind it; ${seeHelp(command)}`,
  });
}

type FlagValue = boolean | string | readonly string[] | undefined;

function valueOf(name: string, flag: Flag, said: unknown, words: readonly string[], command: string): FlagValue {
  if (flag.type === "boolean") return said === true || (Array.isArray(said) && said.at(-1) === true);
  const given: unknown[] = [said].flat();
  if (given.includes(false)) {
    throw new BridgeError("bad_argument", `there is no flag "--no-${name}"`, { hint: seeHelp(command) });
  }
  const values = given.map(String);
  if (values.includes("") && !(flag.mayBeEmpty && saidEmpty(name, words))) {
    throw new BridgeError("bad_argument", `"--${name}" wants a value`, {
      hint: `write "--${name} ${flag.value}", or "--${name}=${flag.value}" where that begins with a dash`,
    });
  }
  return flag.multiple ? values : values.at(-1);
}

/** mri takes a dash alone for no value; it stands for standard input. */
function withDashes(words: readonly string[], table: Flags): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const flag = word === "-" ? joined.at(-1) : undefined;
    if (flag?.startsWith("--") && table[flag.slice(2)]?.type === "string") joined[joined.length - 1] = `${flag}=-`;
    else joined.push(word);
  }
  return joined;
}

/** mri makes no difference between an empty value and none. */
function saidEmpty(name: string, words: readonly string[]): boolean {
  return words.some((word, place) => word === `--${name}` && words[place + 1] === "");
}

function checkOperands(
  command: string,
  operands: readonly Operand[],
  given: readonly string[],
  flags: Readonly<Record<string, FlagValue>>,
  mayGoOn: boolean,
): void {
  const missing = operands[given.length];
  const isTaken = missing?.unless !== undefined && flags[missing.unless] === true;
  if (missing !== undefined && !missing.optional && !isTaken) {
    throw new BridgeError("bad_argument", `the ${missing.name} is missing`, { hint: seeHelp(command) });
  }
  const excess = given[operands.length];
  if (excess !== undefined && !mayGoOn) throw excessWord(excess, command);
}

/** The error for a word that has no place in what was said to a command. */
export function excessWord(word: string, command: string): BridgeError {
  return new BridgeError("bad_argument", `${JSON.stringify(word)} is one word too many`, { hint: seeHelp(command) });
}

async function unknownFlag(flag: string, table: Flags, command: string): Promise<BridgeError> {
  const { closest, distance } = await import("fastest-levenshtein");
  const near = closest(flag.replace(/^-+/, ""), Object.keys(table).filter((name) => !table[name]!.isHidden));
  const isNear = distance(flag, `--${near}`) <= Math.min(3, flag.length / 3);
  const hint = isNear ? `did you mean "--${near}"?` : seeHelp(command);
  return new BridgeError("bad_argument", `there is no flag ${JSON.stringify(flag)}`, { hint });
}

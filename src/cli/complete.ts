import { type Command, COMMON_FLAGS, type Flag, type Flags, type Operand } from "./command.ts";

/** A word that may stand where the cursor is. */
export interface Candidate {
  readonly word: string;
  /** What it is, on one line; empty where nothing is known. */
  readonly about: string;
}

/** What may stand where the cursor is. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether names of files may, too. */
  readonly takesFiles: boolean;
}

/** Where candidates come from. */
export interface CandidateSources {
  readonly commands: readonly Candidate[];
  /** The servers of servers.json. */
  servers(): Promise<readonly Candidate[]>;
  /** The command of a word; nothing where there is none. */
  command(word: string): Promise<Command | undefined>;
}

const NOTHING: Completion = { candidates: [], takesFiles: false };
const FILES: Completion = { candidates: [], takesFiles: true };
/** What stands for the value of flags that take the path of a file or a folder. */
const PATHS = /FILE|FOLDER/;

/** What may stand in the place of the last of `words`, which stand behind the program's name; it may be empty. */
export async function complete(words: readonly string[], sources: CandidateSources): Promise<Completion> {
  const partial = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const [first, ...rest] = before;
  const named = first === undefined ? undefined : await sources.command(first);
  const command = named ?? await sources.command("connect");
  if (command === undefined) return NOTHING;
  const said = named === undefined ? before : rest;
  const found = await completeFor(command, said, partial, sources);
  const commands = first === undefined && !partial.startsWith("-") ? sources.commands : [];
  const candidates = [...commands, ...found.candidates].filter(({ word }) => word.startsWith(partial));
  return { ...found, candidates };
}

async function completeFor(
  command: Command,
  said: readonly string[],
  partial: string,
  sources: CandidateSources,
): Promise<Completion> {
  if (command.program !== undefined && said.includes("--")) return FILES;
  const flags: Flags = { ...command.flags, ...COMMON_FLAGS };
  const assigned = /^--([^=]+)=/.exec(partial)?.[1];
  if (assigned !== undefined) return valuesOf(flags[assigned], `--${assigned}=`);
  const last = said.at(-1);
  if (last?.startsWith("--") && flags[last.slice(2)]?.type === "string") return valuesOf(flags[last.slice(2)], "");
  if (partial.startsWith("-")) return { candidates: flagsIn(flags, said), takesFiles: false };
  return await wordsFor(command, operandsIn(said, flags), sources);
}

function valuesOf(flag: Flag | undefined, prefix: string): Completion {
  const candidates = (flag?.choices ?? []).map((choice) => ({ word: `${prefix}${choice}`, about: "" }));
  return { candidates, takesFiles: PATHS.test(flag?.value ?? "") };
}

function flagsIn(flags: Flags, said: readonly string[]): Candidate[] {
  const names = new Set(said.map((word) => word.split("=", 1)[0]));
  return Object.entries(flags)
    .filter(([name, flag]) => !flag.isHidden && (flag.multiple || !names.has(`--${name}`)))
    .map(([name, { text }]) => ({ word: `--${name}`, about: text }));
}

/** The words that are neither flags nor their values. */
function operandsIn(said: readonly string[], flags: Flags): string[] {
  return said.filter((word, place) => {
    const before = said[place - 1];
    const isValue = before?.startsWith("--") === true && flags[before.slice(2)]?.type === "string";
    return !word.startsWith("-") && !isValue;
  });
}

async function wordsFor(command: Command, given: readonly string[], sources: CandidateSources): Promise<Completion> {
  const operand = command.operands[given.length];
  const { candidates, takesFiles } = await wordsOf(operand, sources);
  const { further } = command;
  const isFurther = operand === undefined || (operand.optional === true && operand.choices === undefined);
  if (!isFurther || further === undefined) return { candidates, takesFiles };
  const more = await wordsOf(further, sources);
  return {
    candidates: [...candidates, ...more.candidates.filter(({ word }) => !given.includes(word))],
    takesFiles: takesFiles || more.takesFiles,
  };
}

async function wordsOf(operand: Operand | undefined, sources: CandidateSources): Promise<Completion> {
  const { choices } = operand ?? {};
  if (choices === undefined) return NOTHING;
  if (choices === "files") return FILES;
  if (choices === "servers") return { candidates: await sources.servers(), takesFiles: false };
  if (choices === "commands") return { candidates: sources.commands, takesFiles: false };
  return { candidates: choices.map((word) => ({ word, about: "" })), takesFiles: operand?.takesFiles === true };
}

/**
 * The words of a command line as a shell would see them, up to its end, without the program's name. The last one is
 * what is being typed, and empty behind a blank.
 */
export function wordsInLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [part] of line.matchAll(/\s+|'[^']*'?|"(?:[^"\\]|\\.)*"?|\\[^]?|[^\s'"\\]+/g)) {
    if (/^\s/.test(part)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + plain(part);
  }
  return [...words, word ?? ""].slice(1);
}

/** A part of a word without what the shell takes away. */
function plain(part: string): string {
  if (part.startsWith("'")) return part.slice(1).replace(/'$/, "");
  if (part.startsWith('"')) return part.slice(1).replace(/(?<!\\)"$/, "").replace(/\\(["\\$`])/g, "$1");
  return part.startsWith("\\") ? part.slice(1) : part;
}

import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { BridgeError } from "../platform/errors.ts";

/** One flag of a command: what parsing needs, and what the help says. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  readonly default?: string;
  /** What stands for the value in the help; flags of type `string` have one. */
  readonly value?: string;
  readonly text: string;
}

/** The values of a table of flags, by name. */
export type FlagValues<Flags extends Record<string, Flag>> = ReturnType<
  typeof parseArgs<{ options: Flags; allowPositionals: true }>
>["values"];

/** One command: what a person may say, and what then happens. Help and completion are made from the same table. */
export interface Command<Flags extends Record<string, Flag> = Record<string, Flag>> {
  /** The word that calls it. */
  readonly name: string;
  readonly summary: string;
  /** What stands behind the name, in order; all are required. */
  readonly operands: readonly { readonly name: string; readonly text: string }[];
  readonly flags: Flags;
  readonly examples: readonly string[];
  /** Settles with the exit code. Throws `BridgeError` for words that make no sense. */
  run(operands: readonly string[], flags: FlagValues<Flags>): Promise<number>;
}

/** Flags that every command understands. */
export const COMMON_FLAGS = {
  help: { type: "boolean", text: "print this help" },
  version: { type: "boolean", text: "print the version" },
} as const satisfies Record<string, Flag>;

/**
 * Reads the words behind a command's name.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function readWords<Flags extends Record<string, Flag>>(
  command: Command<Flags>,
  words: readonly string[],
): Promise<{ operands: string[]; flags: FlagValues<Flags> & { help?: boolean; version?: boolean } }> {
  const options = { ...command.flags, ...COMMON_FLAGS };
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: options as ParseArgsOptionsConfig,
      allowPositionals: true,
    });
    const flags = values as FlagValues<Flags> & { help?: boolean; version?: boolean };
    if (!flags.help && !flags.version) checkOperands(command.operands.map(({ name }) => name), positionals);
    return { operands: positionals, flags };
  } catch (thrown) {
    if (thrown instanceof BridgeError) throw thrown;
    throw await explain(thrown as Error & { code?: string }, words, Object.keys(options));
  }
}

const SEE_HELP = 'run "mcp-bridge --help" for what can be said';

function checkOperands(names: readonly string[], given: readonly string[]): void {
  const missing = names[given.length];
  if (missing !== undefined) {
    throw new BridgeError("bad_argument", `the ${missing} is missing`, { hint: SEE_HELP });
  }
  const excess = given[names.length];
  if (excess !== undefined) {
    throw new BridgeError("bad_argument", `${JSON.stringify(excess)} is one word too many`, {
      hint: SEE_HELP,
    });
  }
}

async function explain(
  thrown: Error & { code?: string },
  words: readonly string[],
  names: readonly string[],
): Promise<BridgeError> {
  if (thrown.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const unknown = /'(-[^']*)'/.exec(thrown.message)?.[1] ?? words.find((word) => word.startsWith("-"))!;
    const { closest, distance } = await import("fastest-levenshtein");
    const near = closest(unknown.replace(/^-+/, ""), [...names]);
    const hint = distance(unknown, `--${near}`) <= 3 ? `did you mean "--${near}"?` : SEE_HELP;
    return new BridgeError("bad_argument", `there is no flag "${unknown}"`, { hint });
  }
  if (thrown.code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    const flag = /'(?:-\w, )?(--[\w-]+)/.exec(thrown.message)?.[1] ?? "the last flag";
    const wantsNone = thrown.message.includes("does not take an argument");
    const message = wantsNone ? `"${flag}" takes no value` : `"${flag}" wants a value`;
    return new BridgeError("bad_argument", message, {
      hint: wantsNone ? SEE_HELP : `write "${flag}=VALUE" where the value begins with a dash`,
    });
  }
  return new BridgeError("bad_argument", thrown.message, { hint: SEE_HELP, cause: thrown });
}

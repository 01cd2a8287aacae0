import type { Command } from "./command.ts";

/** One command beside `connect`: it is loaded when it is called. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** The commands beside `connect`, by their words. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

/** The command of a word; `connect` has no entry, since it is there at once. */
export async function commandIn(table: CommandTable, word: string): Promise<Command | undefined> {
  if (word === "connect") return (await import("./connect.ts")).connectCommand as unknown as Command;
  return Object.hasOwn(table, word) ? await table[word]!.load() : undefined;
}

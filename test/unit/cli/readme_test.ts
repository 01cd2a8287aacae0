/** The README speaks of flags that there are, with the values that hold where nothing is said, and of every command. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMON_FLAGS, type Flag } from "../../../src/cli/command.ts";
import { commandIn, type CommandTable } from "../../../src/cli/command_table.ts";
import { COMMANDS } from "../../../src/cli/program.ts";

const README = readFileSync(join(import.meta.dir, "..", "..", "..", "README.md"), "utf8");
const table = COMMANDS as CommandTable;
const commands = await Promise.all(
  ["connect", ...Object.keys(table)].map(async (name) => (await commandIn(table, name))!),
);
const flags: [string, Flag][] = [COMMON_FLAGS, ...commands.map(({ flags }) => flags)].flatMap(Object.entries);

/** The rows of its tables that begin with flags: these, and what is said of them. */
const rows = [...README.matchAll(/^\| (`--[^|]*) \| (.*) \|$/gm)].map(([, said, text]) => ({
  names: [...said!.matchAll(/`--([a-z\d-]+)/g)].map(([, name]) => name!),
  text: text!,
}));

describe("the README", () => {
  test("tells of flags that there are", () => {
    const names = rows.flatMap(({ names }) => names);
    expect(names.length).toBeGreaterThan(40);
    const known = flags.map(([name]) => name);
    for (const name of names) expect(known).toContain(name);
  });

  test("names the number that holds where nothing is said", () => {
    const told = rows.flatMap(({ names, text }) => {
      const defaults = flags.filter(([name]) => names.includes(name)).flatMap(([, flag]) => flag.default ?? []);
      const [, number] = /\((\d+)[,)]/.exec(text) ?? [];
      return number === undefined || defaults.length === 0 ? [] : [{ names, number, defaults }];
    });
    expect(told.length).toBeGreaterThan(5);
    for (const { names, number, defaults } of told) {
      expect([...names, defaults.includes(number)]).toEqual([...names, true]);
    }
  });

  test("tells of every command", () => {
    for (const { name } of commands) {
      expect([name, new RegExp(`(?:mcp-bridge (?:--)?|\`)${name}[\` \n]`).test(README)]).toEqual([name, true]);
    }
  });
});

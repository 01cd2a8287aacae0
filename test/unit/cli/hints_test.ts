/** The commands and flags that our texts tell people to type are there. */
import { Glob } from "bun";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { COMMON_FLAGS } from "../../../src/cli/command.ts";
import { commandIn, type CommandTable } from "../../../src/cli/command_table.ts";
import { COMMANDS } from "../../../src/cli/program.ts";

const SOURCES = join(import.meta.dir, "..", "..", "..", "src");
const TABLE = COMMANDS as CommandTable;

/** Comments, patterns of one set of characters, and texts of TypeScript, so that none is taken for another. */
const COMMENT_OR_TEXT = /\/\/.*|\/\*[\s\S]*?\*\/|\/\[.*\]\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

/** What stands in quotation marks inside a text, with the file where it does. */
async function* quotations(): AsyncGenerator<{ file: string; quotation: string }> {
  for await (const file of new Glob("**/*.ts").scan(SOURCES)) {
    const code = (await Bun.file(join(SOURCES, file)).text()).replace(/['`] \+\s*['`]/g, "");
    for (const [text] of code.matchAll(COMMENT_OR_TEXT)) {
      if (!/^['`]/.test(text)) continue;
      for (const [, quotation] of text.matchAll(/"([^"]+)"/g)) yield { file, quotation: quotation! };
    }
  }
}

/** The flags that a text names in full. */
function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<!\S)--([a-z0-9]+(?:-[a-z0-9]+)*)(?![\w-])/g)].map(([, name]) => name!);
}

async function flagsOf(command: string): Promise<string[]> {
  return Object.keys({ ...(await commandIn(TABLE, command))!.flags, ...COMMON_FLAGS });
}

test("every command and flag in quotation marks can be typed as it stands", async () => {
  const commands = ["connect", ...Object.keys(TABLE)];
  const known = new Map(await Promise.all(commands.map(async (name) => [name, await flagsOf(name)] as const)));
  const all = new Set([...known.values()].flat());
  const wrong: string[] = [];
  let seen = 0;
  for await (const { file, quotation } of quotations()) {
    const command = /^mcp-bridge ([a-z][a-z-]*)(?:\s|$)/.exec(quotation)?.[1];
    if (command === undefined && !quotation.startsWith("--")) continue;
    seen++;
    const flags = command === undefined ? all : new Set(known.get(command));
    const isThere = flagsIn(quotation.split(" -- ")[0]!).every((flag) => flags.has(flag));
    if (!isThere || (command !== undefined && !known.has(command))) wrong.push(`${file}: ${quotation}`);
  }
  expect(seen).toBeGreaterThan(200);
  expect(wrong).toEqual([]);
});

/** What may stand where the cursor is. */
import { describe, expect, test } from "bun:test";
import { complete, type Completion, wordsInLine } from "../../../src/cli/complete.ts";
import { commandIn, type CommandTable } from "../../../src/cli/command_table.ts";
import { COMMANDS } from "../../../src/cli/program.ts";

async function completed(...words: string[]): Promise<string[]> {
  const { candidates, takesFiles } = await whole(...words);
  return [...candidates.map(({ word }) => word), ...(takesFiles ? [":files"] : [])];
}

function whole(...words: string[]): Promise<Completion> {
  return complete(words, {
    commands: Object.entries(COMMANDS).map(([word, { summary }]) => ({ word, about: summary })),
    servers: () => Promise.resolve([{ word: "linear", about: "" }, { word: "github", about: "" }]),
    command: (word) => commandIn(COMMANDS as CommandTable, word),
  });
}

describe("complete", () => {
  test("gives commands and servers for the first word, and flags where a dash is typed", async () => {
    expect(await completed("")).toEqual([...Object.keys(COMMANDS), "linear", "github"]);
    expect(await completed("li")).toEqual(["list", "linear"]);
    expect(await completed("--tran")).toEqual(["--transport"]);
    expect(await completed()).toContain("status");
  });

  test.each<[words: string[], candidates: string[]]>([
    [["call", ""], ["linear", "github"]],
    [["call", "linear", ""], []],
    [["connect", "linear", ""], ["github"]],
    [["linear", ""], ["github"]],
    [["status", "g"], ["github"]],
    [["vault", ""], ["status", "rotate", "export", "import"]],
    [["vault", "export", ""], [":files"]],
    [["import", "cu"], ["cursor", ":files"]],
    [["help", "lo"], ["login", "logout"]],
    [["completion", ""], ["bash", "zsh", "fish", "powershell"]],
    [["tools", "--transport", "sse"], ["sse-first", "sse-only"]],
    [["tools", "--transport=sse"], ["--transport=sse-first", "--transport=sse-only"]],
    [["tools", "--header-file", ""], [":files"]],
    [["tools", "--header-file", "x", "lin"], ["linear"]],
    [["tools", "--json", "lin"], ["linear"]],
    [["tools", "--account", ""], []],
    [["tools", "--nope", ""], ["linear", "github"]],
    [["tools", "--nope="], []],
    [["tools", "--jso"], ["--json"]],
    [["tools", "--json", "--jso"], []],
    [["tools", "--header", "A: 1", "--heade"], ["--header", "--header-file", "--headers-timeout"]],
    [["add", "x", "--", "l"], [":files"]],
    [["completion", "--wor"], []],
  ])("%j is completed by %j", async (words, candidates) => {
    expect((await completed(...words)).toSorted()).toEqual(candidates.toSorted());
  });

  test("says of each flag and command what it is", async () => {
    const { candidates } = await whole("tools", "--js");
    expect(candidates).toEqual([{ word: "--json", about: "print the result as the server sent it" }]);
  });
});

test.each<[line: string, words: string[]]>([
  ["mcp-bridge", []],
  ["mcp-bridge ", [""]],
  ["mcp-bridge  call   lin", ["call", "lin"]],
  ["mcp-bridge call lin ", ["call", "lin", ""]],
  ['mcp-bridge call \'a b\' "c \\"d" e\\ f', ["call", "a b", 'c "d', "e f"]],
  ["mcp-bridge call 'open quo", ["call", "open quo"]],
  ['mcp-bridge --header="A: 1" x', ["--header=A: 1", "x"]],
  ["mcp-bridge \\", [""]],
])("%j holds the words %j", (line, words) => {
  expect(wordsInLine(line)).toEqual(words);
});

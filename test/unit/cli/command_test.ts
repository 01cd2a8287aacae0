import { describe, expect, test } from "bun:test";
import { type Command, type Flags, readWords } from "../../../src/cli/command.ts";
import { connectCommand } from "../../../src/cli/connect.ts";
import { helpText } from "../../../src/cli/help.ts";

const FLAGS = {
  "name": { type: "string", multiple: true, value: "N", text: "a name" },
  "wait": { type: "string", default: "10", value: "S", text: "a wait" },
  "file": { type: "string", value: "F", text: "a file" },
  "loud": { type: "boolean", text: "loudly" },
  "no-hat": { type: "boolean", text: "keeps the hat on" },
} as const satisfies Flags;

const COMMAND: Command<typeof FLAGS> = {
  name: "greet",
  summary: "Greets.",
  operands: [{ name: "who", text: "whom to greet" }],
  flags: FLAGS,
  examples: ["greet you"],
  run: () => Promise.resolve(0),
};

const DEFAULTS = { name: [], wait: "10", file: undefined, loud: false, "no-hat": false, help: false, version: false };

const UNDERSTOOD: [words: string[], operands: string[], flags: Record<string, unknown>][] = [
  [["you"], ["you"], {}],
  [["you", "--loud"], ["you"], { loud: true }],
  [["--loud", "you"], ["you"], { loud: true }],
  [["--loud", "--loud", "you"], ["you"], { loud: true }],
  [["you", "--no-loud"], ["you"], { loud: false }],
  [["you", "--loud", "--no-loud"], ["you"], { loud: false }],
  [["you", "--loud=true"], ["you"], { loud: true }],
  [["you", "--loud=false"], ["you"], { loud: false }],
  [["you", "--no-hat"], ["you"], { "no-hat": true }],
  [["--no-hat", "you", "--no-loud"], ["you"], { "no-hat": true }],
  [["you", "--wait", "5"], ["you"], { wait: "5" }],
  [["you", "--wait=5"], ["you"], { wait: "5" }],
  [["you", "--wait", "5", "--wait", "6"], ["you"], { wait: "6" }],
  [["--wait", "5", "you"], ["you"], { wait: "5" }],
  [["you", "--wait=-5"], ["you"], { wait: "-5" }],
  [["you", "--file=a=b=c"], ["you"], { file: "a=b=c" }],
  [["you", "--file", "-"], ["you"], { file: "-" }],
  [["--file", "-", "you"], ["you"], { file: "-" }],
  [["you", "--file", "007"], ["you"], { file: "007" }],
  [["you", "--file", "1e3"], ["you"], { file: "1e3" }],
  [["you", "--file", "true"], ["you"], { file: "true" }],
  [["you", "--name", "a", "--name=b"], ["you"], { name: ["a", "b"] }],
  [["you", "--name", "a, b: c"], ["you"], { name: ["a, b: c"] }],
  [["--", "--loud"], ["--loud"], {}],
  [["--loud", "--", "you"], ["you"], { loud: true }],
  [["--help"], [], { help: true }],
  [["--version", "a", "b"], ["a", "b"], { version: true }],
];

const REFUSED: [words: string[], message: string, hint: string][] = [
  [[], "the who is missing", 'run "mcp-bridge greet --help" for what can be said'],
  [["you", "me"], '"me" is one word too many', 'run "mcp-bridge greet --help" for what can be said'],
  [["you", "--wait"], '"--wait" wants a value', 'write "--wait S", or "--wait=S" where that begins with a dash'],
  [["you", "--wait="], '"--wait" wants a value', 'write "--wait S", or "--wait=S" where that begins with a dash'],
  [["you", "--wait", "-5"], 'there is no flag "-5"', 'run "mcp-bridge greet --help" for what can be said'],
  [
    ["you", "--wait", "--loud"],
    '"--wait" wants a value',
    'write "--wait S", or "--wait=S" where that begins with a dash',
  ],
  [
    ["you", "--name", "a", "--name="],
    '"--name" wants a value',
    'write "--name N", or "--name=N" where that begins with a dash',
  ],
  [
    ["you", "--loud=5"],
    '"--loud" takes no value',
    'leave "=" out, and what stands behind it; run "mcp-bridge greet --help" for what can be said',
  ],
  [["you", "--luod"], 'there is no flag "--luod"', 'did you mean "--loud"?'],
  [["you", "--lou"], 'there is no flag "--lou"', 'did you mean "--loud"?'],
  [["you", "--waits=1"], 'there is no flag "--waits"', 'did you mean "--wait"?'],
  [["you", "--something"], 'there is no flag "--something"', 'run "mcp-bridge greet --help" for what can be said'],
  [
    ["you", "--no-something"],
    'there is no flag "--no-something"',
    'run "mcp-bridge greet --help" for what can be said',
  ],
  [["you", "--hat"], 'there is no flag "--hat"', 'run "mcp-bridge greet --help" for what can be said'],
  [["you", "-l"], 'there is no flag "-l"', 'run "mcp-bridge greet --help" for what can be said'],
  [["you", "--__proto__=1"], 'there is no flag "--__proto__"', 'run "mcp-bridge greet --help" for what can be said'],
  [["you", "--constructor"], 'there is no flag "--constructor"', 'run "mcp-bridge greet --help" for what can be said'],
  [
    ["you", "--\u001b[31m"],
    String.raw`there is no flag "--\u001b[31m"`,
    'run "mcp-bridge greet --help" for what can be said',
  ],
];

describe("readWords", () => {
  test.each(UNDERSTOOD)("understands %j", async (words, operands, flags) => {
    expect(await readWords(COMMAND, words)).toEqual({
      operands,
      program: [],
      flags: { ...DEFAULTS, ...flags } as never,
      words,
    });
  });

  test.each(REFUSED)("refuses %j", async (words, message, hint) => {
    const refusal = await readWords(COMMAND, words).catch((thrown) => thrown);
    expect([refusal.code, refusal.message, refusal.hint]).toEqual(["bad_argument", message, hint]);
  });

  test("hands on a program behind the dashes as it is, where a command takes one", async () => {
    const command = { ...COMMAND, program: { name: "command", text: "a program" } };
    const said = await readWords(command, ["--loud", "--", "run", "--loud", "--", "-x"]);
    expect(said).toMatchObject({ operands: [], program: ["run", "--loud", "--", "-x"], flags: { loud: true } });
    for (const words of [["--"], ["you", "--", "run"]]) {
      expect((await readWords(command, words).catch((thrown) => thrown)).code).toBe("bad_argument");
    }
  });

  test("takes operands that may be left out", async () => {
    const operands = [{ name: "who", text: "whom" }, { name: "when", text: "at what time", optional: true }] as const;
    const command = { ...COMMAND, operands };
    expect((await readWords(command, ["you"])).operands).toEqual(["you"]);
    expect((await readWords(command, ["you", "--loud", "7"])).operands).toEqual(["you", "7"]);
    for (
      const [words, message] of [[[], "the who is missing"], [["a", "b", "c"], '"c" is one word too many']] as const
    ) {
      const refusal = await readWords(command, words).catch((thrown) => thrown);
      expect(refusal.message).toBe(message);
    }
  });

  test("takes an empty word for a value where that has a meaning, and no word for none", async () => {
    const flags = { ...FLAGS, "file": { type: "string", value: "F", mayBeEmpty: true, text: "a file" } } as const;
    const command = { ...COMMAND, flags };
    expect((await readWords(command, ["you", "--file", ""])).flags.file).toBe("");
    expect((await readWords(command, ["you", "--file", "", "--loud"])).flags).toMatchObject({ file: "", loud: true });
    for (const words of [["you", "--file"], ["you", "--file", "--loud"], ["you", "--name", ""]]) {
      const refusal = await readWords(command, words).catch((thrown) => thrown);
      expect(refusal.message).toEndWith("wants a value");
    }
  });

  test("leaves the words that it was given alone", async () => {
    const words = Object.freeze(["you", "--name", "a"]);
    await readWords(COMMAND, words);
    expect(words).toEqual(["you", "--name", "a"]);
  });
});

describe("helpText", () => {
  test("is made of the command's own table", () => {
    expect(helpText(COMMAND as Command)).toBe(`usage: mcp-bridge greet <who> [flags]

Greets.

  <who>      whom to greet

  --name N   a name
  --wait S   a wait (10)
  --file F   a file
  --loud     loudly
  --no-hat   keeps the hat on
  --help     print this help
  --version  print the version

examples:
  greet you
`);
  });

  test("writes headings above groups, and gives what is long a line of its own", () => {
    const flags = {
      "name": { type: "string", value: "N", heading: "who", text: "a name" },
      "the-longest-flag-of-all": { type: "string", value: "VALUE", text: "a wait" },
      "loud": { type: "boolean", heading: "how", text: `loudly${" and again".repeat(6)}` },
    } as const satisfies Flags;
    const operands = [{ name: "who", text: "whom" }, { name: "when", text: "at what time", optional: true }] as const;
    expect(helpText({ ...COMMAND, operands, flags } as unknown as Command)).toBe(
      `usage: mcp-bridge greet <who> [when] [flags]

Greets.

  <who>                      whom
  [when]                     at what time

who:
  --name N                   a name
  --the-longest-flag-of-all VALUE
                             a wait

how:
  --loud                     loudly and again and again and again and again and
                             again and again

output:
  --help                     print this help
  --version                  print the version

examples:
  greet you
`,
    );
  });

  test("stays within 80 columns, and names every flag", () => {
    const text = helpText(connectCommand as Command);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    for (const name of Object.keys(connectCommand.flags)) expect(text).toContain(`--${name}`);
  });
});

test("a program takes the place of the operands, but for those that it stands behind", async () => {
  const operands = [{ name: "who", text: "whom" }, { name: "where", text: "where" }];
  const command: Command = {
    ...COMMAND as unknown as Command,
    operands,
    program: { name: "how", text: "how", behind: 1 },
  };
  const { operands: said, program } = await readWords(command, ["you", "--loud", "--", "loudly", "--wait"]);
  expect([said, program]).toEqual([["you"], ["loudly", "--wait"]]);
  const refusals = await Promise.all(
    [["--", "loudly"], ["you", "here", "--", "loudly"], ["you", "--"], ["you"]].map((words) =>
      readWords(command, words).catch((thrown: Error) => thrown.message)
    ),
  );
  expect(refusals).toEqual([
    "the who is missing",
    '"here" is one word too many',
    'there is no how behind "--"',
    "the where is missing",
  ]);
  expect(helpText(command)).toStartWith(
    "usage: mcp-bridge greet <who> <where> [flags]\n       mcp-bridge greet <who> [flags] -- <how> [arguments]\n",
  );
});

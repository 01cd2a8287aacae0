import { type Colours, coloursOf } from "./colour.ts";
import type { Command } from "./command.ts";
import {
  briefOf,
  commandLine,
  elementOf,
  fieldRows,
  listOf,
  type Offered,
  type OfferedList,
  wholeOf,
} from "./offers.ts";
import { printAnswer } from "./print.ts";
import { asSchema, fieldsOf } from "./schema_words.ts";
import { showJson } from "./show_contents.ts";
import { ASKING_FLAGS, withServer } from "./with_server.ts";
import { wrapped } from "./wrap.ts";

/** `mcp-bridge tools`: what a server can do. */
export const toolsCommand: Command<typeof ASKING_FLAGS> = {
  name: "tools",
  summary: "Shows the tools of a server and the arguments that they take, or all that is said of one.",
  operands: [
    { name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" },
    { name: "tool", text: "this tool alone, and whole", optional: true },
  ],
  flags: ASKING_FLAGS,
  examples: [
    "mcp-bridge tools linear",
    "mcp-bridge tools linear create_issue",
    "mcp-bridge tools https://mcp.example.com/mcp --json",
  ],
  async run(said): Promise<number> {
    const { operands: [, name], flags } = said;
    return await withServer(said, async (server) => {
      const list = await listOf(server, "tools");
      const tool = name === undefined ? undefined : elementOf(list, "tools", name, server);
      return { list, tool, server };
    }, async ({ list, tool, server }) => {
      const colours = await coloursOf("stdout");
      if (flags.json) await showJson(tool?.raw ?? list.raw);
      else if (tool === undefined) await printAnswer(allTools(list, server.name, colours));
      else await printAnswer(oneTool(tool, server.word, colours));
      return 0;
    });
  },
};

function allTools({ elements }: OfferedList, server: string, colours: Colours): string {
  if (elements.length === 0) return `${server} offers no tools\n`;
  return elements.map(({ value }) => briefOf(value, fieldsOf(value["inputSchema"]), colours)).join("");
}

function oneTool({ value }: Offered, server: string, colours: Colours): string {
  const { bold } = colours;
  const fields = fieldsOf(value["inputSchema"]);
  const answer = fieldsOf(value["outputSchema"]);
  const traits = traitsOf(value["annotations"]);
  const call = commandLine("call", server, value, fields);
  return [
    wholeOf(value, fields, colours),
    ...(answer.length === 0 ? [] : [`\n${bold("answers with:")}\n${fieldRows(answer, bold)}`]),
    ...(traits.length === 0 ? [] : [`\n${wrapped(`by the server's word it ${traits.join(", ")}`, "")}\n`]),
    `\n${bold("call it with:")}\n  ${call}\n`,
  ].join("");
}

const TRAITS: readonly (readonly [name: string, yes: string, no: string])[] = [
  ["readOnlyHint", "only reads", "changes things"],
  ["destructiveHint", "may destroy something", "destroys nothing"],
  ["idempotentHint", "may be called twice without harm", "does more when called twice"],
  ["openWorldHint", "reaches out to the world", "stays within its own data"],
];

/** What a tool's annotations say; only what they say. */
function traitsOf(annotations: unknown): string[] {
  const said = asSchema(annotations);
  return TRAITS.flatMap(([name, yes, no]) => said[name] === true ? [yes] : said[name] === false ? [no] : []);
}

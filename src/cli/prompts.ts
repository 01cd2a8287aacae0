import { type Colours, coloursOf } from "./colour.ts";
import type { Command, Flags } from "./command.ts";
import { contentsOf } from "./contents.ts";
import { readRawJson } from "./json_argument.ts";
import { requestPatiently } from "./needed_pages.ts";
import { briefOf, commandLine, elementOf, listOf, type Offered, wholeOf } from "./offers.ts";
import { printAnswer } from "./print.ts";
import { safeLine } from "./safe_text.ts";
import { asSchema, type Field, fieldsOf, type Schema } from "./schema_words.ts";
import { showContents, showJson } from "./show_contents.ts";
import { readArguments } from "./tool_arguments.ts";
import { ASKING_FLAGS, withServer } from "./with_server.ts";

const { json, ...SERVER } = ASKING_FLAGS;

const FLAGS = {
  "args": {
    type: "string",
    value: "JSON",
    text: "the arguments as an object of JSON, or @FILE, or - for standard input",
  },
  "show": { type: "boolean", text: "show what is said of the prompt, and which arguments it takes" },
  json,
  ...SERVER,
} as const satisfies Flags;

/** `mcp-bridge prompts`: the texts that a server has ready. */
export const promptsCommand: Command<typeof FLAGS> = {
  name: "prompts",
  summary: "Shows the prompts of a server and the arguments that they take, or gets one.",
  operands: [
    { name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" },
    { name: "prompt", text: "get this one", optional: true },
  ],
  further: { name: "key=value", text: "its arguments", optional: true },
  flags: FLAGS,
  examples: [
    "mcp-bridge prompts docs",
    "mcp-bridge prompts docs summarize --show",
    "mcp-bridge prompts docs summarize topic=tokens style=short",
  ],
  async run(said): Promise<number> {
    const [, name] = said.operands;
    if (name === undefined) return await showAll(said);
    return said.flags.show ? await showOne(said, name) : await getOne(said, name);
  },
};

type Said = Parameters<typeof promptsCommand.run>[0];

async function showAll(said: Said): Promise<number> {
  return await withServer(
    said,
    async (server) => ({ ...await listOf(server, "prompts"), name: server.name }),
    async ({ raw, elements, name }) => {
      if (said.flags.json) await showJson(raw);
      else await printAnswer(allPrompts(elements, name, await coloursOf("stdout")));
      return 0;
    },
  );
}

async function showOne(said: Said, name: string): Promise<number> {
  return await withServer(
    said,
    async (server) => ({ ...elementOf(await listOf(server, "prompts"), "prompts", name, server), word: server.word }),
    async ({ raw, value, word }) => {
      if (said.flags.json) await showJson(raw);
      else await printAnswer(onePrompt(value, word, await coloursOf("stdout")));
      return 0;
    },
  );
}

async function getOne(said: Said, name: string): Promise<number> {
  const { operands: [, , ...words], flags } = said;
  const given = { words, json: await readRawJson("--args", flags.args) };
  return await withServer(said, async (server) => {
    const { value } = elementOf(await listOf(server, "prompts"), "prompts", name, server);
    const shownBy = `"mcp-bridge prompts ${server.word} ${name} --show"`;
    const args = await readArguments({ name, schema: schemaOf(value), shownBy }, given);
    return await requestPatiently(server, "prompts/get", `{"name":${JSON.stringify(name)},"arguments":${args}}`);
  }, async ({ raw, value }) => {
    if (flags.json) await showJson(raw);
    else await showMessages(value);
    return 0;
  });
}

/** Prints the messages of a prompt, each below who says it. */
async function showMessages(result: unknown): Promise<void> {
  const { bold } = await coloursOf("stdout");
  const { messages } = asSchema(result);
  for (const [place, message] of (Array.isArray(messages) ? messages : []).entries()) {
    const { role, content } = asSchema(message);
    await printAnswer(`${place === 0 ? "" : "\n"}${bold(`${safeLine(String(role), 40)}:`)}\n`);
    await showContents(contentsOf([content].flat()), undefined);
  }
}

/** The arguments of a prompt, which are texts, as a schema. */
function schemaOf({ arguments: given }: Offered["value"]): Schema {
  const list = (Array.isArray(given) ? given : []).map(asSchema);
  return {
    properties: Object.fromEntries(list.map(({ name, description }) => [name, { type: "string", description }])),
    required: list.filter(({ required }) => required === true).map(({ name }) => name),
    additionalProperties: false,
  };
}

function fieldsIn(value: Offered["value"]): Field[] {
  return fieldsOf(schemaOf(value));
}

function allPrompts(elements: readonly Offered[], server: string, colours: Colours): string {
  if (elements.length === 0) return `${server} offers no prompts\n`;
  return elements.map(({ value }) => briefOf(value, fieldsIn(value), colours)).join("");
}

function onePrompt(value: Offered["value"], server: string, colours: Colours): string {
  const fields = fieldsIn(value);
  const get = commandLine("prompts", server, value, fields);
  return `${wholeOf(value, fields, colours)}\n${colours.bold("get it with:")}\n  ${get}\n`;
}

import { type Colours, coloursOf } from "./colour.ts";
import type { Command, Flags } from "./command.ts";
import { contentsOfResource } from "./contents.ts";
import { requestPatiently } from "./needed_pages.ts";
import { elementsIn, firstSentence, ifUnknown, listOf, type Offered, rawMember } from "./offers.ts";
import { printAnswer } from "./print.ts";
import { safeLine } from "./safe_text.ts";
import { showContents, showJson } from "./show_contents.ts";
import { type AskedServer, ASKING_FLAGS, withServer } from "./with_server.ts";
import { wrapped } from "./wrap.ts";

const { json, ...SERVER } = ASKING_FLAGS;

const FLAGS = {
  "output": { type: "string", value: "FILE", text: "save what is read: images and the like, else the text" },
  json,
  ...SERVER,
} as const satisfies Flags;

/** `mcp-bridge resources`: what a server has to read. */
export const resourcesCommand: Command<typeof FLAGS> = {
  name: "resources",
  summary: "Shows what a server has to read, or reads one of it.",
  operands: [
    { name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" },
    { name: "uri", text: "read this one", optional: true },
  ],
  flags: FLAGS,
  examples: [
    "mcp-bridge resources docs",
    "mcp-bridge resources docs docs://guide/start",
    "mcp-bridge resources docs docs://logo --output logo.png",
  ],
  async run(said): Promise<number> {
    const [, uri] = said.operands;
    return uri === undefined ? await showAll(said) : await readOne(said, uri);
  },
};

type Said = Parameters<typeof resourcesCommand.run>[0];

async function readOne(said: Said, uri: string): Promise<number> {
  const { json, output } = said.flags;
  return await withServer(
    said,
    (server) => requestPatiently(server, "resources/read", JSON.stringify({ uri })),
    async ({ raw, value }) => {
      if (json) await showJson(raw);
      else await showContents(contentsOfResource(value), output);
      return 0;
    },
  );
}

async function showAll(said: Said): Promise<number> {
  return await withServer(said, async (server) => {
    const [list, templates] = await Promise.all([listOf(server, "resources"), templatesOf(server)]);
    return { list, templates, name: server.name };
  }, async ({ list, templates, name }) => {
    const places = elementsIn(templates, "resourceTemplates");
    if (said.flags.json) await showJson(joined(list.raw, templates));
    else await printAnswer(asText(list.elements, places, name, await coloursOf("stdout")));
    return 0;
  });
}

/** The raw result with the templates; an empty object where a server does not know the question. */
async function templatesOf({ client }: AskedServer): Promise<string> {
  return await client.request("resources/templates/list", "{}").then(({ raw }) => raw, ifUnknown("{}"));
}

/** Two answers as one object of JSON: their lists, as they were written. */
function joined(resources: string, templates: string): string {
  const members = [["resources", resources], ["resourceTemplates", templates]] as const;
  const lists = members.flatMap(([name, raw]) => {
    const list = rawMember(raw, name);
    return list === undefined ? [] : [`"${name}":${list}`];
  });
  return `{${lists.join(",")}}`;
}

function asText(
  resources: readonly Offered[],
  templates: readonly Offered[],
  server: string,
  colours: Colours,
): string {
  if (resources.length + templates.length === 0) return `${server} has nothing to read\n`;
  const rows = resources.map((resource) => row(resource, "uri", colours));
  const patterns = templates.map((template) => row(template, "uriTemplate", colours));
  const heading = patterns.length === 0 ? [] : [`${rows.length === 0 ? "" : "\n"}${colours.bold("templates:")}\n`];
  return [...rows, ...heading, ...patterns].join("");
}

function row({ value }: Offered, address: string, { bold, faint }: Colours): string {
  const { name, title, mimeType, description } = value;
  const called = [title, name].find((text) => typeof text === "string");
  const about = [
    [called, typeof mimeType === "string" ? `(${mimeType})` : undefined].filter(Boolean).join(" "),
    firstSentence(description),
  ].filter((text) => text !== "");
  const line = safeLine(about.join(": "), 300);
  return `${bold(safeLine(String(value[address])))}\n${line === "" ? "" : `  ${faint(wrapped(line, "  "))}\n`}`;
}

import type { Command, Flags } from "./command.ts";
import { contentsOfCall } from "./contents.ts";
import { elementOf, listOf } from "./offers.ts";
import { requestPatiently } from "./needed_pages.ts";
import { printError } from "./print.ts";
import { showContents, showJson } from "./show_contents.ts";
import { readRawJson } from "./json_argument.ts";
import { readArguments } from "./tool_arguments.ts";
import { asSchema } from "./schema_words.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { ASKING_FLAGS, withServer } from "./with_server.ts";

const { json, ...SERVER } = ASKING_FLAGS;

const FLAGS = {
  "args": {
    type: "string",
    value: "JSON",
    text:
      "the arguments as an object of JSON, or @FILE, or - for standard input; key=value takes the place of what it holds",
  },
  "output": { type: "string", value: "FILE", text: "save what comes: images and the like, else the text" },
  json,
  ...SERVER,
} as const satisfies Flags;

/** `mcp-bridge call`: has a server do something. */
export const callCommand: Command<typeof FLAGS> = {
  name: "call",
  summary: "Calls a tool of a server and prints what it gives. The exit code is 1 where the tool says that it failed.",
  operands: [
    { name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" },
    { name: "tool", text: '"mcp-bridge tools" shows which there are' },
  ],
  further: {
    name: "key=value",
    text: "arguments, read as the tool's schema says; key:=JSON for a value as it is; a list is said more than once",
    optional: true,
  },
  flags: FLAGS,
  examples: [
    "mcp-bridge call linear create_issue title='It is broken' labels=bug labels=urgent",
    "mcp-bridge call linear create_issue --args @issue.json priority:=1",
    "mcp-bridge call camera picture --output picture.png",
  ],
  async run(said): Promise<number> {
    const { operands: [, name, ...words], flags } = said;
    const given = { words, json: await readRawJson("--args", flags.args) };
    return await withServer(said, async (server) => {
      const { value: tool } = elementOf(await listOf(server, "tools"), "tools", name!, server);
      const shownBy = `"mcp-bridge tools ${server.word} ${name}"`;
      const args = await readArguments({ name: name!, schema: tool["inputSchema"], shownBy }, given);
      const params = `{"name":${JSON.stringify(name)},"arguments":${args}}`;
      return { ...await requestPatiently(server, "tools/call", params), server: server.name };
    }, async ({ raw, value, server }) => {
      const hasFailed = asSchema(value)["isError"] === true;
      if (flags.json) await showJson(raw);
      else await showContents(contentsOfCall(value), hasFailed ? undefined : flags.output);
      if (hasFailed) printError(new BridgeError("server_error", `${quoted(name!)} of ${server} says that it failed`));
      return hasFailed ? 1 : 0;
    }, true);
  },
};

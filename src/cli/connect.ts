import type { ConnectWorld } from "../app/on_stdio.ts";
import type { UpstreamSettings } from "../app/upstream.ts";
import { CURES } from "../bridge/client_cures.ts";
import type { Notify } from "../platform/notice.ts";
import { isAddress, readChoices, readKeepAlive, readSeconds } from "./arguments.ts";
import { type Command, excessWord, type Flags, type FlagValues } from "./command.ts";
import type { NamedServer } from "./named_server.ts";
import { NETWORK_FLAGS } from "./network_flags.ts";
import { noticePrinter } from "./print.ts";
import { SIGN_IN_FLAGS } from "./sign_in_flags.ts";
import { STATE_FLAGS } from "./state_flags.ts";
import { readServer, REQUEST_FLAGS, type SaidOfServer, TIME_FLAGS } from "./upstream_flags.ts";

/** What can be said of a connection. */
export const CONNECT_FLAGS = {
  ...REQUEST_FLAGS,
  "keep-alive": { type: "boolean", text: "ping the server now and then, so that nobody takes the session for dead" },
  "ping-interval": { type: "string", value: "SECONDS", text: "as --keep-alive, this often (30)" },
  "ignore-tool": {
    type: "string",
    multiple: true,
    value: "GLOB",
    heading: "the client",
    text: "take away the tools of this name; * stands for any letters",
  },
  "cures": {
    type: "string",
    default: "auto",
    value: "LIST",
    choices: ["auto", "none", ...CURES],
    text: `what to do for a client with faults: what it is known to need (auto), none, or ${CURES.join(",")}`,
  },
  "sign-in-grace": {
    type: "string",
    default: "20",
    value: "SECONDS",
    text: "answer the host's first request ourselves if the server is not ready",
  },
  "no-attach": { type: "boolean", text: 'do not go through a "mcp-bridge serve" that runs' },
  ...NETWORK_FLAGS,
  ...TIME_FLAGS,
  "all": {
    type: "boolean",
    heading: "servers.json",
    text: "connect to every server there; the client sees all of them as one",
  },
  ...SIGN_IN_FLAGS,
  ...STATE_FLAGS,
  "debug": { type: "boolean", heading: "output", text: "say what happens, on standard error" },
  "silent": { type: "boolean", text: "say nothing but errors" },
} as const satisfies Flags;

/** `mcp-bridge <url>`: the bridge on stdio. */
export const connectCommand: Command<typeof CONNECT_FLAGS> = {
  name: "connect",
  summary: "Connects the MCP client on standard input and output to an MCP server.",
  operands: [
    {
      name: "url",
      text: "the server, such as https://mcp.example.com/mcp, or its name in servers.json",
      unless: "all",
      choices: "servers",
    },
    { name: "callback-port", text: "where a sign-in in the browser comes back to", optional: true },
  ],
  further: {
    name: "name",
    text: "further servers of servers.json: the client sees all of them as one",
    optional: true,
    choices: "servers",
  },
  program: { name: "command", text: "a server on this machine in place of an address, started by us without a shell" },
  flags: CONNECT_FLAGS,
  examples: [
    "mcp-bridge https://mcp.example.com/mcp",
    "mcp-bridge https://mcp.example.com/mcp --header 'X-Api-Key: ${MY_KEY}'",
    "mcp-bridge http://127.0.0.1:3000/mcp --debug",
    "mcp-bridge linear --account work",
    "mcp-bridge connect linear github",
    "mcp-bridge -- npx -y @modelcontextprotocol/server-everything",
  ],
  async run(said): Promise<number> {
    const { operands: [word], program, flags: { debug, silent } } = said;
    const notify = noticePrinter(debug ? "debug" : silent ? "silent" : "info");
    const world = { input: Bun.stdin.stream(), output: Bun.stdout.writer(), notify };
    if (said.flags.all || isSeveral(said.operands)) {
      const { connectNames } = await import("./several.ts");
      return await connectNames(said, world, (one, named) => readUpstream(one, named, notify));
    }
    const excess = said.operands[2];
    if (excess !== undefined) throw excessWord(excess, "connect");
    if (program.length > 0 || isAddress(word!)) {
      return await connect(await readUpstream(said, undefined, notify), world);
    }
    // The list of servers, and who else may be there, are no business of a start with an address.
    const [{ findNamed, withReferences }, { goThroughServe }] = await Promise.all([
      import("./named_server.ts"),
      import("./attach.ts"),
    ]);
    const named = await findNamed(word!, said, process.env, said.flags["allow-http"]);
    if (named === undefined) return await connect(await readUpstream(said, undefined, notify), world);
    const own = async (): Promise<UpstreamSettings> =>
      await readUpstream(said, await withReferences(named, process.env), notify);
    return await goThroughServe(named, said, own, world) ?? await connect(await own(), world);
  },
};

/** What was said of a connection, by `connect` or by a command that takes the same words. */
export type ConnectWords = SaidOfServer<FlagValues<typeof CONNECT_FLAGS>>;

/** The whole bridge; neither who goes through a `serve` nor who asks for help needs any of it. */
async function connect(settings: UpstreamSettings, world: ConnectWorld): Promise<number> {
  return await (await import("../app/connect.ts")).connect(settings, world);
}

/** Whether the words are names of servers; what stands behind an address, or is a number, is a port. */
function isSeveral([first, second]: readonly string[]): boolean {
  return first !== undefined && !isAddress(first) && second !== undefined && !/^\d+$/.test(second);
}

/**
 * Reads how the server is to be spoken to, and what its client needs.
 *
 * @throws {BridgeError} as `readServer`
 */
export async function readUpstream(
  said: ConnectWords,
  named: NamedServer<FlagValues<typeof CONNECT_FLAGS>> | undefined,
  notify: Notify,
): Promise<UpstreamSettings> {
  const { flags, settings } = await readServer(said, named, notify);
  return {
    ...settings,
    grace: readSeconds("--sign-in-grace", flags["sign-in-grace"]),
    keepAlive: readKeepAlive(flags["keep-alive"], flags["ping-interval"]),
    ignoredTools: [...settings.ignoredTools, ...flags["ignore-tool"]],
    cures: readChoices("--cures", flags.cures, ["auto", ...CURES]),
  };
}

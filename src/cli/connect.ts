import { connect } from "../app/connect.ts";
import type { LocalProgram } from "../app/far_end.ts";
import type { UpstreamSettings } from "../app/upstream.ts";
import { CURES } from "../bridge/client_cures.ts";
import { readServerUrl } from "../net/server_url.ts";
import { environmentForPrograms } from "../platform/child.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { isAddress, readChoice, readChoices, readKeepAlive, readMebibytes, readSeconds } from "./arguments.ts";
import { type Command, excessWord, type Flags, type FlagValues, type Words } from "./command.ts";
import { headerSources, readHeaders } from "./headers.ts";
import type { NamedServer } from "./named_server.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter } from "./print.ts";
import { readSignIn, SIGN_IN_FLAGS } from "./sign_in_flags.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";

/** What can be said of a connection. */
export const CONNECT_FLAGS = {
  "header": {
    type: "string",
    multiple: true,
    value: "LINE",
    heading: "requests",
    text: 'send "Name: value" with every request; ${VAR} is taken from the environment',
  },
  "header-file": {
    type: "string",
    multiple: true,
    value: "FILE",
    text: "read such headers from a file, one a line, # for comments",
  },
  "allow-http": {
    type: "boolean",
    text: "allow plain http beyond this machine, on a network that you trust",
  },
  "transport": {
    type: "string",
    default: "http-first",
    value: "ORDER",
    text: "the HTTP transport to try first, or only: http-first, sse-first, http-only, sse-only",
  },
  "protocol": {
    type: "string",
    default: "auto",
    value: "ERA",
    text: "auto speaks the client's era of MCP where the server can, and translates where not; legacy never " +
      "translates; modern speaks 2026-07-28 alone",
  },
  "max-message": { type: "string", default: "64", value: "MIB", text: "refuse larger messages" },
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
  "body-timeout": {
    type: "string",
    default: "300",
    value: "SECONDS",
    text: "give up if an answer that has begun falls silent",
  },
  "timeout": {
    type: "string",
    default: "0",
    value: "SECONDS",
    text: "give up if a request has no answer",
  },
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
    },
    { name: "callback-port", text: "where a sign-in in the browser comes back to", optional: true },
  ],
  further: {
    name: "name",
    text: "further servers of servers.json: the client sees all of them as one",
    optional: true,
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
    if (excess !== undefined) throw excessWord(excess);
    if (program.length > 0 || isAddress(word!)) return connect(await readUpstream(said, undefined, notify), world);
    // The list of servers, and who else may be there, are no business of a start with an address.
    const [{ findNamed, withReferences }, { goThroughServe }] = await Promise.all([
      import("./named_server.ts"),
      import("./attach.ts"),
    ]);
    const named = await findNamed(word!, said, process.env, said.flags["allow-http"]);
    if (named === undefined) return connect(await readUpstream(said, undefined, notify), world);
    const own = async (): Promise<UpstreamSettings> =>
      await readUpstream(said, await withReferences(named, process.env), notify);
    return await goThroughServe(named, said, own, world) ?? await connect(await own(), world);
  },
};

/** Whether the words are names of servers; what stands behind an address, or is a number, is a port. */
function isSeveral([first, second]: readonly string[]): boolean {
  return first !== undefined && !isAddress(first) && second !== undefined && !/^\d+$/.test(second);
}

/**
 * Reads how the server is to be spoken to: at the address or by the program that was said, or as an entry says.
 *
 * @throws {BridgeError} `bad_argument`, `bad_url`, `bad_header`, `unreadable_file`
 */
async function readUpstream(
  { operands: [word, port], program, flags: said, words }: Words<typeof CONNECT_FLAGS>,
  named: NamedServer<FlagValues<typeof CONNECT_FLAGS>> | undefined,
  notify: Notify,
): Promise<UpstreamSettings> {
  const allowHttp = said["allow-http"];
  const environment = process.env;
  const advise = (text: string): void => notify({ level: "info", text });
  const flags = named?.flags ?? said;
  const headers = await readHeaders(headerSources(words, flags.header, flags["header-file"]), environment, advise);
  const server = named === undefined
    ? program.length > 0 ? readProgram(program) : readServerUrl(word!, allowHttp, flags.ipv4)
    : named.server;
  if (!(server instanceof URL)) checkProgramFlags(flags);
  return {
    server,
    headers: { ...named?.headers, ...headers },
    network: await readNetwork(flags),
    transport: readChoice("--transport", flags.transport, STRATEGIES),
    protocol: readChoice("--protocol", flags.protocol, PROTOCOLS),
    bodyTimeout: readSeconds("--body-timeout", flags["body-timeout"]),
    timeout: readSeconds("--timeout", flags.timeout),
    grace: readSeconds("--sign-in-grace", flags["sign-in-grace"]),
    maxMessage: readMebibytes("--max-message", flags["max-message"]),
    keepAlive: readKeepAlive(flags["keep-alive"], flags["ping-interval"]),
    allowedTools: named?.entry.tools.allow ?? [],
    ignoredTools: [...named?.entry.tools.deny ?? [], ...flags["ignore-tool"]],
    cures: readChoices("--cures", flags.cures, ["auto", ...CURES]),
    account: flags.account,
    state: readState(flags, environment),
    signIn: await readSignIn(port, flags, { environment, allowHttp, advise, base: named?.signIn }),
  };
}

/** Flags that mean nothing to a program on this machine. */
const FOR_ADDRESSES = ["header", "header-file", "allow-http", "ca", "cert", "key", "insecure", "ipv4"] as const;

function checkProgramFlags(flags: FlagValues<typeof CONNECT_FLAGS>): void {
  const needless = FOR_ADDRESSES.find((name) => [flags[name]].flat().some((value) => value));
  if (needless === undefined) return;
  throw new BridgeError("bad_argument", `"--${needless}" is for servers with an address`, { hint: "leave it out" });
}

/**
 * A program to start, with our environment but for what is meant for us alone.
 *
 * @throws {BridgeError} `bad_argument`
 */
function readProgram([command, ...args]: readonly string[]): LocalProgram {
  if (isAddress(command!) && URL.canParse(command!)) {
    throw new BridgeError("bad_argument", `${JSON.stringify(command)} is an address, not a program`, {
      hint: 'leave the "--" out',
    });
  }
  return { command: command!, args, env: environmentForPrograms(process.env) };
}

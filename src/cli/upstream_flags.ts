import type { LocalProgram } from "../app/far_end.ts";
import type { UpstreamSettings } from "../app/upstream.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { isAddress, readChoice, readMebibytes, readSeconds } from "./arguments.ts";
import type { Flags, FlagValues } from "./command.ts";
import { headerSources, readHeaders } from "./headers.ts";
import type { NamedServer } from "./named_server.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { readSignIn } from "./read_sign_in.ts";
import { SIGN_IN_FLAGS } from "./sign_in_flags.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";

/** What goes with requests to a server, and how it is spoken to. */
export const REQUEST_FLAGS = {
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
    choices: STRATEGIES,
    text: "the HTTP transport to try first, or only: http-first, sse-first, http-only, sse-only",
  },
  "protocol": {
    type: "string",
    default: "auto",
    value: "ERA",
    choices: PROTOCOLS,
    text: "auto speaks the client's era of MCP where the server can, and translates where not; legacy never " +
      "translates; modern speaks 2026-07-28 alone",
  },
  "max-message": { type: "string", default: "64", value: "MIB", text: "refuse larger messages" },
} as const satisfies Flags;

/** How long a server may take, beside what `NETWORK_FLAGS` says. */
export const TIME_FLAGS = {
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
} as const satisfies Flags;

/** What can be said of one server, whoever speaks to it. */
export const SERVER_FLAGS = {
  ...REQUEST_FLAGS,
  ...NETWORK_FLAGS,
  ...TIME_FLAGS,
  ...SIGN_IN_FLAGS,
  ...STATE_FLAGS,
} as const satisfies Flags;

/** What was said of a server. */
export interface SaidOfServer<Values extends FlagValues<typeof SERVER_FLAGS>> {
  /** The server, and perhaps the port for a sign-in. */
  readonly operands: readonly string[];
  /** A program in place of the server. */
  readonly program: readonly string[];
  readonly flags: Values;
  readonly words: readonly string[];
}

/** How a server is spoken to, but for what its client needs; and the flags with what its entry says. */
export interface ReadServer<Values> {
  readonly flags: Values;
  readonly settings: Omit<UpstreamSettings, "grace" | "keepAlive" | "cures">;
}

/**
 * Reads how the server is to be spoken to: at the address or by the program that was said, or as an entry says.
 *
 * @throws {BridgeError} `bad_argument`, `bad_url`, `bad_header`, `unreadable_file`
 */
export async function readServer<Values extends FlagValues<typeof SERVER_FLAGS>>(
  { operands: [word, port], program, flags: said, words }: SaidOfServer<Values>,
  named: NamedServer<Values> | undefined,
  notify: Notify,
): Promise<ReadServer<Values>> {
  const allowHttp = said["allow-http"];
  const environment = process.env;
  const advise = (text: string): void => notify({ level: "info", text });
  const flags = named?.flags ?? said;
  const headers = await readHeaders(headerSources(words, flags.header, flags["header-file"]), environment, advise);
  const server = named === undefined
    ? program.length > 0 ? await readProgram(program) : await readAddress(word!, allowHttp, flags.ipv4)
    : named.server;
  if (!(server instanceof URL)) checkProgramFlags(flags);
  const settings = {
    server,
    headers: { ...named?.headers, ...headers },
    network: await readNetwork(flags, named?.entry),
    transport: readChoice("--transport", flags.transport, STRATEGIES),
    protocol: readChoice("--protocol", flags.protocol, PROTOCOLS),
    bodyTimeout: readSeconds("--body-timeout", flags["body-timeout"]),
    timeout: readSeconds("--timeout", flags.timeout),
    maxMessage: readMebibytes("--max-message", flags["max-message"]),
    allowedTools: named?.entry.tools.allow ?? [],
    ignoredTools: named?.entry.tools.deny ?? [],
    account: flags.account,
    state: readState(flags, environment),
    signIn: await readSignIn(port, flags, { environment, allowHttp, advise, base: named?.signIn }),
  };
  return { flags, settings };
}

/** As `readServerUrl`, which a help does not need. */
async function readAddress(word: string, allowHttp: boolean, ipv4: boolean): Promise<URL> {
  const { readServerUrl } = await import("../net/server_url.ts");
  return readServerUrl(word, allowHttp, ipv4);
}

/** Flags that mean nothing to a program on this machine. */
const FOR_ADDRESSES = ["header", "header-file", "allow-http", "ca", "cert", "key", "insecure", "ipv4"] as const;

function checkProgramFlags(flags: FlagValues<typeof SERVER_FLAGS>): void {
  const needless = FOR_ADDRESSES.find((name) => [flags[name]].flat().some((value) => value));
  if (needless === undefined) return;
  throw new BridgeError("bad_argument", `"--${needless}" is for servers with an address`, { hint: "leave it out" });
}

/**
 * A program to start, with our environment but for what is meant for us alone.
 *
 * @throws {BridgeError} `bad_argument`
 */
async function readProgram([command, ...args]: readonly string[]): Promise<LocalProgram> {
  if (isAddress(command!) && URL.canParse(command!)) {
    throw new BridgeError("bad_argument", `${JSON.stringify(command)} is an address, not a program`, {
      hint: 'leave the "--" out',
    });
  }
  const { environmentForPrograms } = await import("../platform/child.ts");
  return { command: command!, args, env: environmentForPrograms(process.env) };
}

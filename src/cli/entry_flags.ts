import { BridgeError } from "../platform/errors.ts";
import { SHARINGS } from "../registry/entry.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { readChoice, readPeriod, readPort, readSeconds } from "./arguments.ts";
import type { Flags, FlagValues } from "./command.ts";

/** The flags that say what an entry of servers.json holds. */
export const ENTRY_FLAGS = {
  "header": {
    type: "string",
    multiple: true,
    value: "LINE",
    heading: "requests",
    text: 'send "Name: value" with every request; ${VAR} and keychain:NAME are resolved when they are needed',
  },
  "secret-header": {
    type: "string",
    multiple: true,
    value: "NAME",
    text: "ask for the value of this header at the terminal, and keep it in the system's keychain",
  },
  "allow-http": { type: "boolean", text: "allow plain http beyond this machine, on a network that you trust" },
  "transport": {
    type: "string",
    value: "ORDER",
    choices: STRATEGIES,
    text: "http-first, sse-first, http-only or sse-only",
  },
  "protocol": { type: "string", value: "ERA", choices: PROTOCOLS, text: "auto, legacy or modern" },
  "connect-timeout": { type: "string", value: "SECONDS", text: "give up if no connection comes about" },
  "headers-timeout": { type: "string", value: "SECONDS", text: "give up if an answer has not begun" },
  "body-timeout": { type: "string", value: "SECONDS", text: "give up if an answer that has begun falls silent" },
  "timeout": { type: "string", value: "SECONDS", text: "give up if a request has no answer" },
  "ping-interval": {
    type: "string",
    value: "SECONDS",
    text: "ping the server this often, so that it keeps the session",
  },
  "ca": { type: "string", value: "FILE", text: "trust the authorities in this PEM file, in place of the system's" },
  "cert": { type: "string", value: "FILE", text: "show this client certificate, with --key" },
  "key": { type: "string", value: "FILE", text: "the key of the client certificate" },
  "insecure": { type: "boolean", text: "do not check the server's certificate; anybody on the way can read along" },
  "ipv4": { type: "boolean", text: "connect over IPv4 only" },
  "disable-cookies": { type: "boolean", text: "do not send the server's cookies back to it" },
  "env": {
    type: "string",
    multiple: true,
    value: "NAME=VALUE",
    heading: "a program",
    text: "a variable of its environment; ${VAR} and keychain:NAME likewise",
  },
  "secret-env": {
    type: "string",
    multiple: true,
    value: "NAME",
    text: "ask for the value of this variable, and keep it in the keychain",
  },
  "cwd": { type: "string", value: "FOLDER", text: "the folder that it starts in, as a whole path" },
  "tool-allow": {
    type: "string",
    multiple: true,
    value: "GLOB",
    heading: "clients",
    text: "let them see the tools of this name alone; * stands for any letters",
  },
  "tool-deny": { type: "string", multiple: true, value: "GLOB", text: "take away the tools of this name" },
  "share": {
    type: "string",
    value: "WHEN",
    choices: SHARINGS,
    text: "whether clients share connections: auto (where the server keeps no state for them), always, never",
  },
  "disabled": { type: "boolean", text: 'leave it out of "serve" for now' },
  "account": {
    type: "string",
    value: "NAME",
    heading: "sign-in",
    text: "which of several accounts at the server, by a name of your own",
  },
  "scope": { type: "string", value: "WORDS", text: "what to ask for" },
  "client-id": { type: "string", value: "ID", text: "a client that the authorization server knows already" },
  "client-secret": { type: "string", value: "REFERENCE", text: "its secret, as ${VAR} or keychain:NAME" },
  "resource": { type: "string", value: "URI", text: "the resource that a token is for" },
  "provider": { type: "string", value: "NAME", text: "who signs people in: github, google, ..." },
  "callback-port": { type: "string", value: "PORT", text: "where the browser comes back to" },
  "token-command": {
    type: "string",
    value: "WORDS",
    text: "a program that prints the token, started without a shell",
  },
} as const satisfies Flags;

/**
 * What is to be written for a server at `where`, an address or the words of a program; `reference` gives what stands for
 * a secret. Whether it makes sense is for the registry to judge.
 *
 * @throws {BridgeError} `bad_argument`, `bad_header`
 */
export function readWritten(
  where: string | readonly string[],
  flags: FlagValues<typeof ENTRY_FLAGS>,
  reference: (name: string) => string,
): WrittenEntry {
  const headers = new Map(flags.header.map(readHeaderLine));
  for (const name of flags["secret-header"]) headers.set(name, reference(name));
  const env = new Map(flags.env.map(readVariable));
  for (const name of flags["secret-env"]) env.set(name, reference(name));
  const timeouts = given({
    connect: secondsOf("connect-timeout", flags),
    headers: secondsOf("headers-timeout", flags),
    body: secondsOf("body-timeout", flags),
    total: secondsOf("timeout", flags),
  });
  const oauth = given({
    scope: flags.scope,
    clientId: flags["client-id"],
    clientSecret: flags["client-secret"],
    resource: flags.resource,
    provider: flags.provider,
    callbackPort: flags["callback-port"] === undefined ? undefined : readPort("callback port", flags["callback-port"]),
    tokenCommand: flags["token-command"]?.split(/\s+/).filter(Boolean),
  });
  const { "ping-interval": interval } = flags;
  const { "tool-allow": allow, "tool-deny": deny, transport, protocol, share } = flags;
  const isProgram = typeof where !== "string";
  checkFit(isProgram, flags);
  return given({
    ...(isProgram ? { command: where[0]!, args: where.length > 1 ? where.slice(1) : undefined } : { url: where }),
    env: filled(Object.fromEntries(env)),
    cwd: flags.cwd,
    headers: filled(Object.fromEntries(headers)),
    allowHttp: flags["allow-http"] || undefined,
    account: flags.account,
    transport: transport === undefined ? undefined : readChoice("--transport", transport, STRATEGIES),
    protocol: protocol === undefined ? undefined : readChoice("--protocol", protocol, PROTOCOLS),
    tools: filled(given({ allow: nonempty(allow), deny: nonempty(deny) })),
    timeouts: filled(timeouts),
    keepAlive: interval === undefined ? undefined : readPeriod("--ping-interval", interval) / 1_000,
    ipv4: flags.ipv4 || undefined,
    tls: filled(given({
      ca: wholePath(flags.ca),
      cert: wholePath(flags.cert),
      key: wholePath(flags.key),
      insecure: flags.insecure || undefined,
    })),
    cookies: flags["disable-cookies"] ? false : undefined,
    share: share === undefined ? undefined : readChoice("--share", share, SHARINGS),
    oauth: filled(oauth),
    disabled: flags.disabled || undefined,
  });
}

/** Flags that mean nothing to a server with an address, and to a program. */
const FOR_PROGRAMS = ["env", "secret-env", "cwd"] as const;
const FOR_ADDRESSES = [
  "header",
  "secret-header",
  "allow-http",
  "transport",
  "ca",
  "cert",
  "key",
  "insecure",
  "ipv4",
  "disable-cookies",
  "account",
  "scope",
  "client-id",
  "client-secret",
  "resource",
  "provider",
  "callback-port",
  "token-command",
] as const;

function checkFit(isProgram: boolean, flags: FlagValues<typeof ENTRY_FLAGS>): void {
  const names = isProgram ? FOR_ADDRESSES : FOR_PROGRAMS;
  const needless = names.find((name) => [flags[name]].flat().some((value) => value));
  if (needless === undefined) return;
  throw new BridgeError(
    "bad_argument",
    `"--${needless}" is for ${isProgram ? "servers with an address" : 'programs behind "--"'}`,
    { hint: "leave it out" },
  );
}

// The text of a line is never shown: it may hold a credential.
function readHeaderLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(":");
  if (colon > 0) return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  throw new BridgeError("bad_header", 'a "--header" is not of the form "Name: value"', {
    hint: 'write it like --header "X-Api-Key: ${MY_KEY}"',
  });
}

function readVariable(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new BridgeError("bad_argument", 'an "--env" is not of the form NAME=VALUE', {
    hint: "write it like --env 'TOKEN=${MY_TOKEN}', or use \"--secret-env NAME\"",
  });
}

function secondsOf(
  name: "connect-timeout" | "headers-timeout" | "body-timeout" | "timeout",
  flags: FlagValues<typeof ENTRY_FLAGS>,
): number | undefined {
  const text = flags[name];
  return text === undefined ? undefined : readSeconds(`--${name}`, text) / 1_000;
}

/** A path as it stays good wherever the entry is read. */
function wholePath(path: string | undefined): string | undefined {
  return path === undefined ? undefined : Bun.fileURLToPath(Bun.pathToFileURL(path));
}

type Given<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** The members that are there. */
function given<Values extends object>(values: Values): Given<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<Values>;
}

function filled<Values extends object>(values: Values): Values | undefined {
  return Object.keys(values).length === 0 ? undefined : values;
}

function nonempty(texts: readonly string[]): readonly string[] | undefined {
  return texts.length === 0 ? undefined : texts;
}

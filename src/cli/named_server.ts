import type { LocalProgram } from "../app/far_end.ts";
import type { SignInSettings } from "../auth/settings.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { findServer } from "../registry/find.ts";
import { resolveHeaders, resolveProgram } from "../registry/references.ts";
import { signInOf } from "../registry/sign_in.ts";
import type { Environment } from "./variables.ts";

/** A server of servers.json, with what its entry refers to. */
export interface NamedServer<Values> {
  readonly entry: ServerEntry;
  readonly server: URL | LocalProgram;
  readonly headers: Readonly<Record<string, string>>;
  readonly signIn: SignInSettings;
  /** What was said on the command line, and what the entry says where that says nothing. */
  readonly flags: Values;
}

/** What was said on the command line. */
export interface Said<Values> {
  readonly flags: Values;
  readonly words: readonly string[];
}

/** An entry, and what was said with what the entry says where that says nothing. */
export type NamedEntry<Values> = Pick<NamedServer<Values>, "entry" | "flags">;

/**
 * Reads a word that is no address as the name of a server; nothing where it is none and looks like an address after all.
 *
 * @throws {BridgeError} `unknown_name`, with the names that are near; `bad_registry`, with line and column;
 * `missing_reference`, `bad_header`
 */
export async function readName<Values extends object>(
  word: string,
  said: Said<Values>,
  environment: Environment,
): Promise<NamedServer<Values> | undefined> {
  const named = await findNamed(word, said, environment, said.words.includes("--allow-http"));
  return named && await withReferences(named, environment);
}

/**
 * Reads what an entry refers to.
 *
 * @throws {BridgeError} `missing_reference`, `bad_header`
 */
export async function withReferences<Values>(
  named: NamedEntry<Values>,
  environment: Environment,
): Promise<NamedServer<Values>> {
  const { server, label } = named.entry;
  const isRemote = server instanceof URL;
  return {
    ...named,
    server: isRemote ? server : await resolveProgram(label, server, environment, lazyKeychain),
    headers: isRemote ? await resolveHeaders(named.entry, environment, lazyKeychain) : {},
    signIn: await signInOf(named.entry, environment, lazyKeychain),
  };
}

/**
 * As `readName`, without a look at what the entry refers to.
 *
 * @throws {BridgeError} `unknown_name`, `bad_registry`
 */
export async function findNamed<Values extends object>(
  word: string,
  { flags, words }: Said<Values>,
  environment: Environment,
  allowHttp: boolean,
): Promise<NamedEntry<Values> | undefined> {
  const entry = await findEntry(word, environment, allowHttp);
  return entry === undefined ? undefined : { entry, flags: withDefaults(flags, words, flagsOf(entry)) };
}

/**
 * The address of a server that people sign in to.
 *
 * @throws {BridgeError} `bad_argument` for a program
 */
export function addressOf({ label, server }: ServerEntry): URL {
  if (server instanceof URL) return server;
  throw new BridgeError(
    "bad_argument",
    `${JSON.stringify(label)} is a program on this machine: nobody signs in to it`,
    {
      hint: '"mcp-bridge list" shows which servers have an address',
    },
  );
}

/**
 * The entry of a server by its name; nothing where a word is no name of one and looks like an address.
 *
 * @throws {BridgeError} `unknown_name`, with the names that are near; `bad_registry`, with line and column
 */
async function findEntry(
  word: string,
  environment: Environment,
  allowHttp: boolean,
): Promise<ServerEntry | undefined> {
  try {
    const file = registryFile({ platform: process.platform, env: environment });
    return await findServer(file, word, { allowHttp });
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || thrown.code !== "unknown_name") throw thrown;
    const isNear = thrown.hint?.startsWith("did you mean") === true;
    if (!isNear && /[./:]|^\s*$|[^ -~]/.test(word)) return undefined;
    throw isNear ? thrown : new BridgeError("unknown_name", thrown.message, {
      hint: 'give the whole URL, or see "mcp-bridge list" and "mcp-bridge add"',
    });
  }
}

/** The system's keychain, which is loaded by the first question. */
const lazyKeychain: Keychain = {
  get: async (name) => (await import("../platform/keychain.ts")).systemKeychain().get(name),
  set: async (name, key) => (await import("../platform/keychain.ts")).systemKeychain().set(name, key),
  delete: async (name) => (await import("../platform/keychain.ts")).systemKeychain().delete(name),
};

/** What an entry says, as values of flags that have defaults. */
function flagsOf(entry: ServerEntry): Record<string, string | boolean> {
  const { account, transport, protocol, timeouts, keepAlive, ipv4, tls, cookies } = entry;
  const seconds = (ms: number): string => String(ms / 1_000);
  return {
    "account": account,
    "transport": transport,
    "protocol": protocol,
    "connect-timeout": seconds(timeouts.connect),
    "headers-timeout": seconds(timeouts.headers),
    "body-timeout": seconds(timeouts.body),
    "timeout": seconds(timeouts.total),
    ...(keepAlive === 0 ? {} : { "ping-interval": seconds(keepAlive) }),
    ...(ipv4 ? { "ipv4": true } : {}),
    ...tls,
    ...(cookies ? {} : { "disable-cookies": true }),
  };
}

/** The values of flags with others in place of the defaults: of those flags that `words` do not say. */
function withDefaults<Values extends object>(
  values: Values,
  words: readonly string[],
  defaults: Readonly<Record<string, string | boolean>>,
): Values {
  const unsaid = Object.entries(defaults).filter(([name]) =>
    name in values && !words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`))
  );
  return { ...values, ...Object.fromEntries(unsaid) };
}

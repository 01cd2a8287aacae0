import type { Registered } from "../app/doctor/doctor.ts";
import type { Target } from "../app/doctor/world.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress } from "./arguments.ts";
import type { FlagValues } from "./command.ts";
import { type CONNECT_FLAGS, type ConnectWords, readUpstream } from "./connect.ts";
import { placeOf } from "./list.ts";
import { FOR_ONE, refuseForSeveral } from "./for_one.ts";
import { findNamed, type NamedEntry, type NamedServer, withReferences } from "./named_server.ts";
import { SIGN_IN_FLAGS } from "./sign_in_flags.ts";

type Flags = FlagValues<typeof CONNECT_FLAGS>;

/** What is wrong with the file as a whole, which a check of its own says. */
const OF_THE_FILE = /^(?:bad_registry|unsafe_file|no_home|unreadable_file)$/;

/**
 * The server that was named or said; nothing where its entry cannot be read, which a check of the file says.
 *
 * @throws {BridgeError} `unknown_name`, and what `connect` would say of the words
 */
export async function readTarget(said: ConnectWords, notify: Notify): Promise<Target | undefined> {
  const { operands: [word], program, flags } = said;
  if (program.length > 0 || isAddress(word!)) return await addressed(said, notify);
  let named: NamedEntry<Flags> | undefined;
  try {
    named = await findNamed(word!, said, process.env, flags["allow-http"]);
  } catch (thrown) {
    if (thrown instanceof BridgeError && OF_THE_FILE.test(thrown.code)) return undefined;
    throw thrown;
  }
  return named === undefined ? await addressed(said, notify) : await targetOf(named, said, notify);
}

async function addressed(said: ConnectWords, notify: Notify): Promise<Target> {
  return {
    name: undefined,
    entry: undefined,
    settings: await readUpstream(said, undefined, notify),
    unresolved: undefined,
  };
}

/** Flags that would give a credential of one server to all. */
const OF_ONE = [...FOR_ONE, ...Object.keys(SIGN_IN_FLAGS)];

/** What is said of addresses alone means nothing to a program. */
const OF_NO_ADDRESS = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  insecure: false,
  ipv4: false,
  "allow-http": false,
};

/**
 * The servers of servers.json that are in use; none where the file cannot be read, which a check of its own says.
 *
 * @throws {BridgeError} `bad_argument` for a flag that is for one server
 */
export async function readRegistered(said: ConnectWords, notify: Notify): Promise<Registered[]> {
  refuseForSeveral(said.words, OF_ONE, 'name the server: "mcp-bridge doctor NAME"');
  return await Promise.all((await usedServers()).map((entry) => registered(entry, said, notify)));
}

async function usedServers(): Promise<ServerEntry[]> {
  try {
    const { servers } = await readRegistry(registryFile({ platform: process.platform, env: process.env }));
    return [...servers.values()].filter(({ disabled }) => !disabled);
  } catch (thrown) {
    if (thrown instanceof BridgeError && OF_THE_FILE.test(thrown.code)) return [];
    throw thrown;
  }
}

async function registered(entry: ServerEntry, said: ConnectWords, notify: Notify): Promise<Registered> {
  const flags = entry.server instanceof URL ? said.flags : { ...said.flags, ...OF_NO_ADDRESS };
  const one = { ...said, flags, operands: [entry.slug] };
  const named = await findNamed<Flags>(entry.slug, one, process.env, said.flags["allow-http"]);
  return { name: entry.slug, place: placeOf(entry), target: await targetOf(named!, one, notify) };
}

async function targetOf(named: NamedEntry<Flags>, said: ConnectWords, notify: Notify): Promise<Target> {
  const { entry } = named;
  const noFiles = await missingFile(entry);
  const { ca, cert, key } = said.flags;
  const flags = noFiles === undefined ? named.flags : { ...named.flags, ca, cert, key };
  let unresolved: unknown = noFiles;
  let server: NamedServer<Flags>;
  try {
    server = await withReferences({ entry, flags }, process.env);
  } catch (thrown) {
    unresolved ??= thrown;
    server = await withReferences({ entry: withoutReferences(entry), flags }, process.env);
  }
  return { name: entry.slug, entry, settings: await readUpstream(said, { ...server, entry }, notify), unresolved };
}

/** Why a file with certificates that an entry names is not to be had; nothing where all are there. */
async function missingFile({ label, tls }: ServerEntry): Promise<unknown> {
  const { readTls } = await import("../net/tls.ts");
  const { ca, cert, key } = tls;
  try {
    await readTls({ ca, cert, key, insecure: false }, (file) => `"tls.${file}" of ${JSON.stringify(label)}`);
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

/** An entry that refers to nothing. */
function withoutReferences(entry: ServerEntry): ServerEntry {
  const { clientSecret: _, ...oauth } = entry.oauth;
  const server = entry.server instanceof URL ? entry.server : { ...entry.server, env: {} };
  return { ...entry, server, headers: {}, oauth };
}

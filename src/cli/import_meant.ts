import { readServerUrl } from "../net/server_url.ts";
import { clientOf } from "../registry/clients/table.ts";
import type { Registry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { storeFolder } from "../registry/mcp_remote/store_place.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress } from "./arguments.ts";
import { thisUser } from "./client_changes.ts";
import { type ImportPlan, plannedAddress, type PlannedServer, planServers } from "./import_plan.ts";
import { planSignIns } from "./import_sign_ins.ts";
import { readNamedSources, readSources } from "./import_sources.ts";
import type { WholePlan } from "./import_text.ts";

/**
 * Reads what there is, and what is to be done about it. `word` is a client, a file, an address or the name of a server;
 * nothing for all that is known. Of what does not run mcp-remote, only `all` is wanted. Changes nothing.
 *
 * @throws {BridgeError} `bad_argument`, `bad_url`, `client_missing`, `bad_client_file`, `unreadable_file`
 */
export async function makePlan(word: string | undefined, all: boolean): Promise<WholePlan> {
  const { platform, env } = process;
  const registry = await readRegistry(registryFile({ platform, env }));
  const address = word === undefined ? undefined : addressIn(word, registry);
  const isOne = word !== undefined && address === undefined;
  const sources = isOne && isFile(word)
    ? await readNamedSources(word)
    : await readSources(await thisUser(env), isOne ? await clientOf(word) : undefined);
  const wanted = { all: all || isOne, platform };
  const { servers, leftOut }: ImportPlan = await planServers(sources, registry, wanted);
  const store = storeFolder({ platform, env });
  if (address !== undefined) {
    const found = await planSignIns([address, ...sameAddress(address, servers)], store, Date.now(), false);
    const [first] = found.signIns;
    return { servers: first === undefined ? [] : [first[0]], signIns: found.signIns, leftOut: found.leftOut };
  }
  const others = isOne ? [] : addressesOf(registry, servers);
  const found = await planSignIns([...servers, ...others], store, Date.now(), word === undefined);
  return {
    servers: [...servers, ...others.filter((server) => found.signIns.has(server))],
    signIns: found.signIns,
    leftOut: [...leftOut, ...found.leftOut],
  };
}

/**
 * The server that a word means, by its address or its name in servers.json; nothing where it may be a client.
 *
 * @throws {BridgeError} `bad_url`
 */
function addressIn(word: string, { servers }: Registry): PlannedServer | undefined {
  const entry = servers.get(word);
  if (entry?.server instanceof URL) return plannedAddress(String(entry.server), entry.server, entry);
  if (isFile(word)) return undefined;
  if (!isAddress(word) && !/[./:]/.test(word)) return undefined;
  const server = readServerUrl(word, true);
  return plannedAddress(word, server, [...servers.values()].find((other) => String(other.server) === server.href));
}

/** The same server as clients' entries tell mcp-remote of it. */
function sameAddress(address: PlannedServer, servers: ImportPlan["servers"]): PlannedServer[] {
  return servers.flatMap(({ signIn }) => {
    if (signIn === undefined || signIn.server.href !== address.signIn!.server.href) return [];
    return [{ ...address, signIn: { ...signIn, account: address.signIn!.account } }];
  });
}

/** Servers that nobody's configuration names, and that mcp-remote may know all the same. */
function addressesOf({ servers }: Registry, planned: ImportPlan["servers"]): ImportPlan["servers"] {
  const named = new Set(planned.map(({ slug }) => slug));
  return [...servers.values()]
    .filter((entry) => entry.server instanceof URL && !named.has(entry.slug))
    .map((entry) => plannedAddress(String(entry.server), entry.server as URL, entry));
}

/** Whether a word names a file with servers, such as a project's `.mcp.json`. */
export function isFile(word: string): boolean {
  return !isAddress(word) && /\.(?:jsonc?|toml)$/i.test(word);
}

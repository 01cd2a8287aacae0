import { ownerAddress } from "../app/authentication.ts";
import type { ImportedSignIn } from "../auth/imported.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Registry, ServerEntry } from "../registry/entry.ts";
import { labelOf } from "../registry/clients/entry_name.ts";
import { shownClient } from "../registry/clients/projects.ts";
import { inVariable, variableFor } from "../registry/entry_secrets.ts";
import { EntryFault } from "../registry/entry_fault.ts";
import { slugOf } from "../registry/names.ts";
import { judgeEntry, subjectOf } from "../registry/registry.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { type EntryReading, type PlannedSecret, readEntry, shownName } from "./import_reading.ts";
import type { Source, Sources } from "./import_sources.ts";
import { findThere, variablesOf } from "./import_there.ts";

type ServerReading = Extract<EntryReading, { kind: "server" }>;

/** A server to be taken over, or one that is there and whose clients are to use it. */
export interface PlannedServer {
  /** Its name in servers.json; where it has none it is an address that a person said. */
  readonly slug: string | undefined;
  readonly label: string;
  /** Whether servers.json has it already. */
  readonly isThere: boolean;
  /** Of one that is there: the variables that it wants. */
  readonly wants: ReadonlySet<string>;
  /** Without its secrets. */
  readonly written: WrittenEntry;
  readonly secrets: readonly PlannedSecret[];
  /** The entries that say so, each with the flags that go behind the name. */
  readonly sources: readonly PlannedSource[];
  /** By what its sign-in is looked for in mcp-remote's store; nothing for a program. */
  readonly signIn: WantedSignIn | undefined;
}

/** An entry of a client, and what it needs beside a server's name. */
export interface PlannedSource extends Source {
  readonly rest: readonly string[];
}

/** A sign-in to look for. */
export interface WantedSignIn {
  readonly server: URL;
  readonly account: string;
  /** The ways in which mcp-remote may have been told of it. */
  readonly words: readonly SignInWords[];
  readonly resource: ImportedSignIn["resource"];
  readonly client: ImportedSignIn["client"] | undefined;
  /** The folder of its store, where the entry names one; empty where nobody knows which it names. */
  readonly store: string | undefined;
}

type SignInWords = import("../registry/mcp_remote/store_place.ts").SignInWords;

/** What was not taken, and why. */
export interface LeftOut {
  /** Such as `"linear" of Cursor`. */
  readonly what: string;
  readonly reason: string;
}

/** What is to be done. */
export interface ImportPlan {
  readonly servers: readonly PlannedServer[];
  readonly leftOut: readonly LeftOut[];
}

/** Makes a plan of what clients' files say: one server for all entries that mean the same. Changes nothing. */
export async function planServers(
  { entries, faults }: Sources,
  registry: Registry,
  { all, platform }: { all: boolean; platform: NodeJS.Platform },
): Promise<ImportPlan> {
  const leftOut: LeftOut[] = faults.map(({ message }) => ({ what: "", reason: message }));
  const servers = new Map<string, PlannedServer>();
  const taken = new Map([...registry.servers.values()].map(({ slug, label }) => [slug, label]));
  for (const fault of registry.faults) taken.set(slugOf(fault.label), fault.label);
  for (const source of entries) {
    const what = `${shownName(source.entry.name)} of ${shownClient(source.client)}`;
    const reading = await readEntry(source.client, source.entry, all, platform);
    if (reading.kind === "left_out") leftOut.push({ what, reason: reading.reason });
    if (reading.kind !== "server") continue;
    const key = identityOf(reading);
    const known = servers.get(key);
    const own = { ...source, rest: reading.rest };
    if (known !== undefined) {
      servers.set(key, { ...known, sources: [...known.sources, own] });
      continue;
    }
    try {
      const planned = await planServer(source, reading, registry, taken, [...servers.values()]);
      if (planned.slug !== undefined) taken.set(planned.slug, planned.label);
      servers.set(key, { ...planned, sources: [own] });
      if (isStoreOfOthers(source, reading)) leftOut.push({ what: `the sign-in of ${what}`, reason: STORE_OF_OTHERS });
    } catch (thrown) {
      if (!(thrown instanceof EntryFault) && !(thrown instanceof BridgeError)) throw thrown;
      const reason = thrown instanceof EntryFault
        ? `${subjectOf(thrown.path, source.entry.name)} ${thrown.message}`
        : thrown.message;
      leftOut.push({ what, reason });
    }
  }
  return { servers: [...servers.values()], leftOut };
}

/** What two entries have in common that mean one server. */
function identityOf({ written, secrets }: ServerReading): string {
  return JSON.stringify([written, secrets.map(({ member, name, secret }) => [member, name, secret.value])]);
}

const STORE_OF_OTHERS =
  'the file names a folder for it, which others may have filled: "mcp-bridge import URL" looks into your own';

/**
 * Whether a file that may be somebody else's says where the sign-in is: who signs in by what others put there works in
 * their account.
 */
function isStoreOfOthers({ isNamed }: Source, { remote }: ServerReading): boolean {
  return isNamed === true && remote?.store !== undefined;
}

async function planServer(
  source: Source,
  reading: ServerReading,
  registry: Registry,
  taken: ReadonlyMap<string, string>,
  planned: readonly PlannedServer[],
): Promise<PlannedServer> {
  const { entry } = source;
  const judged = await judgeEntry(entry.name, reading.written);
  const there = findThere(judged, reading.secrets, registry);
  const name = there?.label ?? labelOf(entry.name, taken);
  const account = there?.account ?? accountOf(judged, name, reading, registry, planned);
  const slug = slugOf(name);
  return {
    slug,
    label: name,
    isThere: there !== undefined,
    wants: new Set(there === undefined ? [] : variablesOf(there)),
    written: account === "default" ? reading.written : { ...reading.written, account },
    secrets: there === undefined ? withOwnVariables(reading.secrets, slug, registry, planned) : reading.secrets,
    sources: [],
    signIn: isStoreOfOthers(source, reading) ? undefined : signInOf(judged, account, reading),
  };
}

/**
 * Secrets, each in a variable that no other server wants for something else: who sets one for all of them would send the
 * credential of one server to another.
 */
function withOwnVariables(
  secrets: readonly PlannedSecret[],
  slug: string,
  { servers }: Registry,
  planned: readonly PlannedServer[],
): PlannedSecret[] {
  const known = new Set([...servers.values()].flatMap(variablesOf));
  const others = new Map(
    planned.flatMap((server) => server.secrets.flatMap(({ secret }) => Object.entries(secret.variables))),
  );
  return secrets.map((planned) => {
    const { name, secret } = planned;
    const isTaken = Object.entries(secret.variables).some(([variable, value]) =>
      known.has(variable) || (others.get(variable) ?? value) !== value
    );
    if (!isTaken) return planned;
    return { ...planned, secret: { ...secret, ...inVariable(variableFor(name, slug), secret.value) } };
  });
}

/**
 * Whose sign-in a server is for. Of servers with one address those have one that mcp-remote tells apart by nothing; the
 * sign-ins of the others must not be one.
 */
function accountOf(
  { server, account }: ServerEntry,
  name: string,
  { remote }: ServerReading,
  registry: Registry,
  planned: readonly PlannedServer[],
): string {
  if (!(server instanceof URL)) return account;
  const address = ownerAddress(server);
  const isThere = ({ server: other }: ServerEntry): boolean => other instanceof URL && ownerAddress(other) === address;
  const others = planned.filter(({ written: { url } }) => url !== undefined && ownerAddress(new URL(url)) === address);
  const words = remote === undefined ? undefined : [remote.signIn];
  const twin = others.find(({ signIn }) => words !== undefined && Bun.deepEquals(signIn?.words, words));
  if (twin !== undefined) return twin.signIn!.account;
  return others.length > 0 || [...registry.servers.values()].some(isThere) ? slugOf(name) : account;
}

function signInOf(
  { server, oauth }: ServerEntry,
  account: string,
  { remote }: ServerReading,
): WantedSignIn | undefined {
  if (!(server instanceof URL) || oauth.grant === "client_credentials") return undefined;
  if (remote === undefined) return undefined;
  const { signIn, resource, client, store } = remote;
  return { server, account, words: [signIn], resource, client, store };
}

/** A server of servers.json, or one that a person names by its address, for the sake of its sign-in alone. */
export function plannedAddress(text: string, server: URL, entry?: ServerEntry): PlannedServer {
  const { resource } = entry?.oauth ?? {};
  const spellings = new Set([text, server.href, server.href.replace(/\/$/, ""), text.replace(/\/$/, "")]);
  return {
    slug: entry?.slug,
    label: entry?.label ?? server.href,
    isThere: true,
    wants: new Set(),
    written: { url: text },
    secrets: [],
    sources: [],
    signIn: {
      server,
      account: entry?.account ?? "default",
      words: [...spellings].map((url) => resource ? { url, resource } : { url }),
      resource: resource === undefined
        ? undefined
        : resource === ""
        ? { kind: "none" }
        : { kind: "given", uri: resource },
      client: undefined,
      store: undefined,
    },
  };
}

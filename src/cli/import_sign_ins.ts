import { ownerAddress } from "../app/authentication.ts";
import { ownerKey } from "../auth/owner.ts";
import type { ImportedClient, ImportedSignIn } from "../auth/imported.ts";
import { maskedUrl } from "../registry/mask.ts";
import { allKept, findKept, type KeptSignIn, type McpRemoteStore, openStore } from "../registry/mcp_remote/store.ts";
import type { LeftOut, PlannedServer, WantedSignIn } from "./import_plan.ts";

/** A sign-in of mcp-remote that is to be taken. */
export interface PlannedSignIn {
  readonly wanted: WantedSignIn;
  readonly kept: KeptSignIn;
  readonly imported: ImportedSignIn;
}

/** What the stores of mcp-remote hold for the servers of a plan. */
export interface SignInPlan {
  /** By server. */
  readonly signIns: ReadonlyMap<PlannedServer, PlannedSignIn>;
  readonly leftOut: readonly LeftOut[];
}

/**
 * Looks for the sign-ins of servers. `usual` is the folder of the store where an entry names no other; what there
 * belongs to none of the servers is counted only where `isWhole`. `now` in ms.
 */
export async function planSignIns(
  servers: readonly PlannedServer[],
  usual: string | undefined,
  now: number,
  isWhole: boolean,
): Promise<SignInPlan> {
  const stores = new Map<string, McpRemoteStore | undefined>();
  const signIns = new Map<PlannedServer, PlannedSignIn>();
  const leftOut: LeftOut[] = [];
  const claimed = new Set<string>();
  const owners = new Set<string>();
  for (const server of servers) {
    const { signIn: wanted } = server;
    const folder = wanted?.store ?? usual;
    if (wanted === undefined || !folder) continue;
    if (!stores.has(folder)) stores.set(folder, await openStore(folder));
    const kept = await firstKept(stores.get(folder), wanted, now);
    if (kept === undefined) continue;
    claimed.add(`${kept.path}/${kept.name}`);
    // Servers that share a sign-in have it by one of them.
    const owner = ownerKey({ server: ownerAddress(wanted.server), account: wanted.account });
    if (owners.has(owner)) continue;
    owners.add(owner);
    const read = readSignIn(kept, wanted);
    if (typeof read !== "string") signIns.set(server, { wanted, kept, imported: read });
    else leftOut.push({ what: `the sign-in of mcp-remote to ${maskedUrl(wanted.server)}`, reason: read });
  }
  if (isWhole && usual !== undefined && !stores.has(usual)) stores.set(usual, await openStore(usual));
  if (isWhole) leftOut.push(...unclaimed(stores, claimed));
  return { signIns, leftOut };
}

async function firstKept(
  store: McpRemoteStore | undefined,
  { words }: WantedSignIn,
  now: number,
): Promise<KeptSignIn | undefined> {
  if (store === undefined) return undefined;
  for (const each of words) {
    const kept = await findKept(store, each, now);
    if (kept !== undefined) return kept;
  }
  return undefined;
}

/** The sign-in, or why it cannot be taken. */
function readSignIn(
  { reading, name, path }: KeptSignIn,
  { client: named, resource }: WantedSignIn,
): ImportedSignIn | string {
  if (reading.kind === "unfit") return `${JSON.stringify(`${path}/${name}_tokens.json`)} ${reading.reason}`;
  const { tokens, client } = reading.content;
  const known: ImportedClient | undefined = named?.kind === "static" ? named : client ?? named;
  if (known === undefined) return "the client that it was made for is not there, so that nothing could renew it";
  return { version: 1, tokens, client: known, resource };
}

/** What nobody asked for: a name cannot be turned back into an address. */
function unclaimed(stores: ReadonlyMap<string, McpRemoteStore | undefined>, claimed: ReadonlySet<string>): LeftOut[] {
  const leftOut: LeftOut[] = [];
  for (const [folder, store] of stores) {
    if (store === undefined) continue;
    const rest = allKept(store).filter(({ path, name }) => !claimed.has(`${path}/${name}`));
    const names = new Set(rest.map(({ name }) => name));
    if (names.size > 0) {
      const what = names.size === 1 ? "a sign-in" : `${names.size} sign-ins`;
      const reason = 'no entry that was read says for which server: "mcp-bridge import URL" looks for one';
      leftOut.push({ what: `${what} in ${JSON.stringify(folder)}`, reason });
    }
    if (store.foreign.length > 0) {
      leftOut.push({ what: `what else is in ${JSON.stringify(folder)}`, reason: "it is not mcp-remote's" });
    }
  }
  return leftOut;
}

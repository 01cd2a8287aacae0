import { Redemptions } from "../auth/redemptions.ts";
import { CommonLink, type CommonLinkOptions } from "../bridge/common_link.ts";
import { isLoopback } from "../net/address.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { systemKeychain } from "../platform/keychain.ts";
import type { LocalListener } from "../platform/local_socket.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import type { Registry, ServerEntry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { readRegistry } from "../registry/registry.ts";
import { watchRegistry } from "../registry/watch.ts";
import { attachSettings, attachWay } from "./attach_settings.ts";
import { endpointToken } from "./endpoint_token.ts";
import { openBudget } from "./budget.ts";
import { type RunSettings, settingsOf } from "./registered.ts";
import { changesBetween, countOf } from "./served_changes.ts";
import { SharedVault } from "./shared_vault.ts";
import { Upstream, type UpstreamRun } from "./upstream.ts";
import { openAuditFile } from "./audit_file.ts";
import { LogTail, type OpenEndpoint, openEndpoint, type PoolEntry } from "./compose.ts";
import { signingOf, tokenReader } from "./serve_signing.ts";
import { type OpenedPage, openPage } from "./status_link.ts";

/** How a person wants all servers to be served. */
export interface ServeSettings {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Further hosts under which it may be asked, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[];
  /** How many sessions of clients there may be. */
  readonly mostSessions: number;
  /** How long a client may be gone before its session ends, in ms. */
  readonly sessionIdle: number;
  /** The version of the product, for who looks on. */
  readonly version: string;
  /** The file that the audit is written to; none where it is not wanted. */
  readonly audit: string | undefined;
  /** Whether each call is told of. */
  readonly tellsCalls: boolean;
  /** Is told once the status page is opened, or has a link. */
  readonly onpage?: (page: OpenedPage) => void;
  readonly run: RunSettings;
}

/** What all servers of the endpoint share. */
interface SharedRun extends UpstreamRun {
  readonly vault: SharedVault;
  readonly redemptions: Redemptions;
  /** Aborted when the endpoint ends. */
  readonly signal: AbortSignal;
}

const LAST_ANSWERS_MS = 1_000;
const OPEN_TO_OTHERS =
  "other machines can reach this, unencrypted: who reads along has the token; a proxy before it can speak https";

/**
 * Serves every server of the registry at one local address until a signal comes. Settles with the exit code.
 *
 * @throws {BridgeError} `port_taken`, `bad_registry`, `unsafe_file`, `unreadable_file`, and what the vault throws.
 */
export async function serve(settings: ServeSettings, say: Notify): Promise<number> {
  const { run, version, onpage } = settings;
  // This is no start that is over in a moment: what sessions run is made native from the first one on (see `main.ts`).
  Bun.unsafe.setJITPolicy(1);
  const clock = systemClock;
  const log = new LogTail(clock);
  const notify: Notify = (notice) => {
    log.add(notice);
    say(notice);
  };
  const vault = new SharedVault(run.state, clock, notify);
  const leaving = new AbortController();
  const redemptions = new Redemptions(clock, notify);
  const shared: SharedRun = { clock, budget: openBudget(), notify, vault, redemptions, signal: leaving.signal };
  const file = registryFile(run.state.surroundings);
  const first = await readRegistry(file);
  const token = await endpointToken(await vault.open());
  const tokens = tokenReader(vault, () => clock.now());
  const audit = settings.audit === undefined ? undefined : await openAuditFile(settings.audit);
  const limit = run.maxMessage;
  let told: ReadonlySet<string> = new Set();
  let isBroken = false;
  async function entriesIn(registry: Registry): Promise<ReadonlyMap<string, PoolEntry>> {
    const said = new Set<string>();
    const complain = (text: string): void => {
      if (!told.has(text)) notify({ level: "warn", text });
      said.add(text);
    };
    for (const { text, hint } of registry.faults) complain(hint === undefined ? text : `${text}; ${hint}`);
    const entries = await entriesOf(registry, run, shared, complain);
    told = said;
    return entries;
  }
  // They may take a while, and a client that came before them would be told that its server is unknown.
  let served = await entriesIn(first);
  const endpoint = await openEndpoint({
    ...settings,
    entries: served,
    token,
    limit,
    clock,
    budget: shared.budget,
    notify,
    log,
    version,
    way: attachWay(run.state.surroundings.env),
    tokens,
    audit,
  });
  async function replace(registry: Registry): Promise<void> {
    const entries = await entriesIn(registry);
    await endpoint.replace(entries);
    const changes = changesBetween(served, entries);
    served = entries;
    if (changes === "" && !isBroken) return;
    isBroken = false;
    notify({ level: "info", text: `serving ${countOf(served)} now (${changes || "as before"})` });
  }
  // One after the other, so that the last one stays.
  let changing = Promise.resolve();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  watchForEnd((ending) => end(ending.exitCode), { outlivesParent: true });
  watchRegistry(file, (news) => {
    if (news.kind === "registry") {
      changing = changing.then(() => replace(news.registry));
      return;
    }
    isBroken = true;
    notify({ level: "warn", text: `${news.error.message}; the servers stay as they were` });
  }, leaving.signal);
  const door = await openDoor(endpoint, run, notify);
  notify({ level: "info", text: `serving ${countOf(served)} at ${endpoint.url}/mcp` });
  if (!isLoopback(new URL(endpoint.url).hostname)) notify({ level: "warn", text: OPEN_TO_OTHERS });
  if (first.servers.size + first.faults.length === 0) {
    notify({
      level: "info",
      text: 'servers.json lists none yet: "mcp-bridge add NAME URL" adds one, without a restart',
    });
  }
  if (onpage !== undefined) onpage(await openPage(endpoint.link, run.state.surroundings));
  const exitCode = await ended;
  leaving.abort(new BridgeError("closing", "the bridge is ending"));
  door?.stop();
  await endpoint.close(LAST_ANSWERS_MS);
  await redemptions.end();
  return exitCode;
}

/** The token that clients of the endpoint need. */
export async function showToken({ state }: Pick<RunSettings, "state">, notify: Notify): Promise<string> {
  return await endpointToken(await new SharedVault(state, systemClock, notify).open());
}

/** The servers that can be reached; of the others it is said what they lack. */
async function entriesOf(
  registry: Registry,
  run: RunSettings,
  shared: SharedRun,
  complain: (text: string) => void,
): Promise<Map<string, PoolEntry>> {
  const entries = new Map<string, PoolEntry>();
  for (const entry of registry.servers.values()) {
    if (entry.disabled) continue;
    try {
      entries.set(entry.slug, await poolEntry(entry, run, shared));
    } catch (thrown) {
      const { message, hint } = toBridgeError(thrown);
      complain(hint === undefined ? message : `${message}; ${hint}`);
    }
  }
  return entries;
}

async function poolEntry(entry: ServerEntry, run: RunSettings, shared: SharedRun): Promise<PoolEntry> {
  const settings = await settingsOf(entry, run, run.state.surroundings.env, systemKeychain());
  const signing = signingOf(settings, shared, shared.vault, shared.signal);
  // Of many servers it has to be said which one speaks, or is spoken of.
  const notify: Notify = (notice) => shared.notify({ ...notice, text: `${entry.slug}: ${notice.text}` });
  const shareProgram = entry.share === "auto"
    ? (options: CommonLinkOptions): CommonLink => new CommonLink(options)
    : undefined;
  return {
    slug: entry.slug,
    account: entry.account,
    ...(signing === undefined ? {} : { signing }),
    isShared: entry.share === "always",
    fingerprint: JSON.stringify([entry, settings.headers, settings.server, settings.signIn, settings.network.tls]),
    attachable: attachSettings(entry, run, run.state.surroundings.env),
    reach: (account, events) => {
      const upstream = new Upstream({ ...settings, account }, { ...shared, ...events, notify, shareProgram });
      return {
        name: upstream.name,
        get hasOneStream(): boolean {
          return upstream.hasOneStream;
        },
        open: (local, isHurried) => upstream.open(local, isHurried),
        close: async () => {
          await upstream.leave(0);
          await upstream.close();
        },
      };
    },
  };
}

/** Lets processes `mcp-bridge NAME` of this user in; where that cannot be, they go by themselves, as without us. */
async function openDoor(
  endpoint: OpenEndpoint,
  { state: { surroundings } }: RunSettings,
  notify: Notify,
): Promise<LocalListener | undefined> {
  try {
    const { openMeetingPoint } = await import("./open_meeting_point.ts");
    const point = await openMeetingPoint(surroundings, systemClock, (...who) => void endpoint.take(...who));
    if (point === undefined) {
      notify({ level: "info", text: 'another "mcp-bridge serve" runs, and "mcp-bridge NAME" goes through that' });
    }
    return point;
  } catch (thrown) {
    const why = thrown instanceof BridgeError ? thrown.message : `the system refuses (${codeOf(thrown)})`;
    notify({ level: "warn", text: `"mcp-bridge NAME" cannot go through here: ${why}` });
    return undefined;
  }
}

function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? "unknown";
}

import { MergedServers } from "../bridge/merge/merged_servers.ts";
import type { MergedServer } from "../bridge/merge/branch.ts";
import type { Cure, WantedCures } from "../bridge/client_cures.ts";
import type { ServerInfo } from "../bridge/merge/offers.ts";
import { systemClock } from "../platform/clock.ts";
import { ClientSide } from "./client_side.ts";
import { openBudget } from "./budget.ts";
import { type ConnectWorld, onStdio } from "./on_stdio.ts";
import { SharedVault } from "./shared_vault.ts";
import type { StateSettings } from "./state.ts";
import { Upstream, type UpstreamRun, type UpstreamSettings } from "./upstream.ts";

/** One of several servers. */
export interface NamedServer {
  /** What it is called in the names of its tools: letters of `[a-z0-9-]`, 40 at most. */
  readonly slug: string;
  readonly settings: UpstreamSettings;
}

/** What a person asks for with several servers behind one stdio end. */
export interface SeveralSettings {
  readonly servers: readonly NamedServer[];
  readonly cures: WantedCures;
  /** The longest message of the client, in bytes. */
  readonly maxMessage: number;
  readonly state: StateSettings;
  /** Who we are to the client. */
  readonly serverInfo: ServerInfo;
}

const NO_CURES: ReadonlySet<Cure> = new Set();

/**
 * As `connect`, with several servers that the client takes for one. Servers that are down leave the others as they are.
 *
 * @throws {BridgeError} `bad_argument` for servers that cannot stand beside one another.
 */
export async function connectSeveral(settings: SeveralSettings, world: ConnectWorld): Promise<number> {
  const { notify } = world;
  return await onStdio(world, settings.maxMessage, (local) => {
    const clock = systemClock;
    const shared = { clock, budget: openBudget(), notify, vault: new SharedVault(settings.state, clock, notify) };
    const client: ClientSide = new ClientSide({
      ...shared,
      local,
      pump: { fromClient: (message) => merged.fromClient(message) },
      settings: { ignoredTools: [], cures: settings.cures },
      server: settings.serverInfo.name,
      total: 0,
    });
    const merged = new MergedServers({
      ...shared,
      client,
      servers: settings.servers.map((server) => behindName(server, shared)),
      serverInfo: settings.serverInfo,
    });
    return {
      fromClient: (message) => client.fromClient(message),
      malformed: (fault) => merged.malformed(fault),
      oversize: (id, limit) => merged.oversize(id, limit),
      leave: (patience) => merged.leave(patience),
      close: () => Promise.resolve(),
    };
  });
}

/** What stands for a server behind `MergedServers`: made when it is needed, with notices that name it. */
function behindName({ slug, settings }: NamedServer, run: UpstreamRun): MergedServer {
  const notify: UpstreamRun["notify"] = ({ level, text }) => run.notify({ level, text: `${slug}: ${text}` });
  return {
    slug,
    open(local): ReturnType<MergedServer["open"]> {
      const upstream = new Upstream({ ...settings, cures: NO_CURES }, { ...run, notify, takesTurns: true });
      const line = upstream.open(local, true);
      return {
        fromClient: (message) => line.fromClient(message),
        leave: async (patience) => {
          await upstream.leave(patience);
          await upstream.close();
        },
      };
    },
  };
}

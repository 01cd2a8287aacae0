import { MergedServers } from "../bridge/merge/merged_servers.ts";
import type { MergedServer, ServerSide } from "../bridge/merge/branch.ts";
import type { Cure, WantedCures } from "../bridge/client_cures.ts";
import type { ServerInfo } from "../bridge/merge/offers.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgedServer, type ServerSettings, type ServerSurroundings } from "./bridged_server.ts";
import { ClientSide } from "./client_side.ts";
import { nameOf } from "./far_end.ts";
import { openBudget } from "./network.ts";
import { type ConnectWorld, onStdio } from "./on_stdio.ts";
import { SharedVault } from "./shared_vault.ts";
import type { StateSettings } from "./state.ts";

/** One of several servers. */
export interface NamedServer {
  /** What it is called in the names of its tools: letters of `[a-z0-9-]`, 40 at most. */
  readonly slug: string;
  readonly settings: ServerSettings;
  /** The tools to take out, by globs of the names that the server gives them. */
  readonly ignoredTools: readonly string[];
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
 * How long one of several servers may take for its handshake before its pump answers in its place, in ms: the client
 * has had its own answer, and the questions that wait then go to the pump, which knows best why they wait.
 */
const LONGEST_GRACE_MS = 4_000;

/**
 * As `connect`, with several servers that the client takes for one. Servers that are down leave the others as they are.
 *
 * @throws {BridgeError} `bad_argument` for servers that cannot stand beside one another.
 */
export async function connectSeveral(settings: SeveralSettings, world: ConnectWorld): Promise<number> {
  const { notify } = world;
  return await onStdio(world, settings.maxMessage, (local) => {
    let kept: SharedVault | undefined;
    const shared = {
      clock: systemClock,
      budget: openBudget(),
      notify,
      vault: (): SharedVault => kept ??= new SharedVault(settings.state, systemClock, notify),
    };
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
export function behindName(
  { slug, settings, ignoredTools }: NamedServer,
  shared: Omit<ServerSurroundings, "local">,
): MergedServer {
  const notify: ServerSurroundings["notify"] = ({ level, text }) => shared.notify({ level, text: `${slug}: ${text}` });
  return {
    slug,
    open(local): ServerSide {
      const client: ClientSide = new ClientSide({
        ...shared,
        notify,
        local,
        pump: { fromClient: (message) => server.pump.fromClient(message) },
        settings: { ignoredTools, cures: NO_CURES },
        server: nameOf(settings.server),
        total: settings.timeout,
      });
      const patient = { ...settings, grace: Math.min(settings.grace, LONGEST_GRACE_MS) };
      const server = new BridgedServer(patient, { ...shared, notify, local: client });
      return {
        fromClient: (message) => client.fromClient(message),
        leave: async (patience) => {
          await server.leave(patience);
          await server.close();
        },
      };
    },
  };
}

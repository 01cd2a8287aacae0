import { Pump } from "../bridge/pump.ts";
import { systemClock } from "../platform/clock.ts";
import { attachedServerLink } from "../transport/attached_server.ts";
import { asChannelFailure, type LocalEnd } from "../transport/channel.ts";
import { type OpenLink, SharedStreamEnd } from "../transport/shared_stream.ts";
import type { Attachment } from "./attach.ts";
import { NO_MEMORY } from "./memory.ts";
import { openBudget } from "./budget.ts";
import { type ConnectWorld, onStdio, type StdioSide } from "./on_stdio.ts";
import type { UpstreamRun, UpstreamSettings } from "./upstream.ts";

/** What an attached process has to know before it needs to know how to speak to the server. */
export interface AttachedSettings {
  /** The server's name to a person. */
  readonly server: string;
  /** The longest message, in bytes. */
  readonly maxMessage: number;
  /** See `UpstreamSettings`. */
  readonly grace: number;
  /** How to speak to the server without `serve`; asked for once that has ended. */
  own(): Promise<UpstreamSettings>;
}

/** `serve` answers a host's first request in the server's place, and we where it does not; later by so much, in ms. */
const LATER_MS = 2_000;
const LAST_DELETE_MS = 500;

/**
 * The bridge on stdio by way of a `serve` that runs: it has the connections, the tokens, the eras and the cures, and
 * this process the client's requests, so that each is answered once whatever becomes of `serve`. Where that ends, the
 * process makes the session again by a way of its own, and stays with that. Settles with the exit code.
 */
export async function connectAttached(
  attachment: Attachment,
  settings: AttachedSettings,
  world: ConnectWorld,
): Promise<number> {
  return await onStdio(
    world,
    settings.maxMessage,
    (local) => openAttached(attachment, settings, world, local),
  );
}

function openAttached(
  { input, output }: Attachment,
  settings: AttachedSettings,
  { notify }: ConnectWorld,
  local: LocalEnd,
): StdioSide {
  const { server, maxMessage, grace, own } = settings;
  const clock = systemClock;
  const budget = openBudget();
  const shared = attachedServerLink({ input, output, end: () => output.end(), limit: maxMessage, clock, budget });
  const alone = ownLink(own, { clock, budget, notify });
  let open: OpenLink = shared;
  const far = new SharedStreamEnd({
    open: (events, abort) => {
      const next = open;
      open = alone;
      return next(events, abort);
    },
    events: {
      onmessage: (message, causedBy) => pump.fromServer(message, causedBy),
      onactivity: () => pump.heard(),
      onloss: () => pump.lost(),
    },
    clock,
    isLocal: true,
  });
  const pump = new Pump({
    local,
    far,
    server,
    clock,
    budget,
    notify,
    deadlines: { total: 0, idle: 0 },
    grace: grace === 0 ? 0 : grace + LATER_MS,
    keepAlive: 0,
    takesTurns: true,
    memory: NO_MEMORY,
    ownIds: "mcp-bridge:attached",
  });
  return {
    fromClient: (message) => pump.fromClient(message),
    malformed: (fault) => pump.malformed(fault),
    oversize: (id) => pump.oversize(id, maxMessage),
    leave: (patience) => pump.leave(patience),
    close: () => far.close(LAST_DELETE_MS),
  };
}

/** The whole bridge in this process, as a link: what it would have been without `serve`. */
function ownLink(own: () => Promise<UpstreamSettings>, run: UpstreamRun): OpenLink {
  let wasTold = false;
  return async (events) => {
    if (!wasTold) run.notify({ level: "info", text: '"mcp-bridge serve" has left us; going on without it' });
    wasTold = true;
    const settings = await own().catch((thrown) => Promise.reject(asChannelFailure(thrown)));
    const { Upstream } = await import("./upstream.ts");
    const upstream = new Upstream(settings, run);
    const line = upstream.open({ send: (message) => events.onmessage(message), close: () => Promise.resolve() });
    return {
      write: (message) => line.fromClient(message),
      async close(): Promise<void> {
        await upstream.leave(0);
        await upstream.close();
      },
    };
  };
}

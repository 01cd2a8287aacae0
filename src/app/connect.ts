import { Pump } from "../bridge/pump.ts";
import { systemClock } from "../platform/clock.ts";
import type { Wire } from "../net/gate.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import type { ByteSink } from "../transport/outbox.ts";
import { StdioEnd } from "../transport/stdio.ts";
import { authenticated, ownerAddress } from "./authentication.ts";
import { ClientSide, type ClientSideSettings } from "./client_side.ts";
import { KeptMemory, type MemoryPlace, NO_MEMORY, type RunMemory } from "./memory.ts";
import { accountByHeader, MemoryFile } from "./memory_file.ts";
import { MemoryVault } from "./memory_vault.ts";
import { SharedVault } from "./shared_vault.ts";
import type { StateSettings } from "./state.ts";
import { type NetworkSettings, openBudget, openNetwork } from "./network.ts";
import { makeFarEnd, nameOf, type Protocol, type Server, type Strategy } from "./far_end.ts";
import type { SignInSettings } from "../auth/settings.ts";

/** What a person asks for with `mcp-bridge <url>`, or with a program. Times in ms, sizes in bytes, 0 for no limit. */
export interface ConnectSettings extends ClientSideSettings {
  readonly server: Server;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Strategy;
  readonly network: NetworkSettings;
  readonly bodyTimeout: number;
  /** From a request's receipt to its answer. */
  readonly timeout: number;
  /** How long a host is left without an answer to `initialize`; 0 for not at all. */
  readonly grace: number;
  /** The longest message. */
  readonly maxMessage: number;
  /** How often a session is pinged so that nobody on the way takes it for dead; 0 for never. */
  readonly keepAlive: number;
  readonly protocol: Protocol;
  /** The name of an account at the server. */
  readonly account: string;
  readonly signIn: SignInSettings;
  readonly state: StateSettings;
}

/** The world around the bridge; a test brings its own. */
export interface ConnectWorld {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink;
  readonly notify: Notify;
}

/** Leaving takes 2 s at most: answers on their way, then the session's end, then what is left to write, in ms. */
const LAST_ANSWERS_MS = 1_000;
const LAST_DELETE_MS = 500;
const LAST_WRITE_MS = 300;

/**
 * The bridge on stdio: moves messages between the client on this process's input and output and one remote server
 * until the client leaves or a signal comes. Settles with the exit code; a server that is down does not end it.
 */
export async function connect(settings: ConnectSettings, world: ConnectWorld): Promise<number> {
  const clock = systemClock;
  const name = nameOf(settings.server);
  if (!settings.network.tls.rejectUnauthorized) {
    world.notify({
      level: "warn",
      text: `the certificate of ${name} is not checked: anybody on the way can read and change what passes`,
    });
  }
  const budget = openBudget();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const local = new StdioEnd({
    input: world.input,
    output: world.output,
    limit: settings.maxMessage,
    events: {
      onmessage: (message) => client.fromClient(message),
      onmalformed: (fault) => pump.malformed(fault),
      onoversize: (id) => pump.oversize(id, settings.maxMessage),
      onend: () => end(0),
    },
  });
  const leaving = new AbortController();
  const gate = openNetwork(settings.network, clock, budget);
  const { server, account, state } = settings;
  let wire: Wire = gate;
  let memory: RunMemory = NO_MEMORY;
  if (server instanceof URL) {
    const given = settings.headers["authorization"];
    const owner = {
      server: ownerAddress(server),
      account: given === undefined ? account : accountByHeader(given),
    };
    let place: MemoryPlace = new MemoryFile(state.surroundings, owner);
    // A credential that the person gives is the one that goes out.
    if (given === undefined) {
      const vault = new SharedVault(state, clock, world.notify);
      place = new MemoryVault(vault, owner, place);
      wire = authenticated(gate, {
        ...settings,
        server,
        vault,
        surroundings: state.surroundings,
        clock,
        notify: world.notify,
        onwaiting: (cause) => pump.hold(cause),
        signal: leaving.signal,
      });
    }
    if (settings.signIn.tokenCommand === undefined) memory = new KeptMemory(place, world.notify);
  }
  const far = makeFarEnd(settings.server, {
    strategy: settings.transport,
    wire,
    clock,
    headers: settings.headers,
    budget,
    limit: settings.maxMessage,
    idle: settings.bodyTimeout,
    patience: settings.network.connectTimeout,
    notify: world.notify,
    memory,
    protocol: settings.protocol,
    events: {
      onmessage: (message, causedBy) => pump.fromServer(message, causedBy),
      onactivity: () => pump.heard(),
      onloss: () => pump.lost(),
    },
  });
  const client: ClientSide = new ClientSide({
    local,
    pump: { fromClient: (message) => pump.fromClient(message) },
    settings,
    server: name,
    clock,
    budget,
    notify: world.notify,
    total: settings.timeout,
  });
  const pump = new Pump({
    local: client,
    far,
    server: name,
    clock,
    budget,
    notify: world.notify,
    deadlines: { total: settings.timeout, idle: settings.bodyTimeout },
    grace: settings.grace,
    keepAlive: settings.keepAlive,
    memory,
  });
  watchForEnd((ending) => end(ending.exitCode));
  void local.read();
  const exitCode = await ended;
  leaving.abort(new BridgeError("closing", "the bridge is ending"));
  await pump.leave(exitCode === 0 ? LAST_ANSWERS_MS : 0);
  await Promise.all([far.close(LAST_DELETE_MS), local.close(LAST_WRITE_MS), memory.close(LAST_WRITE_MS)]);
  return exitCode;
}

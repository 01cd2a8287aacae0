import type { SignInSettings } from "../auth/settings.ts";
import { Pump } from "../bridge/pump.ts";
import type { Wire } from "../net/gate.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { FarEnd, LocalEnd } from "../transport/channel.ts";
import { authenticated, ownerAddress } from "./authentication.ts";
import { makeFarEnd, nameOf, type Protocol, type Server, type Strategy } from "./far_end.ts";
import { NO_MEMORY, type RunMemory, VaultMemory } from "./memory.ts";
import { type NetworkSettings, openNetwork } from "./network.ts";
import type { SharedVault } from "./shared_vault.ts";
import type { StateSettings } from "./state.ts";

/** What a person asks for of one server. Times in ms, sizes in bytes, 0 for no limit. */
export interface ServerSettings {
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

/** What a server shares with others of the same run. */
export interface ServerSurroundings {
  /** Where the server says what it has to say. */
  readonly local: LocalEnd;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** This user's vault; asked for where something may be kept there. */
  vault(): SharedVault;
}

const LAST_DELETE_MS = 500;
const LAST_MEMORY_MS = 300;

/** One server and all that stands between it and a client: its credential, its memory, its far end and its pump. */
export class BridgedServer {
  readonly pump: Pump;
  readonly #far: FarEnd;
  readonly #memory: RunMemory;
  readonly #leaving = new AbortController();

  /** Nothing is sent before the client says something. */
  constructor(settings: ServerSettings, surroundings: ServerSurroundings) {
    const { local, clock, budget, notify } = surroundings;
    const name = nameOf(settings.server);
    if (!settings.network.tls.rejectUnauthorized) {
      notify({
        level: "warn",
        text: `the certificate of ${name} is not checked: anybody on the way can read and change what passes`,
      });
    }
    const { wire, memory } = this.#open(settings, surroundings);
    this.#memory = memory;
    this.#far = makeFarEnd(settings.server, {
      strategy: settings.transport,
      wire,
      clock,
      headers: settings.headers,
      budget,
      limit: settings.maxMessage,
      idle: settings.bodyTimeout,
      patience: settings.network.connectTimeout,
      notify,
      memory,
      protocol: settings.protocol,
      events: {
        onmessage: (message, causedBy) => this.pump.fromServer(message, causedBy),
        onactivity: () => this.pump.heard(),
        onloss: () => this.pump.lost(),
      },
    });
    this.pump = new Pump({
      local,
      far: this.#far,
      server: name,
      clock,
      budget,
      notify,
      deadlines: { total: settings.timeout, idle: settings.bodyTimeout },
      grace: settings.grace,
      keepAlive: settings.keepAlive,
      memory,
    });
  }

  /** Waits up to `patience` ms for answers that are on their way, then gives the rest up. */
  async leave(patience: number): Promise<void> {
    this.#leaving.abort(new BridgeError("closing", "the bridge is ending"));
    await this.pump.leave(patience);
  }

  /** Ends the session with the server, within 500 ms. */
  async close(): Promise<void> {
    await Promise.all([this.#far.close(LAST_DELETE_MS), this.#memory.close(LAST_MEMORY_MS)]);
  }

  /** The way to the server, with a credential on it, and what is known of the server. */
  #open(settings: ServerSettings, surroundings: ServerSurroundings): { wire: Wire; memory: RunMemory } {
    const { server, account, state } = settings;
    const { clock, budget, notify } = surroundings;
    const gate = openNetwork(settings.network, clock, budget);
    // A credential that the person gives is the one that goes out.
    if (!(server instanceof URL) || settings.headers["authorization"] !== undefined) {
      return { wire: gate, memory: NO_MEMORY };
    }
    const vault = surroundings.vault();
    const wire = authenticated(gate, {
      ...settings,
      server,
      vault,
      surroundings: state.surroundings,
      clock,
      notify,
      onwaiting: (cause) => this.pump.hold(cause),
      signal: this.#leaving.signal,
    });
    if (settings.signIn.tokenCommand !== undefined) return { wire, memory: NO_MEMORY };
    return { wire, memory: new VaultMemory(vault, { server: ownerAddress(server), account }, notify) };
  }
}

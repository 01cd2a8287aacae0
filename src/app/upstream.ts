import { Redemptions } from "../auth/redemptions.ts";
import type { SignInSettings } from "../auth/settings.ts";
import { Pump } from "../bridge/pump.ts";
import type { ClientListener } from "../bridge/stage.ts";
import type { Wire } from "../net/gate.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { FarEnd, FarEndEvents, LocalEnd } from "../transport/channel.ts";
import type { Protocol, Strategy } from "../transport/choices.ts";
import type { MalformedMessage } from "../transport/malformed_message.ts";
import type { Message } from "../transport/message.ts";
import { authenticated, ownerAddress } from "./authentication.ts";
import { ClientSide, type ClientSideSettings } from "./client_side.ts";
import { farEndMaker, hasOneStream, nameOf, type Server, type ShareProgram } from "./far_end.ts";
import { KeptMemory, type MemoryPlace, NO_MEMORY, type RunMemory } from "./memory.ts";
import { accountByHeader, MemoryFile } from "./memory_file.ts";
import { MemoryVault } from "./memory_vault.ts";
import { type NetworkSettings, openNetwork } from "./network.ts";
import { SharedVault } from "./shared_vault.ts";
import type { StateSettings } from "./state.ts";

/** How a person wants a server to be spoken to. Times in ms, sizes in bytes, 0 for no limit. */
export interface UpstreamSettings extends ClientSideSettings {
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
  /** How long a server that is not there is tried again for the handshake; without end where none is named. */
  readonly redialFor?: number;
  /** The longest message. */
  readonly maxMessage: number;
  /** How often a session is pinged so that nobody on the way takes it for dead; 0 for never. */
  readonly keepAlive: number;
  /** Whether requests wait until the server can ask something back; see `StreamableHttpOptions`. */
  readonly listensFirst?: boolean;
  readonly protocol: Protocol;
  /** The name of an account at the server. */
  readonly account: string;
  readonly signIn: SignInSettings;
  readonly state: StateSettings;
}

/** What all servers of a run share. */
export interface UpstreamRun {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** The user's vault, where more than one server keeps something in it. */
  readonly vault?: SharedVault;
  /** What the end of the process waits for, where that is not the end of the server. */
  readonly redemptions?: Redemptions;
  /** See `PumpOptions`. */
  readonly takesTurns?: boolean;
  /** Is told why everything waits for a person, and nothing once that is over, whether somebody came or not. */
  onheld?(cause: BridgeError | undefined): void;
  /** Is told when somebody has signed in. */
  onsignedin?(): void;
  /** See `FarEndParts`. */
  readonly shareProgram?: ShareProgram | undefined;
}

/** How long the end of a session, and what is left to write, may take, in ms. */
const LAST_DELETE_MS = 500;
/** How long one of several servers may take for its handshake before its pump answers in its place, in ms. */
const HURRIED_GRACE_MS = 4_000;
const LAST_WRITE_MS = 300;

/** One server and account: the way there, its credential and what is known of it, for as many clients as there are. */
export class Upstream {
  /** The server's name to a person. */
  readonly name: string;
  readonly #settings: UpstreamSettings;
  readonly #run: UpstreamRun;
  readonly #memory: RunMemory;
  readonly #makeFarEnd: (events: FarEndEvents) => FarEnd;
  readonly #leaving = new AbortController();
  readonly #redemptions: Redemptions;
  readonly #lines = new Set<Line>();
  /** Why nothing goes on until a person has done something. */
  #held: BridgeError | undefined;
  #hasOneStream: boolean;

  constructor(settings: UpstreamSettings, run: UpstreamRun) {
    const { server, network } = settings;
    this.#settings = settings;
    this.#run = run;
    this.#redemptions = run.redemptions ?? new Redemptions(run.clock, run.notify);
    this.name = nameOf(server);
    this.#hasOneStream = hasOneStream(server, settings.transport);
    if (!network.tls.rejectUnauthorized) {
      run.notify({
        level: "warn",
        text: `the certificate of ${this.name} is not checked: anybody on the way can read and change what passes`,
      });
    }
    const budget = run.budget.forServer();
    const gate = openNetwork(network, run.clock, budget);
    const { wire, memory } = server instanceof URL
      ? this.#withCredential(server, gate)
      : { wire: gate, memory: NO_MEMORY };
    this.#memory = memory;
    this.#makeFarEnd = farEndMaker(server, {
      strategy: settings.transport,
      wire,
      clock: run.clock,
      headers: settings.headers,
      budget,
      limit: settings.maxMessage,
      idle: settings.bodyTimeout,
      listensFirst: settings.listensFirst ?? false,
      patience: network.connectTimeout,
      notify: run.notify,
      memory,
      protocol: settings.protocol,
      shareProgram: run.shareProgram,
      onsecond: () => this.#hasOneStream = settings.transport === "http-first",
    });
  }

  /** Whether all that the server says to a client comes on one stream, as far as is known. */
  get hasOneStream(): boolean {
    return this.#hasOneStream;
  }

  /**
   * Makes a client's own way to the server; nothing is dialled before the client says something. `isHurried` where the
   * client has had its own answer to the handshake: the questions that wait then are better off with the pump, which
   * knows why they wait.
   */
  open(local: LocalEnd, isHurried = false): Line {
    const settings = this.#settings;
    const { clock, budget, notify, takesTurns = false } = this.#run;
    const server = this.name;
    const far = this.#makeFarEnd({
      onmessage: (message, causedBy) => pump.fromServer(message, causedBy),
      onactivity: () => pump.heard(),
      onloss: () => pump.lost(),
    });
    const side: ClientSide = new ClientSide({
      local,
      pump: { fromClient: (message) => pump.fromClient(message) },
      settings,
      server,
      clock,
      budget,
      notify,
      total: settings.timeout,
    });
    const pump = new Pump({
      local: side,
      far,
      server,
      clock,
      budget,
      notify,
      deadlines: { total: settings.timeout, idle: settings.bodyTimeout },
      grace: isHurried ? Math.min(settings.grace, HURRIED_GRACE_MS) : settings.grace,
      isHurried,
      redialFor: settings.redialFor,
      keepAlive: settings.keepAlive,
      takesTurns,
      memory: this.#memory,
    });
    const line = new Line(side, pump, far, settings.maxMessage, () => this.#lines.delete(line));
    if (this.#held !== undefined) line.hold(this.#held);
    this.#lines.add(line);
    return line;
  }

  /** Takes nothing any more, and waits up to `patience` ms for answers that are on their way. */
  async leave(patience: number): Promise<void> {
    this.#leaving.abort(new BridgeError("closing", "the bridge is ending"));
    await Promise.all([...this.#lines].map((line) => line.leave(patience)));
  }

  /** Ends every session, within half a second, or 10 s where a token is on its way. */
  async close(): Promise<void> {
    await Promise.all([...[...this.#lines].map((line) => line.close()), this.#memory.close(LAST_WRITE_MS)]);
    if (this.#run.redemptions === undefined) await this.#redemptions.end();
  }

  #withCredential(server: URL, gate: Wire): { wire: Wire; memory: RunMemory } {
    const { account, headers, signIn, state } = this.#settings;
    const { clock, notify } = this.#run;
    const given = headers["authorization"];
    const owner = {
      server: ownerAddress(server),
      account: given === undefined ? account : accountByHeader(given),
    };
    let wire = gate;
    let place: MemoryPlace = new MemoryFile(state.surroundings, owner);
    // A credential that the person gives is the one that goes out.
    if (given === undefined) {
      const vault = this.#run.vault ?? new SharedVault(state, clock, notify);
      place = new MemoryVault(vault, owner, place);
      wire = authenticated(gate, {
        server,
        account,
        signIn,
        vault,
        surroundings: state.surroundings,
        clock,
        notify,
        onwaiting: (cause) => this.#hold(cause),
        onsignedin: () => this.#run.onsignedin?.(),
        redemptions: this.#redemptions,
        signal: this.#leaving.signal,
      });
    }
    return { wire, memory: signIn.tokenCommand === undefined ? new KeptMemory(place, notify) : NO_MEMORY };
  }

  #hold(cause: BridgeError | undefined): void {
    this.#held = cause;
    this.#run.onheld?.(cause);
    for (const line of this.#lines) line.hold(cause);
  }
}

/** One client's way to a server. */
export class Line implements ClientListener {
  readonly #side: ClientSide;
  readonly #pump: Pump;
  readonly #far: FarEnd;
  readonly #maxMessage: number;
  readonly #onclose: () => void;

  constructor(side: ClientSide, pump: Pump, far: FarEnd, maxMessage: number, onclose: () => void) {
    this.#side = side;
    this.#pump = pump;
    this.#far = far;
    this.#maxMessage = maxMessage;
    this.#onclose = onclose;
  }

  fromClient(message: Message): Promise<void> | undefined {
    return this.#side.fromClient(message);
  }

  /** The client sent something that is no message. */
  malformed(fault: MalformedMessage): void {
    this.#pump.malformed(fault);
  }

  /** The client sent a message beyond the limit; `id` is its raw id, where one could be found. */
  oversize(id: string | undefined): void {
    this.#pump.oversize(id, this.#maxMessage);
  }

  /** Why requests cannot go on until a person has done something; nothing once they can. */
  hold(cause: BridgeError | undefined): void {
    this.#pump.hold(cause);
  }

  /** Takes nothing any more, and waits up to `patience` ms for answers that are on their way. */
  async leave(patience: number): Promise<void> {
    await this.#pump.leave(patience);
  }

  /** Ends the session, within half a second. */
  async close(): Promise<void> {
    this.#onclose();
    await this.#far.close(LAST_DELETE_MS);
  }
}

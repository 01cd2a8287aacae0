import type { Clock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { ChannelFailure, type FarEnd } from "../transport/channel.ts";
import { composeMessage, type Message } from "../transport/message.ts";
import { claimedRevision } from "../transport/request_headers.ts";
import { senderOf } from "./era/discovery.ts";
import type { OwnRequests } from "./own_requests.ts";

/** What looking for life needs. */
export interface LifeSignsOptions {
  readonly far: FarEnd;
  readonly clock: Clock;
  readonly notify: Notify;
  /** How often the server is asked whatever it says, in ms; 0 for never. */
  readonly keepAlive: number;
}

/** What it needs of the pump. */
export interface LifeSignsParts {
  readonly own: OwnRequests;
  /** Whether there is a session that a ping could be sent in. */
  isOpen(): boolean;
  /** The client's requests that wait for their answers. */
  inFlight(): Message[];
  /** Every connection is to be given up; what was in flight on it failed with `why`. */
  drop(why: ChannelFailure): void;
  /** A ping was told that the session is gone. */
  onloss(): void;
}

const PING_MS = 10_000;
const PROBE_AFTER_JUMP_MS = 15_000;

/** Finds out whether a server that says nothing still lives. */
export class LifeSigns {
  readonly #options: LifeSignsOptions;
  readonly #parts: LifeSignsParts;
  #knocking = false;
  #ended = false;

  constructor(options: LifeSignsOptions, parts: LifeSignsParts) {
    this.#options = options;
    this.#parts = parts;
    if (options.keepAlive > 0) this.#beat();
  }

  /** Asks a silent server whether it lives; two misses, and what is in flight is given up. */
  async knock(): Promise<void> {
    // The end of a local server is always noticed, so that its silence means work.
    if (this.#knocking || this.#options.far.isLocal) return;
    this.#knocking = true;
    try {
      for (let misses = 0; misses < 2; misses++) if (await this.#isAlive(PING_MS, this.#parts.inFlight())) return;
      this.#parts.drop(unresponsive("the server stopped reacting"));
    } finally {
      this.#knocking = false;
    }
  }

  /** Time stood still: connections that look open may be long dead. */
  async wake(): Promise<void> {
    const { notify, far } = this.#options;
    const { inFlight, drop } = this.#parts;
    if (far.isLocal) return;
    notify({ level: "debug", text: "the clock jumped; connecting anew" });
    const asked = inFlight();
    drop(unresponsive("the connection did not outlive the machine's sleep"));
    // What only reads goes out again now, behind a probe that finds a dead server early.
    if (asked.length > 0 && !await this.#isAlive(PROBE_AFTER_JUMP_MS, asked)) {
      drop(unresponsive("the server stopped reacting"));
    }
  }

  /** Asks no more by itself. */
  end(): void {
    this.#ended = true;
  }

  /** Keeps routers and load balancers from forgetting a quiet connection. */
  #beat(): void {
    const { clock, keepAlive } = this.#options;
    const { own, isOpen, onloss } = this.#parts;
    clock.after(keepAlive, async () => {
      if (this.#ended) return;
      if (isOpen()) {
        const ping = lifeSignRequest(own.nextId(), true, [])!;
        await own.ask(ping, Math.max(keepAlive, PING_MS)).catch((thrown) => {
          if (thrown instanceof ChannelFailure && thrown.kind === "session_lost") onloss();
        });
      }
      this.#beat();
    });
  }

  async #isAlive(patience: number, inFlight: readonly Message[]): Promise<boolean> {
    const { own, isOpen } = this.#parts;
    const request = lifeSignRequest(own.nextId(), isOpen(), inFlight);
    if (request === undefined) return true;
    try {
      await own.ask(request, patience);
      return true;
    } catch (thrown) {
      // A refusal is a sign of life too.
      return thrown instanceof ChannelFailure && thrown.kind !== "broken";
    }
  }
}

function unresponsive(message: string): ChannelFailure {
  return new ChannelFailure("broken", "unresponsive", message, { mayHaveRun: true });
}

/**
 * The cheapest request that a silent server must answer: `ping` in a session of the handshake's era
 * (basic/utilities/ping), `server/discover` from 2026-07-28 on, with what one of the client's requests in flight says
 * of the client. Nothing where the server has not been told who we are.
 */
function lifeSignRequest(id: string, inSession: boolean, inFlight: Iterable<Message>): Message | undefined {
  if (inSession) return composeMessage({ method: "ping" }).withId(id);
  for (const message of inFlight) {
    if (claimedRevision(message) === undefined) continue;
    return composeMessage({ method: "server/discover", params: { _meta: senderOf(message) } }).withId(id);
  }
  return undefined;
}

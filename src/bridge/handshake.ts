import type { Abort } from "../platform/abort.ts";
import { type Clock, jittered, pause } from "../platform/clock.ts";
import { type BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { ChannelFailure } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import {
  listChange,
  promisedLists,
  provisionalInitializeResult,
  recalledInitializeResult,
  resultOf,
} from "./answers.ts";
import { isPassing } from "./next_step.ts";
import { strayAnswer } from "./own_requests.ts";
import type { PendingRequest } from "./pending.ts";
import type { Recover } from "./recover.ts";

/** What earlier runs have learnt of this server, and this one learns: JSON by name. */
export interface Memory {
  /** @throws {BridgeError} `vault_damaged`, once, where all that was kept is lost: a person has to hear of that. */
  get(name: string): Promise<unknown>;
  /** Never fails. */
  put(name: string, value: unknown): Promise<void>;
}

/** What a handshake is made of. */
export interface HandshakeOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Which server it is, in words that a person knows it by. */
  readonly server: string;
  /** How long a host is left without an answer, in ms. */
  readonly grace: number;
  /** Whether the host is answered as soon as a try has failed: it has other servers beside this one. */
  readonly isHurried?: boolean;
  /** How long a server that is not there is tried again, in ms; without end where none is named. */
  readonly redialFor?: number | undefined;
}

/** What it needs of the pump. */
export interface HandshakeParts {
  readonly recover: Recover;
  /** Gives all tries up. */
  readonly leaving: Abort;
  /** Hands something to the client. */
  say(message: Message): void;
  /** Closes the entry of a request; false where it has had its answer. */
  settle(request: PendingRequest): boolean;
  /** Answers a request with an error, unless it has had its answer. */
  fail(request: PendingRequest, error: BridgeError): void;
}

const FIRST_REDIAL_MS = 250;
const LONGEST_REDIAL_IN_GRACE_MS = 2_000;
const LONGEST_REDIAL_MS = 5 * 60_000;
/** Nobody waits longer for what an earlier run has learnt, in ms. */
const RECALL_MS = 500;
/** Larger ones are not kept, in bytes. */
const LARGEST_RESULT = 65_536;

/**
 * The client's handshake with the patience of a host: it is never left without an answer for long. Where the server is
 * late, the client gets what the server answered the last time, or the least that can be promised, and hears that the
 * lists have changed as soon as the server is there.
 */
export class Handshake {
  readonly #options: HandshakeOptions;
  readonly #parts: HandshakeParts;
  /** A client that was put off may ask again, and gets the server's own answer as soon as that is there. */
  #putOff: { readonly name: string; answer?: Message } | undefined;
  /** The lists that the result which the client was given promises news of. */
  #promised: readonly string[] = [];

  constructor(options: HandshakeOptions, parts: HandshakeParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Carries the client's `initialize` to its answer. */
  async carry(request: PendingRequest): Promise<void> {
    const { clock, grace, isHurried = false, redialFor = Infinity, notify } = this.#options;
    const { recover, settle, fail, say } = this.#parts;
    const { abort, receivedAt } = request;
    let wasLate = false;
    let failed: BridgeError | undefined;
    const patience = clock.after(grace, () => void this.#answerInPlace(request, failed).then((done) => wasLate = done));
    let wait = FIRST_REDIAL_MS;
    while (!request.settled) {
      try {
        request.generation = recover.generation;
        await this.#open(request, (answer) => {
          if (!settle(request)) return;
          if (!answer.isError) this.#promised = promisedLists(answer);
          say(answer);
        });
        if (!request.settled) fail(request, strayAnswer());
        else if (wasLate) this.announceLists();
      } catch (thrown) {
        if (request.settled) break;
        const failure = failed = toBridgeError(thrown);
        if (!isPassing(failure) || clock.now() - receivedAt >= redialFor) {
          fail(request, failure);
          break;
        }
        notify({ level: "info", text: `${failure.message}; trying again` });
        if (isHurried && await this.#answerInPlace(request, failed)) break;
        const asked = failure instanceof ChannelFailure ? failure.retryAfter : undefined;
        await pause(clock, asked || jittered(wait), abort.signal);
        wait = Math.min(wait * 2, LONGEST_REDIAL_IN_GRACE_MS);
      }
    }
    patience.cancel();
  }

  /** Makes the session of `generation` again, however long that takes. */
  async redial(generation: number): Promise<void> {
    const { clock, notify } = this.#options;
    const { recover, leaving } = this.#parts;
    let wait = FIRST_REDIAL_MS;
    while (generation === recover.generation && !leaving.aborted) {
      let asked = 0;
      try {
        await recover.remake(generation);
        return;
      } catch (thrown) {
        const failure = toBridgeError(thrown);
        notify({ level: "debug", text: `no session with the server yet: ${failure.message}` });
        if (!isPassing(failure)) return;
        asked = (failure instanceof ChannelFailure && failure.retryAfter) || 0;
      }
      await pause(clock, Math.max(jittered(wait), Math.min(asked, LONGEST_REDIAL_MS)), leaving.signal);
      wait = Math.min(wait * 2, LONGEST_REDIAL_MS);
    }
  }

  /** The server may offer something else than the client has read: it reads again what it was promised news of. */
  announceLists(): void {
    for (const list of this.#promised) this.#parts.say(listChange(list));
  }

  /** The server has answered an `initialize`: for when it is late the next time. */
  remember(initialize: Message, answer: Message): void {
    if (this.#putOff !== undefined) this.#putOff.answer = answer.apart();
    if (answer.bytes.length > LARGEST_RESULT) return;
    // The client's answer leaves first.
    setImmediate(() => void this.#options.memory.put(nameOf(initialize), resultOf(answer)));
  }

  /** The session that a client was put off from is made already, or about to be: another one would take its place. */
  async #open(request: PendingRequest, onanswer: (answer: Message) => void): Promise<void> {
    const { recover } = this.#parts;
    const { message } = request;
    const before = this.#putOff?.name === nameOf(message) ? this.#putOff : undefined;
    if (before !== undefined) await recover.ready();
    if (request.settled) return;
    this.#putOff = undefined;
    if (before?.answer === undefined) return await recover.open(message, onanswer);
    onanswer(before.answer.withId(message.id!));
  }

  /** Answers in the place of a server that is late, or that cannot be asked for `cause`; false where it has just come. */
  async #answerInPlace(request: PendingRequest, cause: BridgeError | undefined): Promise<boolean> {
    const { clock, memory, server } = this.#options;
    const { settle, say, recover } = this.#parts;
    const { message, abort } = request;
    const recalled = await Promise.race([memory.get(nameOf(message)).catch(() => {}), pause(clock, RECALL_MS)]);
    const promise = recalledInitializeResult(message, recalled) ?? provisionalInitializeResult(message, server);
    if (!settle(request)) return false;
    this.#promised = promisedLists(promise);
    promise.standsInFor = cause ?? "late";
    if (this.#putOff?.name !== nameOf(message)) this.#putOff = { name: nameOf(message) };
    say(promise);
    abort.abort(new ChannelFailure("broken", "timed_out", "the server is not ready yet"));
    void this.redial(recover.generation);
    return true;
  }
}

/** A client is given the answer to its own revision alone. */
function nameOf(initialize: Message): string {
  return `initialize ${initialize.stringParam("protocolVersion") ?? ""}`;
}

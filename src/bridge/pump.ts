import { Abort } from "../platform/abort.ts";
import type { Budget } from "../platform/budget.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { ChannelFailure, type FarEnd, type LocalEnd } from "../transport/channel.ts";
import type { MalformedMessage } from "../transport/malformed_message.ts";
import { Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { Admission } from "./admission.ts";
import { errorAnswer } from "./answers.ts";
import { Handshake, type Memory } from "./handshake.ts";
import { LifeSigns } from "./life_signs.ts";
import { nextStep } from "./next_step.ts";
import { OneWay } from "./one_way.ts";
import { OwnRequests, strayAnswer } from "./own_requests.ts";
import { type Deadlines, Pending, type PendingRequest } from "./pending.ts";
import { Recover } from "./recover.ts";
import { RequestTurns } from "./request_turns.ts";
import { malformedAnswer, oversizeAnswer } from "./unreadable.ts";
import { untilReady } from "./until_ready.ts";

/** What a pump is made of. */
export interface PumpOptions {
  readonly local: LocalEnd;
  readonly far: FarEnd;
  /** Which server it is, in words that a person knows it by: its host, or its command. */
  readonly server: string;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  readonly deadlines: Deadlines;
  /** How long a host is left without an answer to `initialize`, in ms. */
  readonly grace: number;
  /** Whether a host has other servers beside this one: then it does not wait for one that was never there. */
  readonly isHurried?: boolean;
  /** How long a server that is not there is tried again for the handshake, in ms; without end where none is named. */
  readonly redialFor?: number | undefined;
  /** How often the server is pinged whatever it says, in ms; 0 for never. */
  readonly keepAlive: number;
  readonly memory: Memory;
  /**
   * Whether no more goes to the server at a time than a client may reasonably want, and the rest waits: for a client
   * that nobody else counts the requests of.
   */
  readonly takesTurns?: boolean;
  /** What the ids of our own requests begin with, where the far end is a bridge that makes some too. */
  readonly ownIds?: string;
}

/**
 * Moves messages between one client and one server. Each request of the client gets exactly one answer: the server's,
 * or an error of ours that says what happened. The texts pass as they are.
 */
export class Pump {
  readonly #options: PumpOptions;
  readonly #pending: Pending;
  readonly #recover: Recover;
  readonly #own: OwnRequests;
  #lifeSigns: LifeSigns | undefined;
  readonly #oneWay: OneWay;
  readonly #handshake: Handshake;
  readonly #leaving = new Abort();
  readonly #turns: RequestTurns | undefined;
  readonly #admission: Admission;

  constructor(options: PumpOptions) {
    const { far, clock } = options;
    this.#options = options;
    if (options.takesTurns === true) this.#turns = new RequestTurns(clock, (request) => this.#carry(request));
    this.#pending = new Pending(clock, options.deadlines, {
      onexpired: (request, error) => {
        this.#fail(request, error);
        request.abort.abort(error);
      },
      onsilence: () => this.#signsOfLife().knock(),
      onjump: () => this.#signsOfLife().wake(),
    });
    this.#admission = new Admission({
      pending: this.#pending,
      turns: this.#turns,
      budget: options.budget,
      server: options.server,
    });
    const own = new OwnRequests({ far, clock, prefix: options.ownIds, onactivity: () => this.#pending.heard() });
    this.#own = own;
    this.#recover = new Recover(options, {
      own,
      onagreed: (initialize, answer) => this.#handshake.remember(initialize, answer),
      onremade: (previous) => this.#remade(previous),
    });
    this.#oneWay = new OneWay(options, this.#recover, this.#leaving);
    this.#handshake = new Handshake(options, {
      recover: this.#recover,
      leaving: this.#leaving,
      say: (message) => this.#answer(message),
      settle: ({ message }) => this.#pending.settle(message.key) !== undefined,
      fail: (request, error) => this.#fail(request, error),
    });
    if (options.keepAlive > 0) this.#signsOfLife();
  }

  /** Takes a message of the client. */
  fromClient(message: Message): Promise<void> | undefined {
    if (this.#leaving.aborted) return undefined;
    if (message.kind === "request") return this.#request(message);
    if (message.method === "notifications/cancelled") return this.#cancel(message);
    if (message.kind === "notification") return this.#oneWay.notification(message);
    void this.#oneWay.answer(message);
    return undefined;
  }

  /**
   * Takes a message of the server, which came on the stream of the request `causedBy`, by id key, if of any. The
   * promise asks to wait while the client is behind.
   */
  fromServer(message: Message, causedBy?: string): Promise<void> | undefined {
    let request: PendingRequest | undefined;
    if (message.kind === "response") {
      if (this.#own.settle(message)) return undefined;
      request = this.#pending.settle(message.key);
      if (request === undefined) {
        this.#options.notify({ level: "debug", text: "dropped an answer that nobody waits for" });
        return undefined;
      }
      if (!message.isError) this.#recover.remember(request.message);
      // Answered on another stream: its own exchange has nothing to wait for any more.
      if (causedBy !== message.key) request.abort.abort(new BridgeError("closing", "answered on another stream"));
    } else if (message.kind === "request") {
      this.#oneWay.asked(message);
    } else if (message.method === "notifications/progress") {
      const token = message.param("progressToken");
      if (token !== undefined) this.#pending.progressed(token);
    } else if (message.method === "notifications/cancelled") {
      if (!this.#oneWay.withdrawn(message)) request = this.#unsubscribed(message);
    }
    const wait = this.#options.local.send(message, causedBy);
    if (request !== undefined) this.#turns?.leave(request, wait);
    return wait;
  }

  /** Something arrived from the server that is no message yet. */
  heard(): void {
    this.#pending.heard();
  }

  /** The client sent a line that is no message. */
  malformed(fault: MalformedMessage): void {
    const isInFlight = fault.id !== undefined && this.#pending.get(idKey(fault.id)) !== undefined;
    this.#answer(malformedAnswer(fault, isInFlight, this.#options.server));
  }

  /** The client sent a message beyond the limit of bytes. */
  oversize(id: string | undefined, limit: number): void {
    this.#answer(oversizeAnswer(id, limit, this.#options.server));
  }

  /** Why requests cannot go on until a person has done something; nothing once they can. */
  hold(cause: BridgeError | undefined): void {
    this.#pending.hold(cause);
  }

  /** The server dropped the session. */
  lost(): void {
    void this.#handshake.redial(this.#recover.generation);
  }

  /** Ends: waits up to `patience` ms for answers that are on their way, then gives the rest up. */
  async leave(patience: number): Promise<void> {
    const { clock } = this.#options;
    await Promise.race([this.#pending.drained(), pause(clock, patience)]);
    const error = new BridgeError("closing", "the bridge is ending");
    this.#leaving.abort(error);
    this.#lifeSigns?.end();
    this.#pending.stop();
    for (const request of this.#pending.all()) {
      this.#fail(request, error);
      request.abort.abort(error);
    }
  }

  #request(message: Message): Promise<void> | undefined {
    const request = this.#admission.admit(message);
    if (request instanceof Message) return this.#answer(request);
    if (message.method === "initialize") void this.#handshake.carry(request);
    else if (this.#turns !== undefined) return this.#turns.of(message).enter(request);
    else this.#carry(request);
    return undefined;
  }

  /** Made at the first doubt, which few sessions see, where no keep-alive is wanted. */
  #signsOfLife(): LifeSigns {
    return this.#lifeSigns ??= new LifeSigns(this.#options, {
      own: this.#own,
      isOpen: () => this.#recover.isOpen,
      inFlight: () => this.#pending.all().map(({ message }) => message),
      drop: (why) => {
        for (const request of this.#pending.all()) if (request.generation > 0) request.abort.abort(why);
        this.#options.far.reconnect();
      },
      onloss: () => this.lost(),
    });
  }

  /** Carries one request to its end, which is an answer or an error of ours. */
  #carry(request: PendingRequest): void {
    if (request.settled) return;
    if (!this.#recover.isReady) {
      untilReady(request, this.#options.clock, this.#pending, this.#recover).then(
        () => this.#carry(request),
        (thrown) => this.#again(request, thrown),
      );
      return;
    }
    if (request.abort.aborted) request.abort = new Abort();
    request.generation = this.#recover.generation;
    const sent = this.#options.far.send(request.message, {
      abort: request.abort,
      onactivity: () => this.#pending.heard(request),
      onfailure: (reason) => void this.#again(request, reason),
    });
    sent?.then(
      () => request.settled || this.#fail(request, strayAnswer()),
      (thrown) => this.#again(request, thrown),
    );
  }

  /** Sends a request again whose exchange failed, where that may help and does no harm; else the failure answers it. */
  async #again(request: PendingRequest, thrown: unknown): Promise<void> {
    if (request.settled) return;
    const { clock } = this.#options;
    const { tries } = request;
    const age = clock.now() - request.receivedAt;
    const isHurried = this.#options.isHurried === true && !this.#recover.wasOpen;
    const step = nextStep(thrown, { method: request.message.method!, age, isHurried, ...tries });
    request.heardAt = 0;
    if (step.kind === "fail") return this.#fail(request, step.error);
    const lostGeneration = request.generation;
    request.generation = 0;
    if (step.kind === "remake_session") {
      request.tries = { ...tries, remade: true };
      // How long the request waits for it is judged where every request waits.
      this.#recover.remake(lostGeneration).catch(() => {});
    } else {
      const isAsked = thrown instanceof ChannelFailure && thrown.retryAfter !== undefined;
      request.tries = { ...tries, repeats: tries.repeats + 1, waited: tries.waited + (isAsked ? step.after : 0) };
      request.abort = new Abort();
      await pause(clock, step.after, request.abort.signal);
    }
    this.#carry(request);
  }

  /** Another session has taken the place of a lost one: what was in flight there has no answer to wait for. */
  #remade(previous: number): void {
    const lost = new ChannelFailure("session_lost", "session_lost", "the server lost the session", {
      mayHaveRun: true,
    });
    for (const request of this.#pending.all(previous)) request.abort.abort(lost);
    this.#oneWay.forget();
    this.#handshake.announceLists();
  }

  /** The client gives a request up: nobody waits for its answer any more (basic/utilities/cancellation). */
  #cancel(message: Message): Promise<void> | undefined {
    const id = message.param("requestId");
    const request = id === undefined ? undefined : this.#pending.get(idKey(id));
    if (request === undefined) return this.#recover.wantsSession ? this.#oneWay.notification(message) : undefined;
    if (request.message.method === "initialize") return undefined;
    this.#pending.settle(request.message.key);
    const cancelled = new BridgeError("closing", "the client cancelled the request");
    // From 2026-07-28 on, closing the stream is what cancels; before, the server is told and the stream follows.
    const isTold = request.generation !== 0 && this.#recover.wantsSession;
    const told = isTold ? this.#own.tell(message).catch(() => {}) : undefined;
    if (told === undefined) request.abort.abort(cancelled);
    else void told.finally(() => request.abort.abort(cancelled));
    this.#turns?.leave(request, told);
    return undefined;
  }

  /** The server ends a subscription of its own accord, which has no answer then (2026-07-28 basic/patterns, "Cancellation"). */
  #unsubscribed(cancel: Message): PendingRequest | undefined {
    const id = cancel.param("requestId");
    const request = id === undefined ? undefined : this.#pending.get(idKey(id));
    if (request?.isSubscription !== true) return undefined;
    this.#pending.settle(request.message.key);
    request.abort.abort(new BridgeError("closing", "the server ended the subscription"));
    return request;
  }

  #fail(request: PendingRequest, error: BridgeError): void {
    if (this.#pending.settle(request.message.key) !== request) return;
    const taken = this.#answer(errorAnswer(request.message.id!, error, this.#options.server));
    this.#turns?.leave(request, taken);
  }

  #answer(message: Message): Promise<void> | undefined {
    return this.#options.local.send(message);
  }
}

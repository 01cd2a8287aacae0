import type { Clock } from "../../platform/clock.ts";
import type { Notify } from "../../platform/notice.ts";
import type { FarEnd, FarEndEvents, SendOptions } from "../../transport/channel.ts";
import type { RawMember } from "../../transport/json_edit.ts";
import type { Message } from "../../transport/message.ts";
import { knowsNoSessions } from "../../transport/refusal.ts";
import { claimedRevision, isModern, negotiatedRevision } from "../../transport/request_headers.ts";
import { rawResult, resultAnswer } from "../answers.ts";
import type { Memory } from "../handshake.ts";
import {
  askOffer,
  discoverRequest,
  firstRevision,
  initializeResult,
  isForeign,
  mayBeLegacy,
  mayBeModern,
  type Offer,
  readDiscovered,
  senderMeta,
  senderOf,
} from "./discovery.ts";
import type { CommonEra, Era } from "./common_era.ts";
import { noDiscovery, noOffer, notModern, tooNew } from "./era_errors.ts";
import { Looks } from "./looks.ts";
import { Translation } from "./translation.ts";

/** What finding out a server's era needs. */
export interface EraEndOptions {
  /** Makes the end that speaks to the server. */
  make(events: FarEndEvents): FarEnd;
  readonly clock: Clock;
  readonly notify: Notify;
  /** The server's name to a person. */
  readonly server: string;
  readonly memory: Memory;
  /** Which era is spoken to the server: that of the handshake, the one without, or the client's where that can be. */
  readonly protocol: "legacy" | "auto" | "modern";
  /** See `SubscriptionOptions`. */
  readonly idle: number;
  /** What other clients of the server know, where they may learn from each other. */
  readonly common?: CommonEra;
  /** Is told the revision of a server without a handshake that is translated for the client. */
  ontranslate?(revision: string): void;
}

/** Under what names the era is remembered, and the server's word on itself. */
const ERA = "era";
const DISCOVERED = "discover";
/** Hosts start us to ask what the server is, end us, and start us anew: the second start knows it for so long, in ms. */
const FRESH_MS = 60_000;

/**
 * A far end for clients and servers of both eras (2026-07-28 basic/versioning). The client's own era is spoken wherever
 * the server can; a server that knows no handshake is spoken to in the name of a client that knows nothing else.
 */
export class EraEnd implements FarEnd, FarEndEvents {
  readonly #options: EraEndOptions;
  readonly #events: FarEndEvents;
  readonly #far: Looks;
  #translation: Translation | undefined;
  /** What this run has seen of a server that it has opened a session with. */
  #era: Era | undefined;
  /** What has been seen to work: then messages pass as they are. */
  #isSettled = false;
  #count = 0;
  /** Whether the client has asked what the server is. */
  #wasAsked = false;

  /** `options` may be those of many far ends. */
  constructor(options: EraEndOptions, events: FarEndEvents) {
    this.#options = options;
    this.#events = events;
    this.#far = new Looks(options.make, this);
  }

  onmessage(message: Message, causedBy?: string): Promise<void> | undefined {
    const translation = this.#translation;
    if (translation === undefined) return this.#events.onmessage(message, causedBy);
    const taken = translation.takes(message);
    if (taken === false) return this.#events.onmessage(message, translation.causeOf(causedBy));
    return taken === true ? undefined : taken;
  }

  onactivity(): void {
    this.#events.onactivity();
  }

  onloss(): void {
    this.#events.onloss();
  }

  get isLocal(): boolean {
    return this.#far.isLocal;
  }

  async close(deadline: number): Promise<void> {
    this.#translation?.stop();
    await this.#far.close(deadline);
  }

  reconnect(): void {
    this.#far.reconnect();
    this.#translation?.reconnect();
  }

  send(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    const opens = message.kind === "request" && message.method === "initialize" &&
      claimedRevision(message) === undefined;
    if (opens) return this.#openInTurn(message, options);
    if (this.#translation !== undefined) return this.#translation.send(message, options);
    if (this.#isSettled || message.kind !== "request" || claimedRevision(message) === undefined) {
      return this.#far.send(message, options);
    }
    return this.#tryModern(message, options);
  }

  /** Opens a session; where it must first be found out how, one client does so for all. */
  #openInTurn(initialize: Message, options: SendOptions): Promise<void> {
    const { common, protocol } = this.#options;
    const open = (): Promise<void> => this.#open(initialize, options);
    return common === undefined || protocol !== "auto" ? open() : common.inTurn(open);
  }

  /** Opens a session for a client of the handshake's era. */
  async #open(initialize: Message, options: SendOptions): Promise<void> {
    const { protocol, memory, server, common } = this.#options;
    this.#translation?.stop();
    this.#translation = undefined;
    if (protocol === "legacy") return await this.#far.send(initialize, options);
    // What an earlier run left may still say otherwise; in a session of the one era nobody is asked for the other.
    const known = protocol === "auto" ? common?.known ?? this.#era ?? await memory.get(ERA) : "modern";
    if (known === "modern" && await this.#translate(initialize, options)) return;
    if (protocol === "modern") {
      return void this.#events.onmessage(notModern(initialize, server), initialize.key);
    }
    let refusal: Message | undefined;
    try {
      refusal = await this.#initialize(initialize, options);
    } catch (thrown) {
      // Servers without a handshake may have no word for one; whoever has just been asked is not asked again.
      const mayKnowNone = isForeign(thrown) && known !== "modern";
      if (!mayKnowNone || !await this.#translate(initialize, options).catch(() => false)) throw thrown;
      return;
    }
    if (refusal === undefined) {
      this.#found("legacy");
      if (known === "modern") this.#remember(ERA, "legacy");
    } else if (!await this.#translate(initialize, options)) {
      const error = knowsNoSessions(refusal) ? noOffer(initialize, refusal, server) : refusal;
      void this.#events.onmessage(error, initialize.key);
    }
  }

  /** Sends the client's handshake; gives the server's answer where that may be for want of a handshake. */
  async #initialize(initialize: Message, options: SendOptions): Promise<Message | undefined> {
    let refusal: Message | undefined;
    await this.#far.sendAndLook(initialize, options, (answer, causedBy) => {
      // Who agrees to a revision without a handshake, in a handshake, means the other era too.
      if (answer.isError ? mayBeModern(answer) : isModern(negotiatedRevision(answer) ?? "")) refusal = answer;
      else {
        this.#isSettled ||= !answer.isError;
        return this.#events.onmessage(answer, causedBy) ?? true;
      }
      return true;
    });
    return refusal;
  }

  /** Speaks to a server without a handshake in the client's name, if it is one. */
  async #translate(initialize: Message, options: SendOptions): Promise<boolean> {
    const { server, clock, notify, protocol, idle } = this.#options;
    const offer = await this.#askOffer(senderMeta(initialize, firstRevision()), { ...options, begins: true });
    if (offer === undefined) return false;
    this.#translation = new Translation({
      far: this.#far,
      events: this.#events,
      clock,
      notify,
      server,
      initialize,
      offer,
      idle,
    });
    this.#found("modern");
    // A person who wants the era tells nothing of the server.
    if (protocol === "auto") this.#remember(ERA, "modern");
    notify({ level: "debug", text: `the server speaks MCP ${offer.revision} alone, which is translated` });
    this.#options.ontranslate?.(offer.revision);
    void this.#events.onmessage(initializeResult(initialize, offer, server), initialize.key);
    return true;
  }

  #found(era: Era): void {
    this.#era = era;
    this.#options.common?.found(era);
  }

  /** Answers the first `server/discover` of a run by what the run just before has learnt; false where that is nothing. */
  async #recall(request: Message): Promise<boolean> {
    const { memory, clock } = this.#options;
    if (this.#wasAsked) return false;
    this.#wasAsked = true;
    const known = readDiscovered(await memory.get(DISCOVERED));
    if (known === undefined || Math.abs(clock.now() - known.at) > FRESH_MS) return false;
    void this.#events.onmessage(resultAnswer(request.id!, known.result), request.key);
    return true;
  }

  #askOffer(meta: readonly RawMember[], options: SendOptions): Promise<Offer | undefined> {
    return askOffer(meta, (each) => this.#discover(each, options));
  }

  #discover(meta: readonly RawMember[], options: SendOptions): Promise<Message | undefined> {
    return this.#far.ask(discoverRequest(`"mcp-bridge:discover:${++this.#count}"`, meta), options);
  }

  /** The first requests of a client without a handshake show whether the server can do without. */
  async #tryModern(request: Message, options: SendOptions): Promise<void> {
    const { server } = this.#options;
    const isQuestion = request.method === "server/discover";
    if (isQuestion && await this.#recall(request)) return;
    let refusal: Message | undefined;
    try {
      await this.#far.sendAndLook(request, options, (answer, causedBy) => {
        if (!isQuestion && mayBeLegacy(answer)) refusal = answer;
        else {
          this.#isSettled ||= !answer.isError;
          const result = isQuestion ? rawResult(answer) : undefined;
          if (result !== undefined) this.#remember(DISCOVERED, { at: this.#options.clock.now(), result });
          return this.#events.onmessage(answer, causedBy) ?? true;
        }
        return true;
      });
    } catch (thrown) {
      if (!isForeign(thrown) || (!isQuestion && await this.#doesWithout(request, options))) throw thrown;
      const error = isQuestion ? noDiscovery(request, thrown, server) : tooNew(request, server);
      void this.#events.onmessage(error, request.key);
    }
    if (refusal === undefined) return;
    const isItsOwn = await this.#doesWithout(request, options);
    void this.#events.onmessage(isItsOwn ? refusal : tooNew(request, server), request.key);
  }

  /** Whether the server does without a handshake; a request of the client says who asks. */
  async #doesWithout(request: Message, options: SendOptions): Promise<boolean> {
    const meta = Object.entries(senderOf(request)).map(([name, value]) => [name, JSON.stringify(value)] as const);
    const doesWithout = await this.#askOffer(meta, options) !== undefined;
    this.#isSettled ||= doesWithout;
    return doesWithout;
  }

  /** The client's answer leaves first. */
  #remember(name: string, value: unknown): void {
    setImmediate(() => void this.#options.memory.put(name, value));
  }
}

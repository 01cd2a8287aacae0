import type { Clock } from "../../platform/clock.ts";
import { BridgeError, toBridgeError } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import { ChannelFailure, type FarEndEvents, type SendOptions } from "../../transport/channel.ts";
import type { RawMember } from "../../transport/json_edit.ts";
import { decodedString, type Message, readMessage } from "../../transport/message.ts";
import { errorAnswer, isObject, resultAnswer } from "../answers.ts";
import { LOG_LEVELS } from "../log_levels.ts";
import {
  agreedRevision,
  discoverRequest,
  isForeign,
  LOG_LEVEL,
  mayBeLegacy,
  type Offer,
  readOffer,
  senderMeta,
} from "./discovery.ts";
import { type InputRequired, InputRounds, readInputRequired } from "./input_rounds.ts";
import type { Looks } from "./looks.ts";
import { Subscription } from "./subscription.ts";
import { translatedAnswer } from "./translated_answer.ts";

/** What a translation needs. */
export interface TranslationOptions {
  readonly far: Looks;
  readonly events: FarEndEvents;
  readonly clock: Clock;
  readonly notify: Notify;
  /** The server's name to a person. */
  readonly server: string;
  /** What the client said of itself. */
  readonly initialize: Message;
  readonly offer: Offer;
  /** See `SubscriptionOptions`. */
  readonly idle: number;
}

/** Requests that a server may answer with a wish of its own. */
const INTERACTIVE = new Set(["tools/call", "prompts/get", "resources/read"]);
const MOST_ROUNDS = 10;
/** What the era without a handshake has no word for; nobody misses it. */
const SWALLOWED = new Set([
  "notifications/initialized",
  "notifications/roots/list_changed",
  "notifications/progress",
  // Whoever gives a request up tells its exchange, which tells the server in the way of its transport.
  "notifications/cancelled",
]);
const NO_METHOD = { code: -32601, message: "Method not found" };

/**
 * Speaks revision 2026-07-28 to a server in the name of a client that speaks the handshake's era: each request says who
 * sends it, what the server wants to know meanwhile is put to the client as requests, and one stream brings the news.
 */
export class Translation {
  readonly #options: TranslationOptions;
  readonly #rounds: InputRounds;
  readonly #subscription: Subscription;
  readonly #sent = new WeakSet<Message>();
  /** The id keys of the client's requests by those under which they were sent again; only while there are some. */
  #again: Map<string, string> | undefined;
  #meta: readonly RawMember[];
  #count = 0;

  constructor(options: TranslationOptions) {
    const { initialize, offer, clock, notify, far } = options;
    this.#options = options;
    this.#meta = senderMeta(initialize, offer.revision);
    const say = (message: Message, causedBy?: string): Promise<void> | undefined => {
      return options.events.onmessage(message, causedBy);
    };
    const capabilities: unknown = JSON.parse(initialize.param("capabilities") ?? "{}");
    this.#rounds = new InputRounds({ clock, capabilities, revision: agreedRevision(initialize), say });
    this.#subscription = new Subscription({
      clock,
      notify,
      capabilities: offer.capabilities,
      nextId: () => this.#nextId("listen"),
      idle: options.idle,
      ask: (request, sending) => far.ask(request.withParams([], this.#meta), sending),
      say,
      onloss: () => options.events.onloss(),
    });
  }

  /** As the far end's own. */
  send(message: Message, options: SendOptions): Promise<void> | undefined {
    if (message.kind === "response") return void this.#rounds.answer(message);
    if (message.kind === "notification") return this.#tell(message);
    switch (message.method) {
      case "ping":
        return this.#ping(message, options);
      case "logging/setLevel":
        return this.#setLevel(message);
      case "resources/subscribe":
      case "resources/unsubscribe":
        return this.#follow(message);
      default:
        return this.#carry(message, options);
    }
  }

  /** Whether a message of the server is none for the client as it is; see `Look`. */
  takes(message: Message): boolean | Promise<void> {
    return message.kind === "notification" && this.#subscription.takes(message);
  }

  /** The client's own request, by id key, on whose stream something came. */
  causeOf(causedBy: string | undefined): string | undefined {
    return causedBy === undefined ? undefined : this.#again?.get(causedBy) ?? causedBy;
  }

  /** Connects anew what stays open. */
  reconnect(): void {
    this.#subscription.reconnect();
  }

  /** Ends what stays open. */
  stop(): void {
    this.#subscription.stop();
  }

  #tell(message: Message): Promise<void> | undefined {
    if (message.method === "notifications/initialized") this.#subscription.start();
    return SWALLOWED.has(message.method!) ? undefined : this.#options.far.send(message.withParams([], this.#meta));
  }

  /** Whoever wants to know whether the server lives asks what it is. */
  async #ping(request: Message, options: SendOptions): Promise<void> {
    const { far } = this.#options;
    await far.ask(discoverRequest(this.#nextId("ping"), this.#meta), options);
    this.#agree(request);
  }

  #setLevel(request: Message): undefined {
    const level = request.param("level");
    if (!isObject(this.#options.offer.capabilities["logging"])) this.#refuse(request, NO_METHOD);
    else if (!LOG_LEVELS.includes(decodedString(level) ?? "")) {
      this.#refuse(request, { code: -32602, message: "Unknown log level" });
    } else {
      this.#meta = [...this.#meta.filter(([name]) => name !== LOG_LEVEL), [LOG_LEVEL, level!]];
      this.#agree(request);
    }
    return undefined;
  }

  async #follow(request: Message): Promise<void> {
    const resources = this.#options.offer.capabilities["resources"];
    const uri = request.stringParam("uri");
    if (!isObject(resources) || resources["subscribe"] !== true) return this.#refuse(request, NO_METHOD);
    if (uri === undefined) return this.#refuse(request, { code: -32602, message: "No uri" });
    await this.#subscription.follow(uri, request.method === "resources/subscribe");
    this.#agree(request);
  }

  /** Carries a request out, with as many rounds as the server wants of the client. */
  async #carry(request: Message, options: SendOptions): Promise<void> {
    try {
      let outgoing = this.#outgoing(request, this.#sent.has(request), []);
      this.#sent.add(request);
      for (let round = 0;; round++) {
        const wish = await this.#exchange(request, outgoing, options);
        if (wish === undefined) return;
        if (round === MOST_ROUNDS) throw tooMany();
        const input = await this.#rounds.gather(wish, request.key, options);
        outgoing = this.#outgoing(request, true, input);
      }
    } catch (thrown) {
      if (thrown instanceof ChannelFailure || options.abort?.signal.aborted) throw thrown;
      void this.#hand(errorAnswer(request.id!, toBridgeError(thrown), this.#options.server), request);
    }
  }

  /** One round: what the server wants first, or nothing where the client has its answer. */
  async #exchange(request: Message, outgoing: Message, options: SendOptions): Promise<InputRequired | undefined> {
    const { far } = this.#options;
    let wish: InputRequired | undefined;
    let doubted: Message | undefined;
    if (outgoing.key !== request.key) (this.#again ??= new Map()).set(outgoing.key, request.key);
    try {
      await far.sendAndLook(outgoing, options, (answer) => {
        if (INTERACTIVE.has(request.method!)) wish = readInputRequired(answer);
        if (wish === undefined && mayBeLegacy(answer)) doubted = answer;
        if (wish !== undefined || doubted !== undefined) return true;
        return this.#hand(translatedAnswer(request, answer, this.#options.server), request) ?? true;
      });
    } catch (thrown) {
      if (isForeign(thrown)) await this.#ensureEra(options);
      throw thrown;
    } finally {
      this.#again?.delete(outgoing.key);
      if (this.#again?.size === 0) this.#again = undefined;
    }
    if (doubted !== undefined) {
      await this.#ensureEra(options);
      void this.#hand(translatedAnswer(request, doubted, this.#options.server), request);
    }
    return wish;
  }

  /** A server that wants a handshake all of a sudden has become another one: the session with the old one is lost. */
  async #ensureEra(options: SendOptions): Promise<void> {
    const { abort } = options;
    const found = await this.#options.far.ask(
      discoverRequest(this.#nextId("era"), this.#meta),
      abort === undefined ? {} : { abort },
    )
      .catch((thrown) => {
        if (isForeign(thrown)) return undefined;
        throw thrown;
      });
    if (readOffer(found) !== undefined) return;
    throw new ChannelFailure("session_lost", "session_lost", "the server speaks another era of the protocol now");
  }

  /** What goes out for a request: who sends it, and what the server asked for. Whatever is sent again has another id. */
  #outgoing(request: Message, isAgain: boolean, input: readonly RawMember[]): Message {
    const named = request.withParams(input, this.#meta);
    return isAgain ? named.withId(this.#nextId("again")) : named;
  }

  #agree(request: Message): void {
    void this.#hand(resultAnswer(request.id!, "{}"), request);
  }

  #refuse(request: Message, error: { code: number; message: string }): void {
    const text = `{"jsonrpc":"2.0","id":${request.id},"error":${JSON.stringify(error)}}`;
    void this.#hand(readMessage(new TextEncoder().encode(text)), request);
  }

  #hand(answer: Message, request: Message): Promise<void> | undefined {
    return this.#options.events.onmessage(answer, request.key);
  }

  #nextId(what: string): string {
    return `"mcp-bridge:${what}:${++this.#count}"`;
  }
}

function tooMany(): BridgeError {
  const what = `the server asks for more again and again, and got it ${MOST_ROUNDS} times`;
  return new BridgeError("bad_answer", what, { hint: "ask whoever runs the server" });
}

import { type Clock, jittered, pause, type Timer } from "../../platform/clock.ts";
import { BridgeError, quoted, toBridgeError } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import { ChannelFailure } from "../../transport/channel.ts";
import { composeMessage, decodedString, type Message } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { isObject } from "../answers.ts";
import { SUBSCRIPTION_ID } from "./discovery.ts";

/** What keeping a subscription needs. */
export interface SubscriptionOptions {
  readonly clock: Clock;
  readonly notify: Notify;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** The id of the next request of ours, in raw form. */
  nextId(): string;
  /** After so long without a byte the stream is asked for anew, in ms: it may be dead; 0 for never. */
  readonly idle: number;
  /** Sends a request of ours; settles with its answer, or nothing, when its stream has ended. */
  ask(request: Message, options: { abort: AbortController; onactivity(): void }): Promise<Message | undefined>;
  /** Hands a message to the client. */
  say(message: Message): Promise<void> | undefined;
  /** The server does not let us listen any more: it may be another one now. */
  onloss(): void;
}

/** The lists by the capability that promises news of them: what is asked for, and what the client is told. */
const LISTS = [
  ["tools", "toolsListChanged", "notifications/tools/list_changed"],
  ["prompts", "promptsListChanged", "notifications/prompts/list_changed"],
  ["resources", "resourcesListChanged", "notifications/resources/list_changed"],
] as const;

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5 * 60_000;
/** A stream that lived this long was a good one, in ms. */
const GOOD_STREAM_MS = 1_000;
const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";

/** A `subscriptions/listen` under way. */
interface Stream {
  /** In raw form. */
  readonly id: string;
  readonly abort: AbortController;
  readonly acknowledged: PromiseWithResolvers<void>;
  /** When something came on it last, in ms. */
  heardAt: number;
}

/**
 * Keeps one `subscriptions/listen` open for everything that a client of the handshake's era hears of by itself
 * (2026-07-28 basic/patterns, "Subscriptions"): changed lists, and the resources that it subscribed to. Another set has
 * its stream open before the last one closes.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #uris = new Set<string>();
  readonly #streams = new Map<string, Stream>();
  readonly #over = new AbortController();
  /** Settles when the stream of the newest set stands, or does not come about. */
  #newest: Promise<void> = Promise.resolve();
  /** Counts the sets; a stream of an earlier one is not opened again. */
  #version = 0;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** Listens from now on. */
  start(): void {
    this.#keep(++this.#version).catch(() => {});
  }

  /** Connects anew. */
  reconnect(): void {
    if (this.#version === 0) return;
    const old = [...this.#streams.values()];
    this.#keep(++this.#version, true).catch(() => {});
    for (const stream of old) stream.abort.abort(ended());
  }

  /** Listens no more. */
  stop(): void {
    this.#over.abort(ended());
    for (const { abort } of this.#streams.values()) abort.abort(ended());
  }

  /**
   * Asks for news of a resource, or for no more of them; settles once the server has agreed.
   *
   * @throws {BridgeError} where it does not, as far as the first try shows; others follow.
   */
  async follow(uri: string, isWanted: boolean): Promise<void> {
    if (isWanted) this.#uris.add(uri);
    else this.#uris.delete(uri);
    await this.#keep(++this.#version);
  }

  /** Whether a notification belongs to a stream of ours: it is handed on in the words of the handshake's era; see `Look`. */
  takes(message: Message): boolean | Promise<void> {
    const isEnd = message.method === "notifications/cancelled";
    const id = isEnd ? message.param("requestId") : message.param("_meta", SUBSCRIPTION_ID);
    const stream = id === undefined ? undefined : this.#streams.get(idKey(id));
    if (stream === undefined) return false;
    // So says a server by itself where all its streams are one (basic/patterns, "Cancellation").
    if (isEnd) stream.abort.abort(endedByServer());
    else if (message.method === ACKNOWLEDGED) stream.acknowledged.resolve();
    else return this.#options.say(message.withoutMeta(SUBSCRIPTION_ID)) ?? true;
    return true;
  }

  /** Opens a stream for the set of `version` and settles when it stands; it is opened again for as long as that is the set. */
  async #keep(version: number, wasOpen = false): Promise<void> {
    const filter = this.#filter();
    const old = [...this.#streams.values()];
    if (filter === undefined) {
      this.#newest = Promise.resolve();
      for (const stream of old) stream.abort.abort(ended());
      return;
    }
    const first = Promise.withResolvers<void>();
    void this.#listen(version, filter, wasOpen, {
      onopen: () => {
        for (const stream of old) stream.abort.abort(ended());
        first.resolve();
      },
      onfailure: first.reject,
    });
    this.#newest = first.promise;
    await first.promise.catch((thrown) => {
      // The set that has taken this one's place holds what was asked for here.
      if (version !== this.#version) return this.#newest;
      if (!this.#over.signal.aborted) {
        this.#options.notify({ level: "info", text: `no news from the server: ${toBridgeError(thrown).message}` });
      }
      throw thrown;
    });
  }

  async #listen(
    version: number,
    filter: object,
    wasOpen: boolean,
    { onopen, onfailure }: { onopen(): void; onfailure(reason: unknown): void },
  ): Promise<void> {
    const { clock, notify, onloss } = this.#options;
    let wait = FIRST_WAIT_MS;
    let isNews = wasOpen;
    while (version === this.#version && !this.#over.signal.aborted) {
      let opened = Infinity;
      const stream = this.#stream();
      const request = composeMessage({ method: "subscriptions/listen", params: { notifications: filter } })
        .withId(stream.id);
      const { abort } = stream;
      const ended = this.#options.ask(request, { abort, onactivity: () => void (stream.heardAt = clock.now()) });
      const watch = this.#watch(stream, version);
      try {
        const open = await Promise.race([stream.acknowledged.promise.then(() => true), ended.then(() => false)]);
        if (open) {
          opened = clock.now();
          onopen();
          // What happened meanwhile nobody heard of.
          if (isNews) this.#sayListsChanged();
          isNews = true;
        }
        const answer = await ended;
        if (answer?.isError === true) throw refused(answer);
        onfailure(unagreed());
      } catch (thrown) {
        onfailure(thrown);
        if (version !== this.#version || this.#over.signal.aborted) return;
        notify({ level: "debug", text: `the stream of news ended: ${toBridgeError(thrown).message}` });
        if (thrown instanceof ChannelFailure ? thrown.kind === "refused" : thrown instanceof BridgeError) {
          if (isNews) onloss();
          return;
        }
      } finally {
        watch?.cancel();
        this.#streams.delete(idKey(stream.id));
      }
      if (clock.now() - opened > GOOD_STREAM_MS) wait = FIRST_WAIT_MS;
      await pause(clock, jittered(wait), this.#over.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** A connection that a router has forgotten looks like a quiet one: another stream takes its place. */
  #watch(stream: Stream, version: number): { cancel(): void } | undefined {
    const { clock, idle } = this.#options;
    if (idle === 0) return undefined;
    let timer: Timer;
    const look = (): void => {
      const left = stream.heardAt + idle - clock.now();
      if (left > 0) timer = clock.after(left, look);
      else if (version === this.#version) this.#keep(++this.#version).catch(() => {});
    };
    timer = clock.after(idle, look);
    return { cancel: () => timer.cancel() };
  }

  #stream(): Stream {
    const stream = {
      id: this.#options.nextId(),
      abort: new AbortController(),
      acknowledged: Promise.withResolvers<void>(),
      heardAt: this.#options.clock.now(),
    };
    this.#streams.set(idKey(stream.id), stream);
    return stream;
  }

  /** What the client hears of; nothing where there is nothing. */
  #filter(): object | undefined {
    const filter: Record<string, unknown> = {};
    for (const [capability, name] of LISTS) if (this.#promises(capability)) filter[name] = true;
    if (this.#uris.size > 0) filter["resourceSubscriptions"] = [...this.#uris];
    return Object.keys(filter).length === 0 ? undefined : filter;
  }

  #sayListsChanged(): void {
    for (const [capability, , method] of LISTS) {
      if (this.#promises(capability)) void this.#options.say(composeMessage({ method }));
    }
  }

  #promises(capability: string): boolean {
    const offered = this.#options.capabilities[capability];
    return isObject(offered) && offered["listChanged"] === true;
  }
}

function refused(answer: Message): ChannelFailure {
  const said = decodedString(answer.answerMember("error", "message")) ?? "an error";
  return new ChannelFailure("refused", "bad_answer", `the server does not let us listen: ${quoted(said)}`);
}

function unagreed(): ChannelFailure {
  return new ChannelFailure("refused", "bad_answer", "the server ended the stream of news before it agreed to it");
}

function endedByServer(): ChannelFailure {
  return new ChannelFailure("broken", "outcome_unknown", "the server ended the stream of news");
}

function ended(): BridgeError {
  return new BridgeError("closing", "another stream has taken this one's place");
}

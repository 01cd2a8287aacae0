import type { Clock, Timer } from "../../platform/clock.ts";
import { composeMessage, type Message } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { errorAnswer, resultAnswer } from "../answers.ts";
import { SUBSCRIPTION_ID } from "../era/discovery.ts";
import type { Branch } from "./branch.ts";
import { FAN_OUT_MS, nobodyAnswered, saidIn } from "./fan_out.ts";
import {
  hasKind,
  LIST_KINDS,
  listChanged,
  type ListenSet,
  listenSetText,
  partFor,
  readListenSet,
} from "./listen_set.ts";
import { grantedIn, isOpen, isOver, type Part, refusalsOf, stopPart } from "./listen_parts.ts";
import type { ListKind } from "./lists.ts";

/** What keeping subscriptions at several servers needs. */
export interface ListensOptions {
  /** Our name in errors. */
  readonly name: string;
  readonly branches: readonly Branch[];
  readonly clock: Clock;
  /** Hands a message to the client, on the stream of its request `causedBy`. */
  say(message: Message, causedBy: string): Promise<void> | undefined;
  /** The same for news of lists, which may be said by several at once. */
  announce(message: Message, causedBy: string): void;
  /** A server has no part in a subscription, and why. */
  onrefused(branch: Branch, cause: string): void;
}

interface Listen {
  readonly request: Message;
  /** Answers the request. */
  readonly answer: (answer: Message) => void;
  readonly parts: Map<Branch, Part>;
  readonly timer: Timer;
  isAcknowledged: boolean;
  /** What came before the client was told what it will hear of. */
  readonly held: Message[];
  heldBytes: number;
}

/** When so much is held, in bytes, the client is told at once; what a message costs beside its text. */
const MOST_HELD = 1_048_576;
const MESSAGE_BYTES = 1_024;

const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * The client's `subscriptions/listen` (2026-07-28 basic/patterns, "Subscriptions"), each of them one at every server
 * that it concerns, under the same id, so that what the servers say on it bears the client's own subscription id.
 */
export class Listens {
  readonly #options: ListensOptions;
  readonly #open = new Map<string, Listen>();

  constructor(options: ListensOptions) {
    this.#options = options;
  }

  /** The client begins to listen; `answer` ends that. */
  begin(request: Message, answer: (answer: Message) => void): void {
    const { branches, clock } = this.#options;
    const wanted = readListenSet(request);
    const concerned = branches.filter(({ slug }) => partFor(slug, wanted) !== undefined);
    const listen: Listen = {
      request,
      answer,
      parts: new Map(concerned.map((branch) => [branch, { kind: "asked" }])),
      timer: clock.after(FAN_OUT_MS, () => this.#acknowledge(listen)),
      isAcknowledged: false,
      held: [],
      heldBytes: 0,
    };
    this.#open.set(request.key, listen);
    for (const branch of concerned) this.#ask(listen, branch);
    if (concerned.length === 0) this.#acknowledge(listen);
  }

  /** The client listens no more. */
  cancel(key: string, notification?: Message): void {
    const listen = this.#open.get(key);
    if (listen === undefined) return;
    this.#forget(listen);
    for (const branch of listen.parts.keys()) void branch.cancel(listen.request.id!, notification);
  }

  /** Takes a notification of a server on the subscription `id`; the promise asks to wait with reading on. */
  take(branch: Branch, message: Message, id: string): Promise<void> | undefined {
    const listen = this.#open.get(idKey(id));
    // A server has no say in the subscriptions of others.
    if (listen?.parts.has(branch) !== true) return undefined;
    if (message.method === ACKNOWLEDGED) this.#grant(listen, branch, readListenSet(message));
    else if (!listen.isAcknowledged) this.#hold(listen, message);
    else return this.#say(listen, message);
    return undefined;
  }

  /** A server ends a subscription of its own accord, by its id in raw form. */
  withdrawn(branch: Branch, id: string): void {
    const listen = this.#open.get(idKey(id));
    if (listen?.parts.has(branch) === true) this.#settle(listen, branch, { kind: "ended" });
  }

  /** A list is not what the client has read: tells those subscriptions that want to hear of it. */
  announce(kind: ListKind): void {
    for (const listen of this.#open.values()) {
      if (listen.isAcknowledged && hasKind(readListenSet(listen.request), kind)) this.#announce(listen, kind);
    }
  }

  /** Other servers are there: those that have gone have no part any more, the new ones are asked for theirs. */
  replaced(): void {
    const { branches } = this.#options;
    for (const listen of [...this.#open.values()]) {
      const wanted = readListenSet(listen.request);
      const fresh = branches.filter((branch) => {
        return !listen.parts.has(branch) && partFor(branch.slug, wanted) !== undefined;
      });
      for (const [branch, part] of listen.parts) {
        if (branches.includes(branch)) continue;
        stopPart(part);
        listen.parts.delete(branch);
      }
      for (const branch of fresh) listen.parts.set(branch, { kind: "asked" });
      for (const branch of fresh) this.#ask(listen, branch);
      if (!isOpen(listen.parts)) this.#acknowledge(listen);
    }
  }

  /** Ends all clockwork. */
  stop(): void {
    for (const listen of this.#open.values()) this.#forget(listen);
  }

  #ask(listen: Listen, branch: Branch): void {
    const { request } = listen;
    const part = partFor(branch.slug, readListenSet(request))!;
    branch.presence.ready((refusal) => {
      if (!this.#awaits(listen, branch)) return;
      if (refusal !== undefined) return this.#fail(listen, branch, refusal);
      const own = request.withParam("notifications", listenSetText(part));
      void branch.request(own, request.key, (answer) => {
        if (!this.#awaits(listen, branch)) return;
        if (answer.isError) this.#fail(listen, branch, answer);
        else this.#settle(listen, branch, { kind: "ended" });
      });
    });
  }

  #awaits(listen: Listen, branch: Branch): boolean {
    return this.#open.get(listen.request.key) === listen && listen.parts.has(branch);
  }

  #hold(listen: Listen, message: Message): void {
    listen.held.push(message);
    listen.heldBytes += message.bytes.length + MESSAGE_BYTES;
    if (listen.heldBytes > MOST_HELD) this.#acknowledge(listen);
  }

  #grant(listen: Listen, branch: Branch, set: ListenSet): void {
    const wasBroken = listen.parts.get(branch)?.kind === "broken";
    this.#settle(listen, branch, { kind: "granted", set });
    if (!wasBroken) return;
    // What happened while its stream was broken nobody heard of.
    for (const kind of LIST_KINDS) if (hasKind(set, kind)) this.#announce(listen, kind);
  }

  /** Who has granted it before is asked again until it does so once more. */
  #fail(listen: Listen, branch: Branch, error: Message): void {
    const { clock, onrefused } = this.#options;
    const part = listen.parts.get(branch)!;
    if (part.kind !== "granted" && part.kind !== "broken") {
      const cause = saidIn(error);
      onrefused(branch, cause);
      return this.#settle(listen, branch, { kind: "refused", cause });
    }
    const wait = part.kind === "broken" ? Math.min(part.wait * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    const timer = clock.after(wait, () => this.#ask(listen, branch));
    listen.parts.set(branch, { kind: "broken", set: part.set, wait, timer });
  }

  #settle(listen: Listen, branch: Branch, part: Part): void {
    listen.parts.set(branch, part);
    if (!isOpen(listen.parts)) this.#acknowledge(listen);
    if (isOver(listen.parts)) this.#end(listen);
  }

  /** The first message of a subscription says what it will bring. */
  #acknowledge(listen: Listen): void {
    listen.timer.cancel();
    if (listen.isAcknowledged || refusalsOf(listen.parts) !== undefined) return;
    listen.isAcknowledged = true;
    const raw = listenSetText(grantedIn(listen.parts));
    const text = composeMessage({ method: ACKNOWLEDGED, params: {} }).withParams(
      [["notifications", raw]],
      [[SUBSCRIPTION_ID, listen.request.id!]],
    );
    void this.#options.say(text, listen.request.key);
    for (const message of listen.held.splice(0)) void this.#say(listen, message);
  }

  #end(listen: Listen): void {
    const { name } = this.#options;
    const { request, answer } = listen;
    this.#forget(listen);
    const refusals = listen.isAcknowledged ? undefined : refusalsOf(listen.parts);
    const result = `{"resultType":"complete","_meta":{${JSON.stringify(SUBSCRIPTION_ID)}:${request.id}}}`;
    answer(
      refusals === undefined
        ? resultAnswer(request.id!, result)
        : errorAnswer(request.id!, nobodyAnswered(refusals), name),
    );
  }

  #forget(listen: Listen): void {
    this.#open.delete(listen.request.key);
    listen.timer.cancel();
    listen.parts.values().forEach(stopPart);
  }

  #announce({ request }: Listen, kind: ListKind): void {
    this.#options.announce(listChanged(kind).withParams([], [[SUBSCRIPTION_ID, request.id!]]), request.key);
  }

  #say({ request }: Listen, message: Message): Promise<void> | undefined {
    if (message.method?.endsWith("/list_changed") !== true) return this.#options.say(message, request.key);
    this.#options.announce(message, request.key);
    return undefined;
  }
}

import type { Budget } from "../../platform/budget.ts";
import type { Clock } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import type { LocalEnd } from "../../transport/channel.ts";
import { composeMessage, type Message } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { errorAnswer } from "../answers.ts";
import { MergedLists } from "../merged_lists.ts";
import { LIST_PATIENCE_MS } from "../next_step.ts";
import type { ClientListener } from "../stage.ts";
import { inFlight } from "./open_requests.ts";
import { Presence } from "./presence.ts";

/** What stands for one server: its pump, most often. */
export interface ServerSide extends ClientListener {
  /** Ends: waits up to `patience` ms for answers that are on their way, then gives the rest up. */
  leave?(patience: number): Promise<void>;
}

/** One of the servers behind one client. */
export interface MergedServer {
  /** What it is called in names and URIs: letters of `[a-z0-9-]`, 40 at most. */
  readonly slug: string;
  /** Makes what stands for it, which says all that it has to say through `local`. Called once, when it is needed. */
  open(local: LocalEnd): ServerSide;
}

/** What a branch needs. */
export interface BranchOptions {
  readonly server: MergedServer;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** What the server says that is no answer; `causedBy` is the client's request that it belongs to, by id key. */
  onmessage(branch: Branch, message: Message, causedBy: string | undefined): Promise<void> | undefined;
  /** The server has agreed to a handshake. */
  onarrived(branch: Branch): void;
}

/** Takes the one answer to a request. */
export type TakeAnswer = (answer: Message) => Promise<void> | void;

/** A request that the server has not answered. */
interface Exchange {
  /** The client's request that it is a part of, by id key. */
  readonly cause: string | undefined;
  /** Under which key its progress is told. */
  readonly token: string | undefined;
  readonly take: TakeAnswer;
}

/**
 * One server behind a client that has several. It has its own space of ids: a request of the client may come under its
 * own id, what we ask beside that goes under ids of ours. A list comes back with all of its pages.
 */
export class Branch {
  readonly slug: string;
  readonly presence: Presence;
  readonly #options: BranchOptions;
  readonly #exchanges = new Map<string, Exchange>();
  #entry: ClientListener | undefined;
  #side: ServerSide | undefined;
  #count = 0;
  #isOver = false;

  constructor(options: BranchOptions) {
    const { server, clock } = options;
    this.slug = server.slug;
    this.#options = options;
    this.presence = new Presence({
      slug: this.slug,
      clock,
      ask: (request, take) => void this.ask(request, undefined, take),
      tell: (notification) => this.tell(notification),
      onarrived: () => options.onarrived(this),
    });
  }

  /** Sends a request under the id that it has; `take` gets the answer, the first one alone. */
  request(request: Message, cause: string | undefined, take: TakeAnswer): Promise<void> | undefined {
    if (this.#isOver) return take(this.#lastWord(request.id!)) ?? undefined;
    // A client that is a bridge too may use ids like ours.
    if (this.#exchanges.has(request.key)) {
      return take(errorAnswer(request.id!, inFlight(request), this.slug)) ?? undefined;
    }
    const token = request.param("_meta", "progressToken");
    this.#exchanges.set(request.key, { cause, token: token && idKey(token), take });
    return this.#listener.fromClient(request);
  }

  /** The same under an id of ours, which is given back in raw form. */
  ask(request: Message, cause: string | undefined, take: TakeAnswer): string {
    let id: string;
    do id = `"mcp-bridge:merge:${++this.#count}"`; while (this.#exchanges.has(id));
    void this.request(request.withId(id), cause, take);
    return id;
  }

  /** Sends what has no answer. */
  tell(message: Message): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    return this.#listener.fromClient(message);
  }

  /** Gives a request up, by its id in raw form: no answer to it is taken any more, and the server is told. */
  cancel(id: string, notification?: Message): Promise<void> | undefined {
    if (!this.#exchanges.delete(idKey(id))) return undefined;
    const own = notification ?? composeMessage({ method: "notifications/cancelled", params: {} });
    return this.tell(own.withParam("requestId", id));
  }

  /** Whether progress under a token, in raw form, belongs to a request that this server has. */
  awaitsProgress(token: string | undefined): boolean {
    if (token === undefined) return false;
    const key = idKey(token);
    return this.#exchanges.values().some((exchange) => exchange.token === key);
  }

  /** Ends, as `ServerSide` does: what has no answer gets an error, and nothing is heard any more. */
  async leave(patience: number): Promise<void> {
    this.#isOver = true;
    const exchanges = [...this.#exchanges.values()];
    this.#exchanges.clear();
    for (const { take } of exchanges) void take(this.#lastWord("null"));
    await this.#side?.leave?.(patience);
  }

  /** Takes what the server has to say. */
  #hear(message: Message, causedBy: string | undefined): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    if (message.kind !== "response") {
      const cause = causedBy === undefined ? undefined : this.#exchanges.get(causedBy)?.cause;
      return this.#options.onmessage(this, message, cause);
    }
    const exchange = this.#exchanges.get(message.key);
    if (exchange === undefined) {
      this.#options.notify({ level: "debug", text: `${this.slug}: dropped an answer that nobody waits for` });
      return undefined;
    }
    this.#exchanges.delete(message.key);
    return exchange.take(message) ?? undefined;
  }

  #lastWord(id: string): Message {
    const error = new BridgeError("closing", "the server was taken away or set up anew", {
      hint: "ask for the lists again",
    });
    return errorAnswer(id, error, this.slug);
  }

  get #listener(): ClientListener {
    return this.#entry ??= this.#connect();
  }

  #connect(): ClientListener {
    const { server, clock, budget, notify } = this.#options;
    const lists = new MergedLists({
      client: { send: (message, causedBy) => this.#hear(message, causedBy), close: () => Promise.resolve() },
      onward: (message) => this.#side!.fromClient(message),
      server: this.slug,
      clock,
      budget,
      notify: ({ level, text }) => notify({ level, text: `${this.slug}: ${text}` }),
      total: LIST_PATIENCE_MS,
    });
    this.#side = server.open(lists);
    return lists;
  }
}

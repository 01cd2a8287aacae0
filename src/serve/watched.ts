import type { LocalEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { failureOf, type OwnFailure, ownFailure } from "./health/own_failure.ts";

/** Who a client says it is. */
export interface Visitor {
  /** Its name and version, as it gives them, the beginning where they are long; nothing where it gives none. */
  readonly client: string | undefined;
  /** The session that it has with us; nothing for one that speaks without. */
  readonly session?: string;
}

/** Where a call comes from and goes to. */
export interface CallOrigin extends Visitor {
  /** The slug of the server. */
  readonly server: string;
  readonly account: string;
}

/** A call that has ended: what may be counted and kept of it, never what was in it. */
export interface CallRecord extends CallOrigin {
  readonly method: string;
  /** The tool or prompt that was called. */
  readonly name: string | undefined;
  /** When it came, in ms since 1970. */
  readonly at: number;
  /** How long it took, in ms. */
  readonly ms: number;
  readonly outcome: "result" | "error" | "cancelled";
  /** The code of the error. */
  readonly code: string | undefined;
  /** What of ours answered in the server's place; beside a result, why that is not the server's. */
  readonly failure: OwnFailure | undefined;
  /** The id of the HTTP request that brought it. */
  readonly request: string | undefined;
}

/** Where messages of the client go. */
export type Onward = (message: Message) => Promise<void> | undefined;

interface Call {
  readonly method: string;
  readonly name: string | undefined;
  readonly at: number;
  readonly since: number;
  readonly request: string | undefined;
  /** How many requests under its id came later, each of which is refused. */
  twins: number;
}

/** How much is asked of a server at the moment. */
export interface Load {
  /** The calls that have no answer yet; subscriptions, which are open for as long as their clients like, do not count. */
  calls: number;
}

/** Clients give themselves names, which are kept as long as they are there: no more of one than this, in characters. */
const LONGEST_CLIENT = 200;

/** What stays open until somebody ends it (2026-07-28, subscriptions). */
export const SUBSCRIPTION = "subscriptions/listen";

/** A client's end at which each call is looked at as it passes: when it came, how it ended. */
export class Watched implements LocalEnd {
  onward: Onward = () => undefined;
  readonly #end: LocalEnd;
  readonly #origin: CallOrigin;
  readonly #record: (call: CallRecord) => void;
  readonly #load: Load;
  /** By id key; only while there are some, as a session that waits costs less without. */
  #calls: Map<string, Call> | undefined;
  /** What we have asked ourselves, by id key. */
  #asked: Map<string, (answer: Message) => void> | undefined;
  #isAgreed = false;

  constructor(end: LocalEnd, origin: CallOrigin, record: (call: CallRecord) => void, load: Load = { calls: 0 }) {
    this.#end = end;
    this.#origin = origin;
    this.#record = record;
    this.#load = load;
  }

  /** Whether a handshake of the client was answered. */
  get isAgreed(): boolean {
    return this.#isAgreed;
  }

  /** Asks the server something of our own; the client hears nothing of it, and has no request under such an id. */
  ask(request: Message): Promise<Message> {
    return new Promise((resolve) => {
      (this.#asked ??= new Map()).set(request.key, resolve);
      void this.onward(request);
    });
  }

  fromClient(message: Message): Promise<void> | undefined {
    if (message.kind === "request") {
      this.#begun(message as Message & { method: string });
    } else if (message.method === "notifications/cancelled") {
      this.#ended(idKey(message.param("requestId") ?? "null"), "cancelled");
    }
    return this.onward(message);
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    if (message.kind === "response") {
      if (this.#asked !== undefined && this.#settleOwn(message, this.#asked)) return undefined;
      const { standsInFor: cause } = message;
      if (!message.isError) {
        this.#ended(message.key, "result", undefined, typeof cause === "object" ? failureOf(cause) : undefined);
      } else if (!this.#refusesTwin(message)) {
        this.#ended(message.key, "error", message.answerMember("error", "code"), ownFailure(message));
      }
    }
    return this.#end.send(message, causedBy);
  }

  /** The client has gone: what it had asked is given up. */
  leave(): void {
    for (const key of [...this.#calls?.keys() ?? []]) this.#ended(key, "cancelled");
  }

  close(deadline: number): Promise<void> {
    return this.#end.close(deadline);
  }

  #begun(request: Message & { method: string }): void {
    const { method, key } = request;
    const first = this.#calls?.get(key);
    if (first !== undefined) return void first.twins++;
    const isNamed = method === "tools/call" || method === "prompts/get";
    (this.#calls ??= new Map()).set(key, {
      method,
      name: isNamed ? request.stringParam("name") : undefined,
      at: Date.now(),
      since: performance.now(),
      request: request.carrier?.requestId,
      twins: 0,
    });
    if (method !== SUBSCRIPTION) this.#load.calls++;
  }

  /** Whether an error answers one that came under the id of another, which is still on its way. */
  #refusesTwin(answer: Message): boolean {
    const first = this.#calls?.get(answer.key);
    if (first === undefined || first.twins === 0) return false;
    first.twins--;
    return true;
  }

  #settleOwn(answer: Message, asked: Map<string, (answer: Message) => void>): boolean {
    const resolve = asked.get(answer.key);
    asked.delete(answer.key);
    resolve?.(answer);
    return resolve !== undefined;
  }

  #ended(key: string, outcome: CallRecord["outcome"], code?: string, failure?: OwnFailure): void {
    const call = this.#calls?.get(key);
    if (call === undefined) return;
    this.#calls?.delete(key);
    if (this.#calls?.size === 0) this.#calls = undefined;
    const { method, name, at, since, request } = call;
    if (method !== SUBSCRIPTION) this.#load.calls--;
    if (method === "initialize" && outcome === "result") this.#isAgreed = true;
    const ms = performance.now() - since;
    this.#record({ ...this.#origin, method, name, at, ms, outcome, code, failure, request });
  }
}

/** Who a client says it is in its first request, or in each. */
export function visitorOf(message: Message): Visitor {
  const path = message.method === "initialize" ? ["clientInfo"] : ["_meta", "io.modelcontextprotocol/clientInfo"];
  const name = message.stringParam(...path, "name");
  const version = message.stringParam(...path, "version");
  const client = name === undefined || version === undefined ? name : `${name} ${version}`;
  return { client: client === undefined || client.length <= LONGEST_CLIENT ? client : beginningOf(client) };
}

/** A part of a text keeps all of it in memory; a copy does not. */
function beginningOf(text: string): string {
  return JSON.parse(JSON.stringify(text.slice(0, LONGEST_CLIENT)));
}

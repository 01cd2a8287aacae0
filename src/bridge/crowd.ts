import { BridgeError } from "../platform/errors.ts";
import type { LocalEnd } from "../transport/channel.ts";
import { composeMessage, type Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { claimsRevision } from "../transport/request_headers.ts";
import { errorAnswer, isObject, rawResult, resultAnswer } from "./answers.ts";
import { LOG_LEVEL, SUBSCRIPTION_ID } from "./era/discovery.ts";
import { type Call, type Member, restored } from "./crowd_call.ts";
import { CrowdQuestions } from "./crowd_questions.ts";
import type { ClientListener } from "./stage.ts";

/** What a crowd is made of. */
export interface CrowdOptions {
  /** Takes what all of them say. */
  readonly pump: ClientListener;
  /** The server's name to a person. */
  readonly server: string;
  /** Whether all that the server says comes on one stream, answers too; else each request may have one of its own. */
  hasOneStream?(): boolean;
}

/** Requests in which servers ask their client something. */
const MAY_ASK: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read", "completion/complete"]);

/**
 * Many clients as the one client of a pump: each has its ids for itself, and gets what belongs to its own requests alone.
 * What the server asks goes to the client whose request made it ask.
 */
export class Crowd implements LocalEnd {
  readonly #options: CrowdOptions;
  readonly #members = new Map<LocalEnd, Member>();
  /** By the key of our id, which is also what progress is told under. */
  readonly #calls = new Map<string, Call>();
  readonly #questions: CrowdQuestions;
  /** Who waits for the server's answer to the first handshake. */
  #waiting: { readonly id: string; readonly member: Member }[] = [];
  /** The server's own word on itself, as raw text. */
  #agreed: string | undefined;
  #openingKey: string | undefined;
  /** What asks for that, as long as the server itself has not said it. */
  #opening: Message | undefined;
  #isConfirmed = false;
  /** Of ids, which are long enough that most of a client have room in the place of one. */
  #count = 1_000_000_000;
  /** End what the server waits for as long as there is one client alone. */
  readonly #awaited = new Set<() => void>();

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#questions = new CrowdQuestions(options.server, (message) => this.#say(message));
  }

  /** How many clients there are. */
  get size(): number {
    return this.#members.size;
  }

  /** Takes a message of the client at `end`. */
  fromClient(message: Message, end: LocalEnd): Promise<void> | undefined {
    const member = this.#memberAt(end);
    if (message.kind === "request") return this.#request(message, member);
    if (message.kind === "notification") return this.#notification(message, member);
    return this.#questions.takes(message, member) ? this.#options.pump.fromClient(message) : undefined;
  }

  /** The client at `end` has gone: nobody waits for its answers, and what it was asked it does not answer. */
  leave(end: LocalEnd): void {
    const member = this.#members.get(end);
    if (member === undefined) return;
    this.#members.delete(end);
    for (const ours of [...member.calls.values()]) this.#giveUp(ours);
    this.#questions.left(member);
    this.#waiting = this.#waiting.filter((waiting) => waiting.member !== member);
    for (const uri of member.followed) {
      if (this.#isFollowed(uri)) continue;
      const id = `"mcp-bridge:unsubscribe:${++this.#count}"`;
      this.#say(composeMessage({ method: "resources/unsubscribe", params: { uri } }).withId(id));
    }
  }

  /** Whose request has an id of ours, in raw form, and what it is called there; without an id, where there is only one. */
  callUnder(ours: string | undefined): { readonly end: LocalEnd; readonly id: string } | undefined {
    const [only] = this.#calls.size === 1 ? this.#calls.values() : [];
    const call = ours === undefined ? only : this.#calls.get(idKey(ours));
    return call && { end: call.member.end, id: call.id };
  }

  /** Takes what the pump has for one of them, or for all. */
  send(message: Message, causedBy?: string): Promise<void> | undefined {
    const wait = this.#deliver(message, causedBy);
    const isShared = causedBy === undefined || this.#options.hasOneStream?.() === true;
    return wait === undefined || !isShared ? wait : this.#whileAlone(wait);
  }

  /** On a stream of many clients, one that is behind would hold up all others. */
  #whileAlone(wait: Promise<void>): Promise<void> | undefined {
    if (this.#members.size > 1) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      this.#awaited.delete(end);
      resolve();
    };
    this.#awaited.add(end);
    wait.then(end, end);
    return promise;
  }

  #deliver(message: Message, causedBy: string | undefined): Promise<void> | undefined {
    if (message.kind === "response") return this.#answer(message);
    const call = this.#callOf(message, causedBy);
    if (message.kind === "request") {
      const callers = this.#calls.values().filter(({ method }) => MAY_ASK.has(method)).map(({ member }) => member);
      return this.#questions.ask(message, { cause: call, callers, all: this.#members.values() });
    }
    if (message.method === "notifications/cancelled") return this.#withdrawn(message);
    if (call !== undefined) return call.member.end.send(restored(message, call), call.key);
    // What belongs to a request that is over is nobody's.
    if (message.method === "notifications/progress") return undefined;
    const uri = message.method === "notifications/resources/updated" ? message.stringParam("uri") : undefined;
    const waits: Promise<void>[] = [];
    for (const { end, capabilities, followed } of this.#members.values()) {
      if (capabilities === undefined || (uri !== undefined && !followed.has(uri))) continue;
      const wait = end.send(message);
      if (wait !== undefined) waits.push(wait);
    }
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {});
  }

  async close(deadline: number): Promise<void> {
    await Promise.all([...this.#members.keys()].map((end) => end.close(deadline)));
  }

  #memberAt(end: LocalEnd): Member {
    let member = this.#members.get(end);
    if (member === undefined) {
      member = { end, calls: new Map(), capabilities: undefined, followed: new Set() };
      this.#members.set(end, member);
      if (this.#members.size > 1) { for (const each of this.#awaited) each(); }
    }
    return member;
  }

  #request(message: Message, member: Member): Promise<void> | undefined {
    const { pump, server } = this.#options;
    if (member.calls.has(message.key)) {
      const error = new BridgeError("invalid_request", `a request with the id ${message.id} is in flight already`);
      return member.end.send(errorAnswer(message.id!, error, server));
    }
    if (message.method === "initialize" && !claimsRevision(message)) return this.#open(message, member);
    const uri = message.method?.startsWith("resources/") === true ? message.stringParam("uri") : undefined;
    if (uri !== undefined && message.method === "resources/subscribe") member.followed.add(uri);
    if (uri !== undefined && message.method === "resources/unsubscribe") {
      member.followed.delete(uri);
      if (this.#isFollowed(uri)) return member.end.send(resultAnswer(message.id!, "{}"));
    }
    const ours = String(++this.#count);
    const token = message.param("_meta", "progressToken");
    const wantsLog = message.param("_meta", LOG_LEVEL) !== undefined;
    const call: Call = { member, id: message.id!, key: message.key, method: message.method!, token, wantsLog };
    this.#calls.set(ours, call);
    member.calls.set(message.key, ours);
    const named = message.withId(ours);
    return pump.fromClient(token === undefined ? named : named.withParams([], [["progressToken", ours]]));
  }

  /** The first handshake is the server's, and all others get what came of it. */
  #open(initialize: Message, member: Member): Promise<void> | undefined {
    const capabilities: unknown = JSON.parse(initialize.param("capabilities") ?? "{}");
    member.capabilities = isObject(capabilities) ? capabilities : {};
    if (this.#agreed !== undefined) return member.end.send(resultAnswer(initialize.id!, this.#agreed));
    this.#waiting.push({ id: initialize.id!, member });
    if (this.#openingKey !== undefined) return undefined;
    this.#openingKey = `"mcp-bridge:open:${++this.#count}"`;
    // Whoever asks again asks for the session that is on its way.
    this.#opening ??= initialize.apart();
    return this.#options.pump.fromClient(this.#opening.withId(this.#openingKey));
  }

  #notification(message: Message, member: Member): Promise<void> | undefined {
    const { pump } = this.#options;
    if (message.method === "notifications/initialized") {
      if (this.#isConfirmed) return undefined;
      this.#isConfirmed = true;
    } else if (message.method === "notifications/cancelled") {
      const ours = member.calls.get(idKey(message.param("requestId") ?? "null"));
      if (ours === undefined) return undefined;
      this.#forget(ours);
      return pump.fromClient(message.withParam("requestId", ours));
    }
    return pump.fromClient(message);
  }

  #answer(message: Message): Promise<void> | undefined {
    if (message.key === this.#openingKey) return this.#opened(message);
    const call = this.#forget(message.key);
    if (call === undefined) return undefined;
    const answer = message.renamed(call.id);
    const listened = call.method === "subscriptions/listen";
    return call.member.end.send(listened ? answer.withResultMeta(SUBSCRIPTION_ID, call.id) : answer);
  }

  #opened(answer: Message): undefined {
    this.#openingKey = undefined;
    if (answer.isError || answer.standsInFor === undefined) this.#opening = undefined;
    if (answer.isError) this.#isConfirmed = false;
    else if (answer.standsInFor === undefined) this.#agreed = rawResult(answer);
    for (const { id, member } of this.#waiting.splice(0)) void member.end.send(answer.withId(id));
    return undefined;
  }

  /** The server takes a question back, or ends a subscription (2026-07-28 basic/patterns, "Cancellation"). */
  #withdrawn(cancel: Message): Promise<void> | undefined {
    const ours = idKey(cancel.param("requestId") ?? "null");
    const call = this.#calls.get(ours);
    if (call?.method !== "subscriptions/listen") return this.#questions.withdrawn(cancel);
    this.#forget(ours);
    return call.member.end.send(cancel.withParam("requestId", call.id), call.key);
  }

  /** The request that a message belongs to, by what it says or by the stream that it came on. */
  #callOf(message: Message, causedBy: string | undefined): Call | undefined {
    const isProgress = message.method === "notifications/progress";
    const named = isProgress
      ? message.param("progressToken")
      : message.kind === "notification"
      ? message.param("_meta", SUBSCRIPTION_ID)
      : undefined;
    // Where the two differ, the stream is that of another client's request.
    if (isProgress || named !== undefined) return this.#calls.get(idKey(named ?? "null"));
    if (causedBy !== undefined) return this.#calls.get(causedBy);
    return message.method === "notifications/message" ? this.#onlyLogged() : undefined;
  }

  /** The last request of the only client that has asked for a log: what another one's may say is nobody else's. */
  #onlyLogged(): Call | undefined {
    const logged = [...this.#calls.values().filter(({ wantsLog }) => wantsLog)];
    return logged.every(({ member }) => member === logged[0]!.member) ? logged.at(-1) : undefined;
  }

  #giveUp(ours: string): void {
    this.#forget(ours);
    this.#say(composeMessage({ method: "notifications/cancelled", params: { requestId: Number(ours) } }));
  }

  #forget(ours: string): Call | undefined {
    const call = this.#calls.get(ours);
    if (call === undefined) return undefined;
    this.#calls.delete(ours);
    call.member.calls.delete(call.key);
    return call;
  }

  #isFollowed(uri: string): boolean {
    return this.#members.values().some(({ followed }) => followed.has(uri));
  }

  #say(message: Message): void {
    this.#options.pump.fromClient(message)?.catch(() => {});
  }
}

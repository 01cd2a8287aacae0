import type { Budget, Lease } from "../../platform/budget.ts";
import type { Clock } from "../../platform/clock.ts";
import { decodedString, type Message, readMessage } from "../../transport/message.ts";
import { claimedRevision } from "../../transport/request_headers.ts";
import { errorAnswer, rawResult } from "../answers.ts";
import { LIST_MEMBERS, readPage } from "../list_answer.ts";
import type { Absences } from "./absences.ts";
import type { Branch } from "./branch.ts";
import type { Directory } from "./directory.ts";
import { mergedElement } from "./elements.ts";
import { causeOf, FanOut, nobodyAnswered, type Outcome, type UnderWay } from "./fan_out.ts";
import { Freshness } from "./freshness.ts";

/** What a client is told of when it changes; also the capability that promises it. */
export type ListKind = "tools" | "prompts" | "resources";

/** What merging the lists of several servers needs. */
export interface ListsOptions {
  /** Our name in errors. */
  readonly name: string;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly absences: Absences;
  readonly directory: Directory;
  /** The client has read a list that lacks what is there now. */
  onmissed(kind: ListKind): void;
}

/** An answer that came too late for its question, for the next one. */
interface Kept {
  readonly answer: Message;
  readonly lease: Lease;
}

/** Larger answers are not kept, in bytes. */
const LARGEST_KEPT = 1_048_576;

/** Which kind of news goes with a list. */
function kindOf(method: string): ListKind {
  return method.slice(0, method.indexOf("/")) as ListKind;
}

/** Answers a request for a list with the lists of all servers: one list without pages, in the order of the servers. */
export class Lists {
  readonly #options: ListsOptions;
  /** Late answers, by server and method: a server that is always late is read one question behind. */
  readonly #kept = new Map<string, Kept>();
  /**
   * What is still to come from servers that were late, by server, or by server and method: a question that is out is
   * not asked again, and costs the client no second wait.
   */
  readonly #late = new Set<string>();
  /** The lists that the client has read without a server, by server and method. */
  readonly #lacking = new Set<string>();

  constructor(options: ListsOptions) {
    this.#options = options;
  }

  /** Asks for the list of several servers. */
  ask(request: Message, branches: readonly Branch[]): UnderWay {
    const fanOut = new FanOut({
      branches,
      request,
      capability: kindOf(request.method!),
      clock: this.#options.clock,
      isLate: ({ slug }) => this.#late.has(slug) || this.#late.has(`${slug} ${request.method}`),
      onlate: (branch, answer) => this.#comesLate(branch, request.method!, answer),
    });
    return {
      answer: fanOut.done.then((outcomes) => this.#merge(request, outcomes)),
      cancel: (notification) => fanOut.cancel(notification),
    };
  }

  /** A server is there: who has read lists without it hears of that. */
  arrived({ slug, presence }: Branch): void {
    this.#options.absences.back(slug);
    for (const method of LIST_MEMBERS.keys()) {
      const isMissed = this.#lacking.has(`${slug} ${method}`) && presence.mayOffer(kindOf(method));
      if (isMissed) this.#options.onmissed(kindOf(method));
    }
  }

  /** A server is another one now, or gone: what its lists were is nobody's, and it is late with nothing. */
  forget(slug: string): void {
    this.#late.delete(slug);
    for (const method of LIST_MEMBERS.keys()) {
      this.#late.delete(`${slug} ${method}`);
      this.#forget(`${slug} ${method}`);
    }
  }

  /** Forgets what is kept. */
  stop(): void {
    for (const place of [...this.#kept.keys()]) this.#forget(place);
  }

  #merge(request: Message, outcomes: readonly Outcome[]): Message {
    const { name, absences } = this.#options;
    const method = request.method!;
    const causes: { slug: string; cause: string }[] = [];
    const parts: Uint8Array[] = [];
    const freshness = new Freshness();
    for (const outcome of outcomes) {
      const { branch: { slug } } = outcome;
      const place = `${slug} ${method}`;
      const answer = outcome.kind === "answered"
        ? outcome.answer
        : outcome.kind === "late" && this.#kept.get(place)?.answer;
      if (outcome.kind === "answered") this.#forget(place);
      if (outcome.kind === "late" && outcome.why !== "known") this.#late.add(outcome.why === "asked" ? place : slug);
      const elements = answer ? this.#elements(slug, method, answer) : undefined;
      const cause = causeOf(outcome) ?? (answer && elements === undefined ? "its answer holds no list" : undefined);
      if (elements !== undefined) {
        parts.push(...elements);
        freshness.add(answer as Message);
        this.#lacking.delete(place);
      } else if (cause !== undefined) {
        causes.push({ slug, cause });
        freshness.addNothing();
        this.#lacking.add(place);
      }
    }
    if (causes.length === outcomes.length && outcomes.length > 0) {
      return errorAnswer(request.id!, nobodyAnswered(causes), name);
    }
    for (const { slug, cause } of causes) absences.tell(slug, cause);
    return composed(request, parts, freshness);
  }

  /** The elements of an answer as the client gets them; nothing where it holds no list. */
  #elements(slug: string, method: string, answer: Message): Uint8Array[] | undefined {
    const member = LIST_MEMBERS.get(method)!;
    const page = readPage(answer, member);
    if (page === undefined) return undefined;
    const names = new Map<string, string>();
    const texts: Uint8Array[] = [];
    for (const { start, end } of page.elements) {
      const element = mergedElement(member, slug, answer.bytes.subarray(start, end));
      // Hosts refuse a whole list for a name that stands in it twice.
      if (element === undefined || names.has(element.merged)) continue;
      names.set(element.merged, element.own);
      texts.push(element.text);
    }
    if (member === "tools" || member === "prompts") this.#options.directory.learn(member, slug, names);
    return texts;
  }

  #comesLate({ slug }: Branch, method: string, answer: Message | undefined): void {
    const place = `${slug} ${method}`;
    this.#late.delete(slug);
    this.#late.delete(place);
    if (answer !== undefined && !answer.isError) this.#keep(place, method, answer);
  }

  /** A late answer serves the next question; the client asks it if the answer holds anything new. */
  #keep(place: string, method: string, answer: Message): void {
    const { budget, onmissed } = this.#options;
    const old = this.#kept.get(place)?.answer;
    const isNews = old === undefined || rawResult(old) !== rawResult(answer);
    this.#forget(place);
    if (answer.bytes.length <= LARGEST_KEPT) {
      const lease = budget.lease();
      lease.hold(answer.bytes.length);
      this.#kept.set(place, { answer, lease });
    }
    if (isNews) onmissed(kindOf(method));
  }

  #forget(place: string): void {
    this.#kept.get(place)?.lease.end();
    this.#kept.delete(place);
  }
}

/** The answer to a request for a list; from 2026-07-28 on it says how long it may be kept, and by whom. */
function composed(request: Message, elements: readonly Uint8Array[], freshness: Freshness): Message {
  const encoder = new TextEncoder();
  const member = LIST_MEMBERS.get(request.method!)!;
  const comma = encoder.encode(",");
  const more = claimedRevision(request) === undefined ? "" : `,"resultType":"complete",${freshness.members()}`;
  return readMessage(Buffer.concat([
    encoder.encode(`{"jsonrpc":"2.0","id":${request.id},"result":{"${member}":[`),
    ...elements.flatMap((element, place) => place === 0 ? [element] : [comma, element]),
    encoder.encode(`]${more}}}`),
  ]));
}

/** The cursor that a request names, where it names one: we hand none out. */
export function cursorOf(request: Message): string | undefined {
  return decodedString(request.param("cursor"));
}

import type { Budget, Lease } from "../platform/budget.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { composeMessage, decodedString, type Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { errorAnswer, refusesTwin } from "./answers.ts";
import { LIST_MEMBERS, type ListPage, readPage, withMoreElements } from "./list_answer.ts";
import type { Neighbours, Stage } from "./stage.ts";

/** What merging lists needs. */
export interface MergedListsOptions extends Neighbours {
  readonly server: string;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** From the receipt of a list request to its answer, all pages together, in ms; 0 for no limit. */
  readonly total: number;
}

/** A list request of the client whose first page is awaited. */
interface Asked {
  readonly request: Message;
  readonly member: string;
  readonly since: number;
}

/** A list of which the first page is there and another one is asked for. */
interface Walk extends Asked {
  readonly first: Message;
  readonly page: ListPage;
  /** The elements of the pages behind the first one, as they were written. */
  readonly more: Uint8Array[];
  /** Every cursor that was followed, as it was written. */
  readonly cursors: Set<string>;
  readonly lease: Lease;
  bytes: number;
  timer: Timer | undefined;
  /** The page that is asked for: under which id, and by which cursor. */
  id: string;
  cursor: string;
}

const MOST_PAGES = 1_000;
/** Of all pages together, in bytes: a list is held several times while it is put together. */
const MOST_BYTES = 8 * 1_048_576;
/** What an element costs beside its own text. */
const ELEMENT_BYTES = 128;

/**
 * Answers a request for a list with all of its pages, for a client that reads only the first one
 * (server/utilities/pagination). What cannot be read to its end is answered as far as it was read, with the cursor of
 * the page that is missing, and a warning.
 */
export class MergedLists implements Stage {
  readonly #options: MergedListsOptions;
  readonly #asked = new Map<string, Asked>();
  /** By the key of the client's id, and by the key of our own. */
  readonly #walks = new Map<string, Walk>();
  readonly #byOwnId = new Map<string, Walk>();
  #ids = 0;

  constructor(options: MergedListsOptions) {
    this.#options = options;
  }

  fromClient(message: Message): Promise<void> | undefined {
    const { client, clock, onward, server } = this.#options;
    if (message.method === "notifications/cancelled") return this.#cancel(message);
    if (message.kind !== "request") return onward(message);
    const { key } = message;
    // To the pump, the first page has answered the request; to the client, it is in flight.
    if (this.#walks.has(key) || this.#byOwnId.has(key)) {
      const error = new BridgeError("invalid_request", `a request with the id ${message.id} is in flight already`);
      return client.send(errorAnswer(message.id!, error, server));
    }
    const member = LIST_MEMBERS.get(message.method!);
    if (member !== undefined && !this.#asked.has(key) && (message.param("cursor") ?? "null") === "null") {
      this.#asked.set(key, { request: message, member, since: clock.now() });
    }
    return onward(message);
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    const { client } = this.#options;
    if (message.kind !== "response") return client.send(message, causedBy);
    const walk = this.#byOwnId.get(message.key);
    if (walk !== undefined) return this.#goOn(walk, message);
    const asked = this.#asked.get(message.key);
    if (asked === undefined || refusesTwin(message)) return client.send(message);
    this.#asked.delete(message.key);
    const page = message.isError ? undefined : readPage(message, asked.member);
    if (page?.nextCursor === undefined) return client.send(message);
    return this.#begin(asked, message, page, page.nextCursor);
  }

  close(deadline: number): Promise<void> {
    return this.#options.client.close(deadline);
  }

  #begin(asked: Asked, first: Message, page: ListPage, cursor: string): Promise<void> | undefined {
    const { budget, clock, total } = this.#options;
    const lease = budget.lease();
    lease.hold(first.bytes.length);
    const bytes = first.bytes.length;
    const cursors = new Set<string>();
    const walk: Walk = { ...asked, first, page, more: [], cursors, lease, bytes, timer: undefined, id: "", cursor };
    if (total > 0) walk.timer = clock.after(asked.since + total - clock.now(), () => this.#expire(walk));
    this.#walks.set(asked.request.key, walk);
    return this.#follow(walk, cursor);
  }

  /** Asks for the page that a cursor stands for. */
  #follow(walk: Walk, cursor: string): Promise<void> | undefined {
    walk.cursors.add(cursor);
    walk.cursor = cursor;
    walk.id = `"mcp-bridge:list:${++this.#ids}"`;
    this.#byOwnId.set(walk.id, walk);
    return this.#options.onward(walk.request.withId(walk.id).withParam("cursor", cursor));
  }

  /** Takes the answer to a request for a page behind the first one. */
  #goOn(walk: Walk, answer: Message): Promise<void> | undefined {
    this.#byOwnId.delete(walk.id);
    if (answer.isError) {
      return this.#end(walk, walk.cursor, quoted(decodedString(answer.answerMember("error", "message")) ?? "an error"));
    }
    const page = readPage(answer, walk.member);
    if (page === undefined) return this.#end(walk, walk.cursor, `a page holds no ${walk.member}`);
    const { nextCursor } = page;
    const elements = page.elements.map(({ start, end }) => answer.bytes.subarray(start, end));
    if (nextCursor !== undefined && walk.cursors.has(nextCursor)) {
      walk.more.push(...unheardOf(walk, elements));
      return this.#end(walk, undefined, "the server names the same page again");
    }
    walk.more.push(...elements);
    const bytes = answer.bytes.length + elements.length * ELEMENT_BYTES;
    walk.bytes += bytes;
    walk.lease.hold(bytes);
    if (nextCursor === undefined) return this.#end(walk, undefined);
    if (walk.cursors.size >= MOST_PAGES) return this.#end(walk, nextCursor, `it has more than ${MOST_PAGES} pages`);
    if (walk.bytes > MOST_BYTES || this.#options.budget.exhausted) {
      return this.#end(walk, nextCursor, "it is too large");
    }
    return this.#follow(walk, nextCursor);
  }

  /** Answers the client with what was read; `nextCursor` stands for what was not, and `fault` says why. */
  #end(walk: Walk, nextCursor: string | undefined, fault?: string): Promise<void> | undefined {
    const { client, notify } = this.#options;
    this.#forget(walk);
    if (fault !== undefined) {
      notify({ level: "warn", text: `the answer to ${walk.request.method} may not be complete: ${fault}` });
    }
    return client.send(withMoreElements(walk.first, walk.page, walk.more, nextCursor));
  }

  #forget(walk: Walk): void {
    this.#walks.delete(walk.request.key);
    this.#byOwnId.delete(walk.id);
    walk.timer?.cancel();
    walk.lease.end();
  }

  #expire(walk: Walk): void {
    const { onward, total } = this.#options;
    const requestId = JSON.parse(walk.id);
    void this.#end(walk, walk.cursor, `not all of it came within ${total / 1000} s`);
    void onward(composeMessage({ method: "notifications/cancelled", params: { requestId } }));
  }

  /** The client gives a list up: so do we, with the page that is asked for in its place. */
  #cancel(message: Message): Promise<void> | undefined {
    const { onward } = this.#options;
    const id = message.param("requestId");
    const key = id === undefined ? "" : idKey(id);
    if (this.#byOwnId.has(key)) return undefined;
    this.#asked.delete(key);
    const walk = this.#walks.get(key);
    if (walk === undefined) return onward(message);
    this.#forget(walk);
    return onward(message.withParam("requestId", walk.id));
  }
}

/** The elements that did not come before, word for word. */
function unheardOf(walk: Walk, elements: readonly Uint8Array[]): Uint8Array[] {
  const { first, page, more } = walk;
  const decoder = new TextDecoder("latin1");
  const heard = new Set(more.map((element) => decoder.decode(element)));
  for (const { start, end } of page.elements) heard.add(decoder.decode(first.bytes.subarray(start, end)));
  return elements.filter((element) => !heard.has(decoder.decode(element)));
}

import type { LocalEnd } from "./channel.ts";
import { EventSink, openingEvent } from "./event_sink.ts";
import type { Message } from "./message.ts";
import { idKey } from "./message_id.ts";
import { placeOf, Replay, type StreamPlace } from "./replay.ts";
import { Reply, type StreamRecord } from "./reply.ts";

/** What the local end of Streamable HTTP is made of. */
export interface ServedHttpOptions {
  /** Stand in the head of each response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes a message of the client. */
  onmessage(message: Message): Promise<void> | undefined;
  /** The server has refused the client's handshake, and the client was told. */
  onrefusal(): void;
  /** What is said to a request, by its raw id, that has no answer when the session ends. */
  lastWord(id: string): Message;
}

/** A request that waits for its answer. */
interface Waiting {
  readonly reply: Reply;
  /** The number of the reply's stream. */
  readonly stream: number;
  /** As the client wrote it. */
  readonly id: string;
}

/** What is kept for a client that has no stream open, in bytes; what is older goes. */
const MOST_HELD = 262_144;
/** The first revision whose clients understand an event that says nothing but its id. */
const FIRST_OPENING_REVISION = "2025-11-25";
/** The number of the stream that belongs to no request. */
const OWN_STREAM = 0;

/**
 * A session of Streamable HTTP, on the side of the server (basic/transports, revisions 2025-03-26 to 2025-11-25): each
 * request is answered where it was posted, and a GET stream carries what belongs to none. A client whose stream broke
 * comes back for what it has missed.
 */
export class ServedHttp implements LocalEnd {
  readonly #options: ServedHttpOptions;
  readonly #replay = new Replay();
  /** By the id keys of the requests; only while there are some, as a session that waits costs less without. */
  #waiting: Map<string, Waiting> | undefined;
  #streams = OWN_STREAM;
  #stream: EventSink | undefined;
  #handshake: string | undefined;
  #held: Message[] = [];
  #heldBytes = 0;

  constructor(options: ServedHttpOptions) {
    this.#options = options;
  }

  /** How many requests wait for their answers. */
  get inFlight(): number {
    return this.#waiting?.size ?? 0;
  }

  /** Whether a stream of the client is open. */
  get isHeard(): boolean {
    return this.#stream !== undefined || this.#waiting !== undefined;
  }

  /** Whether a request has the id of one that waits for its answer. */
  repeats(message: Message): boolean {
    return message.kind === "request" && this.#waiting?.has(message.key) === true;
  }

  /**
   * Takes what was posted by a client of `revision`, at least one message; their ids are none that wait for an answer,
   * and each is there once.
   */
  post(messages: readonly Message[], revision: string): Promise<Response> | Response {
    const { headers } = this.#options;
    const requests = messages.filter(({ kind }) => kind === "request");
    if (requests.length === 0) {
      for (const message of messages) this.#take(message);
      return new Response(null, { status: 202, headers });
    }
    const stream = ++this.#streams;
    const reply = new Reply({
      headers,
      answers: requests.length,
      // A client that goes away from a stream has not given its request up.
      onleave: () => this.#replay.lost(stream),
      record: this.#recordOf(stream, revision),
    });
    this.#waiting ??= new Map();
    for (const { key, id } of requests) this.#waiting.set(key, { reply, stream, id: id! });
    for (const message of messages) this.#take(message);
    return reply.response;
  }

  /**
   * Opens the stream for what belongs to no request, which takes the place of the last one; or carries on, behind the
   * event `last`, the one that it was on. Gives nothing for a stream that is over and read, or none of ours.
   */
  listen(revision: string, last?: string): Response | undefined {
    const place = last === undefined ? undefined : placeOf(last);
    if (last !== undefined && place === undefined) return undefined;
    const opening = openingOf(revision, last ?? this.#replay.opening(OWN_STREAM));
    if (place !== undefined && place.stream !== OWN_STREAM) return this.#resume(place, opening);
    this.#stream?.end();
    const stream = new EventSink(this.#options.headers, () => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#replay.lost(OWN_STREAM);
    }, opening);
    this.#stream = stream;
    const missed = place === undefined ? [] : this.#replay.after(place);
    for (const { message, id } of missed) void stream.send(message, id);
    for (const message of this.#held.splice(0)) void this.#say(stream, message);
    this.#heldBytes = 0;
    return stream.response;
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    if (message.kind === "response") return this.#answer(message);
    if (message.method === "notifications/cancelled") this.#withdraw(message);
    const reply = causedBy === undefined ? undefined : this.#waiting?.get(causedBy)?.reply;
    if (reply !== undefined) return reply.send(message);
    if (this.#stream !== undefined) return this.#say(this.#stream, message);
    const last = [...this.#waiting?.values() ?? []].at(-1);
    if (last !== undefined) return last.reply.send(message);
    this.#hold(message);
    return undefined;
  }

  /** Tells streams that are silent that we are there. */
  beat(): void {
    this.#stream?.beat();
    for (const { reply } of this.#waiting?.values() ?? []) reply.beat();
    this.#replay.beat();
  }

  close(): Promise<void> {
    this.#stream?.end();
    for (const { reply, id } of this.#waiting?.values() ?? []) void reply.answer(this.#options.lastWord(id), 200);
    this.#waiting = undefined;
    return Promise.resolve();
  }

  #answer(message: Message): Promise<void> | undefined {
    const reply = this.#waiting?.get(message.key)?.reply;
    if (reply === undefined) return undefined;
    const wait = reply.answer(message, 200);
    this.#settle(message.key);
    if (message.key === this.#handshake) {
      this.#handshake = undefined;
      if (message.isError) this.#options.onrefusal();
    }
    return wait;
  }

  /** Carries on the stream of a request, or what is left of it. */
  #resume(place: StreamPlace, opening: Uint8Array | undefined): Response | undefined {
    const missed = this.#replay.after(place);
    for (const { reply, stream } of this.#waiting?.values() ?? []) {
      if (stream === place.stream) return reply.resume(missed, opening);
    }
    // A client that finds an empty stream asks again, and then for the session's own.
    if (missed.length === 0) return undefined;
    const rest = new EventSink(this.#options.headers, () => this.#replay.lost(place.stream), opening);
    for (const { message, id } of missed) void rest.send(message, id);
    rest.end();
    return rest.response;
  }

  /** A request that the client gives up has no answer, and ends where it was posted. */
  #take(message: Message): void {
    if (message.method === "initialize") this.#handshake = message.key;
    void this.#options.onmessage(message);
    if (message.method !== "notifications/cancelled") return;
    const key = idKey(message.param("requestId") ?? "null");
    const reply = this.#waiting?.get(key)?.reply;
    // Of all requests it is the one that cannot be given up (basic/utilities/cancellation).
    if (reply === undefined || key === this.#handshake) return;
    reply.withdraw(202);
    this.#settle(key);
  }

  #settle(key: string): void {
    this.#waiting?.delete(key);
    if (this.#waiting?.size === 0) this.#waiting = undefined;
  }

  #say(stream: EventSink, message: Message): Promise<void> | undefined {
    return stream.send(message, this.#replay.keep(OWN_STREAM, message, true));
  }

  #recordOf(stream: number, revision: string): StreamRecord {
    const replay = this.#replay;
    return {
      opening: () => openingOf(revision, replay.opening(stream)),
      keep: (message, isHeard) => replay.keep(stream, message, isHeard),
    };
  }

  #hold(message: Message): void {
    this.#held.push(message);
    this.#heldBytes += message.bytes.length;
    while (this.#heldBytes > MOST_HELD) this.#heldBytes -= this.#held.shift()!.bytes.length;
  }

  /** A question that the client has not seen need not be asked any more. */
  #withdraw(cancel: Message): void {
    const key = idKey(cancel.param("requestId") ?? "null");
    this.#held = this.#held.filter((held) => held.kind !== "request" || held.key !== key);
    this.#heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}

/** The first event of a stream that a client of `revision` can come back to. */
function openingOf(revision: string, id: string): Uint8Array | undefined {
  return revision >= FIRST_OPENING_REVISION ? openingEvent(id) : undefined;
}

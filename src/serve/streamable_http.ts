import { errorAnswer } from "../bridge/answers.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Message } from "../transport/message.ts";
import { headerMismatch } from "../transport/request_header_rules.ts";
import { claimsRevision, isModern } from "../transport/request_headers.ts";
import { ServedHttp } from "../transport/served_http.ts";
import { ServedPost } from "../transport/served_post.ts";
import { refusalOf, tooMany } from "./in_flight.ts";
import type { Place } from "./place.ts";
import type { Seat } from "./pooled_server.ts";
import { type BodyBounds, readPosted } from "./read_body.ts";
import { OURSELVES, protocolRefusal, refusal } from "./guard/refusals.ts";
import type { Sessions } from "./sessions.ts";
import { type Visitor, visitorOf } from "./watched.ts";

/** What serving Streamable HTTP needs. */
export interface StreamableHttpOptions extends BodyBounds {
  readonly sessions: Sessions;
}

const HEADER_MISMATCH = -32020;
const INVALID_REQUEST = -32600;
const REVISION = /^20\d\d-[01]\d-[0-3]\d$/;
/** The revision of a client that names none (2025-06-18 transports, "Protocol Version Header"). */
const UNNAMED_REVISION = "2025-03-26";
/** How many requests of all clients without a session may wait for their answers. */
const MOST_OF_GUESTS = 10_000;

/**
 * Streamable HTTP on the side of the server, for clients of both eras (basic/transports): what a request is follows from
 * its body and headers, so that one address serves all.
 */
export class StreamableHttpService {
  readonly #sessions: Sessions;
  readonly #bounds: BodyBounds;

  constructor({ sessions, ...bounds }: StreamableHttpOptions) {
    this.#sessions = sessions;
    this.#bounds = bounds;
  }

  /** Answers a request to the endpoint of `place`. */
  async answer(request: Request, place: Place): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (request.method === "POST") {
      const messages = await readPosted(request, this.#bounds);
      return messages instanceof Response ? messages : await this.#post(request, messages, id, place);
    }
    if (request.method !== "GET" && request.method !== "DELETE") return notAllowed("GET, POST, DELETE");
    // The era without sessions knows neither method.
    if (id === null) return notAllowed("POST");
    const session = this.#sessions.get(id, place.target);
    if (!(session instanceof HttpSession)) return unknownSession();
    if (request.method === "GET") return session.listen(request.headers);
    await this.#sessions.end(id);
    return new Response(null, { status: 204 });
  }

  async #post(
    request: Request,
    messages: readonly Message[],
    id: string | null,
    place: Place,
  ): Promise<Response> {
    const [first] = messages as [Message];
    const revision = request.headers.get("mcp-protocol-version");
    if (id === null && messages.length === 1 && isStateless(first, revision)) {
      return await this.#postStateless(request, first, place);
    }
    if (revision !== null && !REVISION.test(revision)) {
      return protocolRefusal(400, INVALID_REQUEST, "the header mcp-protocol-version names no revision", first.id);
    }
    if (id !== null) {
      const session = this.#sessions.get(id, place.target);
      if (!(session instanceof HttpSession)) return unknownSession(first.id);
      return await session.post(messages, revision ?? UNNAMED_REVISION);
    }
    if (first.method !== "initialize" || first.kind !== "request" || messages.length > 1) {
      const error = "a session begins with initialize, and what belongs to one names it in mcp-session-id";
      return protocolRefusal(400, INVALID_REQUEST, error, first.id);
    }
    return await this.#begin(first, place);
  }

  async #begin(initialize: Message, place: Place): Promise<Response> {
    if (this.#sessions.isFull) {
      const error = new BridgeError("busy", "there are too many sessions", { hint: "end some clients" });
      return refusal(503, error, { "retry-after": "30" }, initialize.id);
    }
    const session = new HttpSession(place, visitorOf(initialize), this.#sessions);
    this.#sessions.add(session);
    return await session.post([initialize], initialize.stringParam("protocolVersion") ?? UNNAMED_REVISION);
  }

  async #postStateless(
    request: Request,
    message: Message,
    place: Place,
  ): Promise<Response> {
    if (message.kind !== "request") return new Response(null, { status: 202 });
    const claimed = message.stringParam("_meta", "io.modelcontextprotocol/protocolVersion");
    const fault = claimed === undefined ? undefined : headerMismatch(request.headers, message, claimed);
    if (fault !== undefined) {
      return protocolRefusal(400, HEADER_MISMATCH, fault, message.id);
    }
    if (this.#sessions.guests >= MOST_OF_GUESTS) return tooMany(message.id);
    // Nobody reads this, and nothing is asked for whoever has gone.
    if (request.signal.aborted) return new Response(null, { status: 503 });
    const post = new ServedPost(message, () => {
      this.#sessions.dismiss(post);
      void seat.leave();
    });
    const seat: Seat = place.stand(post, visitorOf(message));
    this.#sessions.receive(post);
    request.signal.addEventListener("abort", () => post.leave(), { once: true });
    void seat.fromClient(message);
    return await post.response;
  }
}

/** A session of the handshake's era. */
class HttpSession {
  readonly id = crypto.randomUUID();
  readonly target: string;
  readonly seat: Seat;
  readonly #end: ServedHttp;

  constructor(place: Place, visitor: Visitor, sessions: Sessions) {
    this.target = place.target;
    this.#end = new ServedHttp({
      headers: { "mcp-session-id": this.id },
      onmessage: (message) => this.seat.fromClient(message),
      // A session that the server did not agree to is none.
      onrefusal: () => void sessions.end(this.id),
      lastWord,
    });
    this.seat = place.seat(this.#end, { ...visitor, session: this.id });
  }

  /** Takes what a client of `revision` posts. */
  async post(messages: readonly Message[], revision: string): Promise<Response> {
    return refusalOf(messages, this.#end) ?? await this.#end.post(messages, revision);
  }

  /** Opens the stream that a GET asks for, or carries a broken one on. */
  listen(headers: Headers): Response {
    const revision = headers.get("mcp-protocol-version") ?? UNNAMED_REVISION;
    // This says to an event stream that there is nothing to come back for (HTML, "Server-sent events").
    return this.#end.listen(revision, headers.get("last-event-id") ?? undefined) ?? new Response(null, { status: 204 });
  }

  isHeard(): boolean {
    return this.#end.isHeard;
  }

  beat(): void {
    this.#end.beat();
  }

  hangUp(): void {
    void this.#end.close();
  }
}

function lastWord(id: string): Message {
  return errorAnswer(id, new BridgeError("closing", "the session has ended"), OURSELVES);
}

/** Whether a message is of the era without sessions. */
function isStateless(message: Message, revision: string | null): boolean {
  return claimsRevision(message) || message.method === "server/discover" ||
    (revision !== null && REVISION.test(revision) && isModern(revision));
}

function notAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { allow } });
}

function unknownSession(id?: string): Response {
  return refusal(404, new BridgeError("session_lost", "this session is not known, or over"), {}, id);
}

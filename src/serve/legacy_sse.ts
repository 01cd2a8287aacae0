import { BridgeError } from "../platform/errors.ts";
import type { Message } from "../transport/message.ts";
import { ServedSse } from "../transport/served_sse.ts";
import { refusalOf } from "./in_flight.ts";
import type { Place } from "./place.ts";
import { type BodyBounds, readPosted } from "./read_body.ts";
import { refusal } from "./guard/refusals.ts";
import type { Seat } from "./pooled_server.ts";
import type { Sessions } from "./sessions.ts";
import { visitorOf } from "./watched.ts";

/** HTTP with SSE on the side of the server, for clients that speak nothing newer (revision 2024-11-05, transports). */
export class LegacySseService {
  readonly #sessions: Sessions;
  readonly #bounds: BodyBounds;

  constructor({ sessions, ...bounds }: BodyBounds & { readonly sessions: Sessions }) {
    this.#sessions = sessions;
    this.#bounds = bounds;
  }

  /** Opens the stream of a new session at `place`; the client posts to `address`, with the session's id behind it. */
  open(place: Place, address: string): Response {
    if (this.#sessions.isFull) {
      return refusal(503, new BridgeError("busy", "there are too many sessions"), { "retry-after": "30" });
    }
    const id = crypto.randomUUID();
    const end = new ServedSse(`${address}?sessionId=${id}`, () => void this.#sessions.end(id));
    const session = new SseSession(id, place, end);
    this.#sessions.add(session);
    return end.response;
  }

  /** Takes what the client of a session posts. */
  async post(request: Request, place: Place, id: string): Promise<Response> {
    const session = this.#sessions.get(id, place.target);
    if (!(session instanceof SseSession)) {
      return refusal(404, new BridgeError("session_lost", "this session is not known, or over"));
    }
    const messages = await readPosted(request, this.#bounds);
    if (messages instanceof Response) return messages;
    return session.post(messages);
  }
}

class SseSession {
  readonly id: string;
  readonly target: string;
  readonly #place: Place;
  readonly #end: ServedSse;
  #seat: Seat | undefined;

  constructor(id: string, place: Place, end: ServedSse) {
    this.id = id;
    this.target = place.target;
    this.#place = place;
    this.#end = end;
  }

  readonly seat: Seat = {
    fromClient: (message) => this.#seat?.fromClient(message),
    leave: async () => await this.#seat?.leave(),
  };

  /** Takes what the client posts, at least one message. */
  post(messages: readonly Message[]): Response {
    const refused = refusalOf(messages, this.#end);
    if (refused !== undefined) return refused;
    // The first message says who the client is.
    this.#seat ??= this.#place.seat(this.#end, { ...visitorOf(messages[0]!), session: this.id });
    for (const message of messages) {
      this.#end.heard(message);
      void this.#seat.fromClient(message);
    }
    return new Response(null, { status: 202 });
  }

  isHeard(): boolean {
    return true;
  }

  beat(): void {
    this.#end.beat();
  }

  hangUp(): void {
    void this.#end.close();
  }
}

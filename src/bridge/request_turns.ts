import { SMALL_MESSAGE } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import type { Message } from "../transport/message.ts";
import type { PendingRequest } from "./pending.ts";
import { Turns } from "./turns.ts";

const KIB = 1_024;
/** As many as a session of `serve` may have in flight. Large ones are in the budget of memory. */
const REQUESTS = { count: 150, slowCount: 1_000, bytes: 16_384 * KIB, counted: SMALL_MESSAGE };
/** Pings ask whether somebody is there: they pass by what waits. */
const PINGS = { count: 16, slowCount: 64, bytes: KIB * KIB, counted: SMALL_MESSAGE };

/** The turns of a client's requests; see `Turns`. */
export class RequestTurns {
  readonly #requests: Turns<PendingRequest>;
  readonly #pings: Turns<PendingRequest>;

  /** `go` sends a request on its way. */
  constructor(clock: Clock, go: (request: PendingRequest) => void) {
    this.#requests = new Turns(clock, REQUESTS, go);
    this.#pings = new Turns(clock, PINGS, go);
  }

  /** Those that a request waits with. */
  of({ method }: Message): Turns<PendingRequest> {
    return method === "ping" ? this.#pings : this.#requests;
  }

  /** A request is over; the next one may go once the client has taken its answer, which `taken` tells. */
  leave(request: PendingRequest, taken: Promise<unknown> | undefined): void {
    const turns = this.of(request.message);
    if (taken === undefined) turns.leave(request);
    else void taken.catch(() => {}).then(() => turns.leave(request));
  }
}

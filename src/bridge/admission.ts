import { type Budget, SMALL_MESSAGE } from "../platform/budget.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Message } from "../transport/message.ts";
import { errorAnswer } from "./answers.ts";
import type { Pending, PendingRequest } from "./pending.ts";
import type { RequestTurns } from "./request_turns.ts";

/** What requests are taken into. */
export interface AdmissionOptions {
  readonly pending: Pending;
  /** Where they wait for one another; nothing where somebody else sees to that. */
  readonly turns: RequestTurns | undefined;
  readonly budget: Budget;
  /** See `PumpOptions`. */
  readonly server: string;
}

/** Requests that are refused leave memory behind, which is collected after so many bytes of it; what each costs. */
const COLLECT_AFTER = 4 * 1_048_576;
const REFUSAL_BYTES = 1_024;

/** Takes the client's requests in, and refuses what there is no room for. */
export class Admission {
  readonly #options: AdmissionOptions;
  #refused = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** A request that waits for its answer from now on, or the error that answers it at once. */
  admit(message: Message): PendingRequest | Message {
    const { pending, turns, budget } = this.#options;
    const line = turns?.of(message);
    if (line?.isClosed === true) return this.#refuse(message);
    if (line?.isBusy === true) message = message.apart();
    const lease = message.bytes.length > SMALL_MESSAGE ? budget.lease() : undefined;
    if (lease !== undefined && budget.exhausted) return this.#error(message, tooMuch("large requests"));
    const request = pending.add(message, lease);
    if (request === undefined) {
      const text = `a request with the id ${message.id} is in flight already`;
      return this.#error(message, new BridgeError("invalid_request", text));
    }
    lease?.hold(message.bytes.length);
    return request;
  }

  /** The client has more in flight than can be kept, and the server does not move. */
  #refuse(message: Message): Message {
    this.#refused += message.bytes.length + REFUSAL_BYTES;
    if (this.#refused > COLLECT_AFTER) {
      this.#refused = 0;
      Bun.gc(true);
    }
    return this.#error(message, tooMuch("requests"));
  }

  #error({ id }: Message, error: BridgeError): Message {
    return errorAnswer(id!, error, this.#options.server);
  }
}

function tooMuch(what: string): BridgeError {
  return new BridgeError("busy", `too many ${what} wait for their answers`, {
    hint: "try again when some of them have been answered",
  });
}

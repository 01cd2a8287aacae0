import { BridgeError } from "../../platform/errors.ts";
import type { LocalEnd } from "../../transport/channel.ts";
import type { Message } from "../../transport/message.ts";
import { errorAnswer } from "../answers.ts";

/** A request of the client that has no answer yet. */
export interface OpenRequest {
  readonly message: Message;
  /** Gives up what is done for it; gets the client's notification. */
  giveUp: (notification: Message) => void;
}

/** The client's requests that have no answer yet: each gets one, the first that comes, or none once it was cancelled. */
export class OpenRequests {
  readonly #client: LocalEnd;
  readonly #name: string;
  readonly #requests = new Map<string, OpenRequest>();
  #drained: (() => void)[] = [];

  /** `name` is our name in errors. */
  constructor(client: LocalEnd, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Opens an entry; nothing where a request under that id is in flight, which is answered here. */
  add(message: Message): OpenRequest | undefined {
    if (this.#requests.has(message.key)) {
      void this.#client.send(errorAnswer(message.id!, inFlight(message), this.#name));
      return undefined;
    }
    const request: OpenRequest = { message, giveUp: () => {} };
    this.#requests.set(message.key, request);
    return request;
  }

  /** Whether a request with an id key is in flight. */
  has(key: string): boolean {
    return this.#requests.has(key);
  }

  /** Whether a request still waits. */
  awaits(request: OpenRequest): boolean {
    return this.#requests.get(request.message.key) === request;
  }

  /** Answers a request, unless it has had its answer or was cancelled. */
  answer(request: OpenRequest, answer: Message): Promise<void> | undefined {
    if (!this.awaits(request)) return undefined;
    this.#close(request);
    return this.#client.send(answer.id === request.message.id ? answer : answer.withId(request.message.id!));
  }

  /** Answers it with an error of ours. */
  fail(request: OpenRequest, error: BridgeError): Promise<void> | undefined {
    return this.answer(request, errorAnswer(request.message.id!, error, this.#name));
  }

  /** The client gives the request with an id key up. */
  cancel(key: string, notification: Message): void {
    const request = this.#requests.get(key);
    if (request === undefined) return;
    this.#close(request);
    request.giveUp(notification);
  }

  /** Settles as soon as no answer is to come; a subscription waits for none. */
  async drained(): Promise<void> {
    while (this.#requests.values().some(({ message }) => message.method !== "subscriptions/listen")) {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
  }

  /** Answers all that is left with an error. */
  failAll(error: BridgeError): void {
    for (const request of [...this.#requests.values()]) void this.fail(request, error);
  }

  #close(request: OpenRequest): void {
    this.#requests.delete(request.message.key);
    for (const wake of this.#drained.splice(0)) wake();
  }
}

/** The error for a request under an id that another one has. */
export function inFlight({ id }: Message): BridgeError {
  return new BridgeError("invalid_request", `a request with the id ${id} is in flight already`);
}

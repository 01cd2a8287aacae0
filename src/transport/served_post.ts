import type { LocalEnd } from "./channel.ts";
import type { Message } from "./message.ts";
import { Reply } from "./reply.ts";

const METHOD_NOT_FOUND = "-32601";
const INVALID_PARAMS = "-32602";
/** What an error means in HTTP (2026-07-28 transports, "Error codes"): header mismatch, capability, revision. */
const BAD_REQUESTS: ReadonlySet<string> = new Set(["-32020", "-32021", "-32022"]);

/**
 * One request of a client of the era without a handshake, on the side of the server (2026-07-28 transports, "Streamable
 * HTTP"): whatever belongs to it goes where it was posted, and a client that goes away gives it up.
 */
export class ServedPost implements LocalEnd {
  readonly #request: Message;
  readonly #reply: Reply;
  readonly #onend: () => void;
  #isOver = false;

  /** `onend` is called once, when the client has its answer or has gone away without. */
  constructor(request: Message, onend: () => void) {
    this.#request = request;
    this.#onend = onend;
    this.#reply = new Reply({ headers: {}, answers: 1, onleave: () => this.leave() });
  }

  /** The response, once there is something to say. */
  get response(): Promise<Response> {
    return this.#reply.response;
  }

  send(message: Message): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    if (message.kind !== "response") return this.#reply.send(message);
    const wait = this.#reply.answer(message, statusOf(this.#request, message));
    this.#over();
    return wait;
  }

  /** The client has gone away. */
  leave(): void {
    if (this.#isOver) return;
    this.#over();
    this.#reply.end(503);
  }

  /** Tells a client that waits that we are there. */
  beat(): void {
    this.#reply.beat();
  }

  close(): Promise<void> {
    this.leave();
    return Promise.resolve();
  }

  #over(): void {
    this.#isOver = true;
    this.#onend();
  }
}

/** The status of an answer that stands alone. */
function statusOf(request: Message, answer: Message): number {
  const code = answer.isError ? answer.answerMember("error", "code") : undefined;
  if (code === undefined) return 200;
  if (code === METHOD_NOT_FOUND) return 404;
  return BAD_REQUESTS.has(code) || (code === INVALID_PARAMS && !namesItsSender(request)) ? 400 : 200;
}

/** Whether a request has what every request of that era must have (basic, "_meta"). */
function namesItsSender(request: Message): boolean {
  return ["protocolVersion", "clientCapabilities"].every((name) =>
    request.param("_meta", `io.modelcontextprotocol/${name}`) !== undefined
  );
}

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
  readonly #onleave: () => void;
  #isOver = false;

  /** `onleave` is called once where the client goes away before it has its answer. */
  constructor(request: Message, onleave: () => void) {
    this.#request = request;
    this.#onleave = onleave;
    this.#reply = new Reply({ headers: {}, answers: 1, onleave: () => this.leave() });
  }

  /** The response, once there is something to say. */
  get response(): Promise<Response> {
    return this.#reply.response;
  }

  send(message: Message): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    if (message.kind !== "response") return this.#reply.send(message);
    this.#isOver = true;
    return this.#reply.answer(message, statusOf(this.#request, message));
  }

  /** The client has gone away. */
  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onleave();
    this.#reply.end(503);
  }

  /** Tells a client that waits that we are there. */
  beat(): void {
    this.#reply.beat();
  }

  close(): Promise<void> {
    this.#isOver = true;
    this.#reply.end(503);
    return Promise.resolve();
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

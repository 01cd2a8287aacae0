import { BridgeError } from "../platform/errors.ts";
import type { LocalEnd } from "../transport/channel.ts";
import { composeMessage, type Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { errorAnswer } from "./answers.ts";
import { OpenQuestions } from "./open_questions.ts";

/** A client that a question of the server may go to. */
export interface Askable {
  readonly end: LocalEnd;
  /** What it can be asked; nothing for a client of the era without a handshake, which is never asked. */
  readonly capabilities: Readonly<Record<string, unknown>> | undefined;
}

/** Whom a question may concern. */
export interface Concerned {
  /** Whose request made the server ask, and that request's key, where that is known. */
  readonly cause?: { readonly member: Askable; readonly key: string } | undefined;
  /** Who has requests in flight that a server may have questions about, once for each. */
  readonly callers: Iterable<Askable>;
  readonly all: Iterable<Askable>;
}

/** A question of the server that a client has. */
interface Asked {
  readonly member: Askable;
  /** As the server wrote it. */
  readonly id: string;
}

/** What a client has to offer for a question of the server, by its method. */
const NEEDED: Readonly<Record<string, string>> = {
  "sampling/createMessage": "sampling",
  "elicitation/create": "elicitation",
  "roots/list": "roots",
};
/** What a question says, or has a person say, about a request: of several clients none may get another one's. */
const PERSONAL: ReadonlySet<string> = new Set(["sampling/createMessage", "elicitation/create"]);
const METHOD_NOT_FOUND = -32601;
const INVALID_REQUEST = -32600;

/** The server's questions to one of many clients: who is asked what, and who may answer. */
export class CrowdQuestions {
  readonly #server: string;
  readonly #say: (message: Message) => void;
  /** Who was asked what, by the key of the server's id. */
  readonly #asked = new OpenQuestions<Asked>();

  /** `server` is its name to a person, and `say` tells it what a client does not. */
  constructor(server: string, say: (message: Message) => void) {
    this.#server = server;
    this.#say = say;
  }

  /**
   * Puts a question to the client that it concerns, or answers that nobody can be asked: also where it may be about the
   * requests of several.
   */
  ask(question: Message, concerned: Concerned): Promise<void> | undefined {
    const needed = NEEDED[question.method!];
    const able = ({ capabilities }: Askable): boolean =>
      capabilities !== undefined && (needed === undefined || capabilities[needed] !== undefined);
    const callers = concerned.cause === undefined ? [...new Set(concerned.callers)] : [];
    if (callers.length > 1 && PERSONAL.has(question.method!)) {
      return this.#refuse(
        question,
        INVALID_REQUEST,
        "several clients share this connection: it is unknown whose request asks",
      );
    }
    const member = concerned.cause?.member ?? callers.findLast(able) ?? callers.at(-1) ??
      [...concerned.all].findLast(able);
    if (member === undefined || !able(member)) {
      return this.#refuse(question, METHOD_NOT_FOUND, `the client does not offer ${needed ?? question.method}`);
    }
    this.#asked.add(question.key, { member, id: question.id! });
    return member.end.send(question, concerned.cause?.key);
  }

  #refuse({ id }: Message, code: number, message: string): undefined {
    this.#say(composeMessage({ id: null, error: { code, message } }).withId(id!));
    return undefined;
  }

  /** Whether an answer is that of the client that was asked; it counts once. */
  takes(answer: Message, member: Askable): boolean {
    return this.#asked.get(answer.key)?.member === member && this.#asked.take(answer.key) !== undefined;
  }

  /** Hands on the server's word that it does not want an answer any more. */
  withdrawn(cancel: Message): Promise<void> | undefined {
    return this.#asked.take(idKey(cancel.param("requestId") ?? "null"))?.member.end.send(cancel);
  }

  /** A client has gone: what it was asked is answered in its place. */
  left(member: Askable): void {
    for (const [key, asked] of this.#asked.entries()) {
      if (asked.member !== member) continue;
      this.#asked.take(key);
      this.#say(errorAnswer(asked.id, new BridgeError("closing", "the client has left"), this.#server));
    }
  }
}

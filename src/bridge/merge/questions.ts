import { composeMessage, decodedString, type Message } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { LONGEST_KEY, MOST_ASKED } from "../open_questions.ts";
import type { Branch } from "./branch.ts";
import { RELATED_TASK } from "./tasks.ts";

/** A request of a server that waits for the client. */
interface Question {
  readonly branch: Branch;
  /** As the server wrote it. */
  readonly id: string;
  /** The token of its progress, as the server wrote it; nothing for an enormous one. */
  readonly token: string | undefined;
  /** The task of the server's that it is of, likewise. */
  readonly task: string | undefined;
}

/**
 * The requests of servers to the client: each has the id `<slug>:<raw id>` there, since two servers may use the same,
 * and so has the token of its progress. An answer goes to the server that waits for it, and once.
 */
export class Questions {
  readonly #waiting = new Map<string, Question>();
  readonly #byToken = new Map<string, Question>();

  /** The request of a server as the client gets it. */
  asked(branch: Branch, request: Message): Message {
    const id = mergedId(branch, request.id!);
    const wanted = request.param("_meta", "progressToken");
    const token = keepable(wanted);
    const question = { branch, id: request.id!, token, task: keepable(request.param("_meta", RELATED_TASK)) };
    this.#keep(idKey(id), question);
    const renamed = request.withId(id);
    if (wanted === undefined) return renamed;
    if (token === undefined) return renamed.withoutMeta("progressToken");
    return renamed.withParams([], [["progressToken", mergedId(branch, token)]]);
  }

  /** In a memory that no server can fill, and in which none takes the room of another one: see `OpenQuestions`. */
  #keep(key: string, question: Question): void {
    if (key.length > LONGEST_KEY) return;
    const { branch, token } = question;
    const before = this.#waiting.get(key);
    if (before !== undefined) this.#forget(key, before);
    const own = [...this.#waiting].filter(([, other]) => other.branch === branch);
    if (own.length >= MOST_ASKED) this.#forget(...own[0]!);
    this.#waiting.set(key, question);
    if (token !== undefined) this.#byToken.set(idKey(mergedId(branch, token)), question);
  }

  /** Hands an answer of the client to the server that waits for it, if one does. */
  answer(message: Message): Promise<void> | undefined {
    const question = this.#waiting.get(message.key);
    if (question === undefined) return undefined;
    this.#forget(message.key, question);
    const answer = message.withId(question.id);
    return question.branch.tell(
      question.task === undefined ? answer : answer.withResultMeta(RELATED_TASK, question.task),
    );
  }

  /** The server's word that it does not want an answer any more, for the client; nothing where the client has none open. */
  withdrawn(branch: Branch, cancel: Message): Message | undefined {
    const id = cancel.param("requestId");
    if (id === undefined) return undefined;
    const merged = mergedId(branch, id);
    const question = this.#waiting.get(idKey(merged));
    if (question === undefined) return undefined;
    this.#forget(idKey(merged), question);
    return cancel.withParam("requestId", merged);
  }

  /** A server has gone: its word that it does not want any answer, for the client, for each that the client owes it. */
  gone(branch: Branch): Message[] {
    const cancel = composeMessage({ method: "notifications/cancelled", params: {} });
    return [...this.#waiting.values()].filter((question) => question.branch === branch)
      .map(({ id }) => this.withdrawn(branch, cancel.withParam("requestId", id))!);
  }

  /** Hands the client's progress with a question on. */
  progressed(message: Message): Promise<void> | undefined {
    const token = message.param("progressToken");
    const question = token === undefined ? undefined : this.#byToken.get(idKey(token));
    return question?.branch.tell(message.withParam("progressToken", question.token!));
  }

  #forget(key: string, { branch, token }: Question): void {
    this.#waiting.delete(key);
    if (token !== undefined) this.#byToken.delete(idKey(mergedId(branch, token)));
  }
}

function keepable(raw: string | undefined): string | undefined {
  return raw !== undefined && raw.length > LONGEST_KEY ? undefined : raw;
}

/** An id of a server, in raw form, as no other server has it. */
function mergedId({ slug }: Branch, raw: string): string {
  // Equal ids of a server stay equal, however they are written.
  const text = decodedString(raw);
  return JSON.stringify(`${slug}:${text === undefined ? idKey(raw) : JSON.stringify(text)}`);
}

import type { LocalEnd } from "../../transport/channel.ts";
import { decodedString, type Message } from "../../transport/message.ts";
import { SUBSCRIPTION_ID } from "../era/discovery.ts";
import type { Branch } from "./branch.ts";
import type { Listens } from "./listens.ts";
import type { News } from "./news.ts";
import type { Questions } from "./questions.ts";
import { withMergedTasks } from "./tasks.ts";
import { mergedUri } from "./uris.ts";

/** What handing on needs. */
export interface FromServersOptions {
  readonly client: LocalEnd;
  readonly news: News;
  readonly questions: Questions;
  readonly listens: Listens;
}

/** Hands on what servers say to the client of themselves, in names that tell whose it is. */
export class FromServers {
  readonly #options: FromServersOptions;

  constructor(options: FromServersOptions) {
    this.#options = options;
  }

  /** Takes what is no answer; `causedBy` is the client's request that it belongs to, by id key. */
  take(branch: Branch, message: Message, causedBy: string | undefined): Promise<void> | undefined {
    const { client, questions, listens, news } = this.#options;
    if (message.kind === "request") {
      return client.send(withMergedTasks(branch.slug, questions.asked(branch, message)), causedBy);
    }
    switch (message.method) {
      case "notifications/cancelled":
        return this.#withdrawn(branch, message);
      case "notifications/progress":
        // Tokens are small numbers, most of them: no server speaks for another one's work.
        return branch.awaitsProgress(message.param("progressToken"))
          ? client.send(withMergedTasks(branch.slug, message), causedBy)
          : undefined;
      default: {
        const renamed = withMergedTasks(branch.slug, inTheClientsWords(branch, message));
        const subscription = renamed.param("_meta", SUBSCRIPTION_ID);
        if (subscription !== undefined) return listens.take(branch, renamed, subscription);
        if (message.method?.endsWith("/list_changed") !== true) return client.send(renamed, causedBy);
        news.say(renamed);
        return undefined;
      }
    }
  }

  #withdrawn(branch: Branch, message: Message): Promise<void> | undefined {
    const { client, questions, listens } = this.#options;
    const id = message.param("requestId");
    if (id !== undefined) listens.withdrawn(branch, id);
    const cancel = questions.withdrawn(branch, message);
    return cancel && client.send(cancel);
  }
}

function inTheClientsWords({ slug }: Branch, message: Message): Message {
  if (message.method === "notifications/message") {
    const logger = message.stringParam("logger");
    return message.withParam("logger", JSON.stringify(logger === undefined ? slug : `${slug}/${logger}`));
  }
  if (message.method !== "notifications/resources/updated") return message;
  const uri = decodedString(message.param("uri"));
  return uri === undefined ? message : message.withParam("uri", JSON.stringify(mergedUri(slug, uri)));
}

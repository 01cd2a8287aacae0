import { BridgeError, quoted } from "../platform/errors.ts";
import { findMember, textOf } from "../transport/json_scan.ts";
import { decodedString, type Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { errorAnswer, refusesTwin } from "./answers.ts";
import { readPage, withoutElements } from "./list_answer.ts";
import type { Neighbours, Stage } from "./stage.ts";

/** What a tool filter is made of. */
export interface ToolFilterOptions extends Neighbours {
  /** The names to take out: `*` stands for any letters, upper and lower case are the same. */
  readonly globs: readonly string[];
  /** The names that stay, less those; every name where there is none. */
  readonly allowed?: readonly string[];
  readonly server: string;
}

/** Takes tools away from the client: they stand in no list, and a call of one is answered without asking the server. */
export class ToolFilter implements Stage {
  readonly #options: ToolFilterOptions;
  /** The requests for the list that wait for their answers, by id key. */
  readonly #lists = new Set<string>();

  constructor(options: ToolFilterOptions) {
    this.#options = options;
  }

  fromClient(message: Message): Promise<void> | undefined {
    const { client, onward, server } = this.#options;
    if (message.method === "tools/list" && message.kind === "request") this.#lists.add(message.key);
    if (message.method === "notifications/cancelled") {
      const id = message.param("requestId");
      if (id !== undefined) this.#lists.delete(idKey(id));
    }
    const name = message.method === "tools/call" ? message.stringParam("name") : undefined;
    if (name === undefined || !this.#takesOut(name)) return onward(message);
    if (message.kind !== "request") return undefined;
    const error = new BridgeError("ignored_tool", `the tool ${quoted(name)} is not available`, {
      hint: '"--ignore-tool", or "tools" in servers.json, takes it out',
    });
    return client.send(errorAnswer(message.id!, error, server));
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    const { client } = this.#options;
    if (message.kind !== "response" || !this.#lists.has(message.key) || refusesTwin(message)) {
      return client.send(message, causedBy);
    }
    this.#lists.delete(message.key);
    const page = message.isError ? undefined : readPage(message, "tools");
    if (page === undefined) return client.send(message);
    const gone = page.elements.map(({ start }) => {
      const span = findMember(message.bytes, start, "name");
      const name = decodedString(span && textOf(message.bytes, span));
      return name !== undefined && this.#takesOut(name);
    });
    return client.send(withoutElements(message, page, gone));
  }

  close(deadline: number): Promise<void> {
    return this.#options.client.close(deadline);
  }

  #takesOut(name: string): boolean {
    const { globs, allowed = [] } = this.#options;
    if (allowed.length > 0 && !allowed.some((glob) => matchesGlob(glob, name))) return true;
    return globs.some((glob) => matchesGlob(glob, name));
  }
}

/**
 * Whether a whole name is of the form that a glob describes, in which `*` stands for any letters; upper and lower case
 * are the same. Takes time in proportion to the name, which is the server's word.
 */
export function matchesGlob(glob: string, name: string): boolean {
  const [first, ...parts] = glob.toLowerCase().split("*") as [string, ...string[]];
  const text = name.toLowerCase();
  const last = parts.pop();
  if (last === undefined) return text === first;
  const end = text.length - last.length;
  let at = first.length;
  if (at > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

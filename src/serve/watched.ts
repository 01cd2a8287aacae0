import type { LocalEnd } from "../transport/channel.ts";
import { idKey, type Message } from "../transport/message.ts";

/** Who a client says it is. */
export interface Visitor {
  /** Its name and version, as it gives them; nothing where it gives none. */
  readonly client: string | undefined;
  /** The session that it has with us; nothing for one that speaks without. */
  readonly session?: string;
}

/** Where a call comes from and goes to. */
export interface CallOrigin extends Visitor {
  /** The slug of the server. */
  readonly server: string;
  readonly account: string;
}

/** A call that has ended: what may be counted and kept of it, never what was in it. */
export interface CallRecord extends CallOrigin {
  readonly method: string;
  /** The tool or prompt that was called. */
  readonly name: string | undefined;
  /** When it came, in ms since 1970. */
  readonly at: number;
  /** How long it took, in ms. */
  readonly ms: number;
  readonly outcome: "result" | "error" | "cancelled";
  /** The code of the error. */
  readonly code: string | undefined;
}

/** Where messages of the client go. */
export type Onward = (message: Message) => Promise<void> | undefined;

interface Call {
  readonly method: string;
  readonly name: string | undefined;
  readonly at: number;
  readonly since: number;
}

/** A client's end at which each call is looked at as it passes: when it came, how it ended. */
export class Watched implements LocalEnd {
  onward: Onward = () => undefined;
  readonly #end: LocalEnd;
  readonly #origin: CallOrigin;
  readonly #record: (call: CallRecord) => void;
  readonly #calls = new Map<string, Call>();

  constructor(end: LocalEnd, origin: CallOrigin, record: (call: CallRecord) => void) {
    this.#end = end;
    this.#origin = origin;
    this.#record = record;
  }

  fromClient(message: Message): Promise<void> | undefined {
    if (message.kind === "request") {
      const { method, key } = message as Message & { method: string };
      const isNamed = method === "tools/call" || method === "prompts/get";
      const name = isNamed ? message.stringParam("name") : undefined;
      this.#calls.set(key, { method, name, at: Date.now(), since: performance.now() });
    } else if (message.method === "notifications/cancelled") {
      this.#ended(idKey(message.param("requestId") ?? "null"), "cancelled");
    }
    return this.onward(message);
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    if (message.kind === "response") {
      const code = message.isError ? message.answerMember("error", "code") : undefined;
      this.#ended(message.key, message.isError ? "error" : "result", code);
    }
    return this.#end.send(message, causedBy);
  }

  /** The client has gone: what it had asked is given up. */
  leave(): void {
    for (const key of [...this.#calls.keys()]) this.#ended(key, "cancelled");
  }

  close(deadline: number): Promise<void> {
    return this.#end.close(deadline);
  }

  #ended(key: string, outcome: CallRecord["outcome"], code?: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    this.#calls.delete(key);
    const { method, name, at, since } = call;
    this.#record({ ...this.#origin, method, name, at, ms: performance.now() - since, outcome, code });
  }
}

/** Who a client says it is in its first request, or in each. */
export function visitorOf(message: Message): Visitor {
  const path = message.method === "initialize" ? ["clientInfo"] : ["_meta", "io.modelcontextprotocol/clientInfo"];
  const name = message.stringParam(...path, "name");
  const version = message.stringParam(...path, "version");
  return { client: name === undefined || version === undefined ? name : `${name} ${version}` };
}

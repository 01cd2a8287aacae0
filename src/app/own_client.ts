import { errorAnswer, rawResult, resultAnswer, resultOf } from "../bridge/answers.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { VERSION } from "../platform/version.ts";
import { composeMessage, type Message, readMessage } from "../transport/message.ts";
import { openBudget } from "./budget.ts";
import { errorOf } from "./server_error.ts";
import { type Line, Upstream, type UpstreamSettings } from "./upstream.ts";

/** How far a request is, as the server says; its text is the server's. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** The person behind the client, as far as a server may turn to them. */
export interface Person {
  /** What a server may ask for, as the client's capability `elicitation`; nothing where nobody can be asked. */
  readonly elicitation: Readonly<Record<string, object>> | undefined;
  /** Asks what the server wants to know, and gives the result of `elicitation/create`; `signal` takes it back. */
  elicit(params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<object>;
  /** The server has seen that the person did what an address was opened for. */
  elicited(id: string): void;
  onprogress(progress: Progress): void;
  /** Is told that everything waits for a sign-in, and nothing once that is over. */
  onheld(cause: BridgeError | undefined): void;
}

/** The revision that we speak; the bridge translates for servers of other eras. */
const REVISION = "2025-11-25";
/** How long a server that is not there is tried again, in ms. */
const REDIAL_MS = 3_000;

interface Waiting {
  readonly message: Message;
  readonly answered: PromiseWithResolvers<Message>;
}

/** What an own client is made of. */
export interface OwnClientOptions {
  readonly settings: Omit<UpstreamSettings, "grace" | "keepAlive" | "cures">;
  readonly person: Person;
  readonly notify: Notify;
}

/** An MCP client of our own on the way that any client of this server has: for what a person asks from the shell. */
export class OwnClient {
  readonly #options: OwnClientOptions;
  readonly #upstream: Upstream;
  readonly #line: Line;
  readonly #waiting = new Map<string, Waiting>();
  /** What the server asks us, by the key of its id. */
  readonly #asked = new Map<string, AbortController>();
  #nextId = 1;
  #held: PromiseWithResolvers<void> | undefined;
  #gone: BridgeError | undefined;

  constructor(options: OwnClientOptions) {
    this.#options = options;
    const settings: UpstreamSettings = {
      ...options.settings,
      // We can wait; who cannot presses Ctrl-C.
      grace: Infinity,
      redialFor: REDIAL_MS,
      keepAlive: 0,
      // Lists of many pages come in one.
      cures: new Set(["merge-lists"]),
    };
    this.#upstream = new Upstream(settings, {
      clock: systemClock,
      budget: openBudget(),
      notify: options.notify,
      onheld: (cause) => this.#hold(cause),
    });
    this.#line = this.#upstream.open({ send: (message) => this.#take(message), close: () => Promise.resolve() });
  }

  /**
   * Shakes hands.
   *
   * @throws {BridgeError} what the bridge says where it cannot; `server_error`
   */
  async initialize(): Promise<void> {
    const { elicitation } = this.#options.person;
    await this.request(
      "initialize",
      JSON.stringify({
        protocolVersion: REVISION,
        capabilities: elicitation === undefined ? {} : { elicitation },
        clientInfo: { name: "mcp-bridge", version: VERSION },
      }),
    );
    void this.#line.fromClient(composeMessage({ method: "notifications/initialized" }));
  }

  /**
   * Asks the server for something; `params` is raw text. Gives the result as it was written, and read.
   *
   * @throws {ServerError} for an error of the server's
   * @throws {BridgeError} for one of the bridge's; `closing` once the client is left
   */
  async request(method: string, params: string): Promise<{ readonly raw: string; readonly value: unknown }> {
    for (;;) {
      const answer = await this.#exchange(method, params);
      if (!answer.isError) return { raw: rawResult(answer)!, value: resultOf(answer) };
      const error = errorOf(answer);
      // The bridge has more patience with a person than with a request.
      if (error.code !== "sign_in_required" || this.#held === undefined) throw error;
      await this.#held.promise;
    }
  }

  /** Gives up what is under way, and tells the server so. */
  cancel(): void {
    for (const { message } of this.#waiting.values()) {
      if (message.method === "initialize") continue;
      const params = `{"requestId":${message.id},"reason":"the person gave up"}`;
      const text = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`;
      void this.#line.fromClient(readMessage(new TextEncoder().encode(text)));
    }
    this.#end(new BridgeError("closing", "given up"));
  }

  /** Ends the session. */
  async close(): Promise<void> {
    this.#end(new BridgeError("closing", "the client is ending"));
    await this.#upstream.leave(0);
    await this.#upstream.close();
  }

  async #exchange(method: string, params: string): Promise<Message> {
    if (this.#gone !== undefined) throw this.#gone;
    const id = this.#nextId++;
    const text = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
    const plain = readMessage(new TextEncoder().encode(text));
    const message = method === "initialize" ? plain : plain.withParams([], [["progressToken", String(id)]]);
    const waiting = { message, answered: Promise.withResolvers<Message>() };
    this.#waiting.set(message.key, waiting);
    void this.#line.fromClient(message);
    return await waiting.answered.promise;
  }

  #take(message: Message): undefined {
    if (message.kind === "response") {
      this.#waiting.get(message.key)?.answered.resolve(message);
      this.#waiting.delete(message.key);
    } else if (message.kind === "request") void this.#answer(message);
    else this.#hear(message);
  }

  #hear(message: Message): void {
    const { person, notify } = this.#options;
    const params = paramsOf(message);
    if (message.method === "notifications/progress") {
      const { progress, total, message: text } = params;
      if (typeof progress !== "number") return;
      person.onprogress({
        progress,
        ...(typeof total === "number" ? { total } : {}),
        ...(typeof text === "string" ? { message: text } : {}),
      });
    } else if (message.method === "notifications/cancelled") {
      this.#asked.get(String(params["requestId"]))?.abort();
    } else if (message.method === "notifications/elicitation/complete") {
      person.elicited(String(params["elicitationId"]));
    } else if (message.method === "notifications/message") {
      notify({ level: "debug", text: `the server logs ${quoted(JSON.stringify(params), 400)}` });
    }
  }

  async #answer(request: Message): Promise<void> {
    const id = String(JSON.parse(request.id!));
    const given = new AbortController();
    this.#asked.set(id, given);
    const answer = await this.#answerTo(request, given.signal).catch(() => refusal(request, "nobody could be asked"));
    this.#asked.delete(id);
    if (!given.signal.aborted && this.#gone === undefined) void this.#line.fromClient(answer);
  }

  async #answerTo(request: Message, signal: AbortSignal): Promise<Message> {
    const { person, notify } = this.#options;
    switch (request.method) {
      case "ping":
        return resultAnswer(request.id!, "{}");
      case "roots/list":
        return resultAnswer(request.id!, '{"roots":[]}');
      case "elicitation/create":
        if (person.elicitation === undefined) {
          notify({ level: "warn", text: "the server asks for input, and there is no terminal to ask you at" });
          return refusal(request, "there is nobody to be asked");
        }
        return resultAnswer(request.id!, JSON.stringify(await person.elicit(paramsOf(request), signal)));
      case "sampling/createMessage":
        notify({ level: "info", text: "the server asks for a language model: there is none here" });
        return refusal(request, "this client has no language model");
      default:
        return refusal(request, "this client does not know that method");
    }
  }

  #hold(cause: BridgeError | undefined): void {
    if (cause !== undefined) this.#held ??= Promise.withResolvers<void>();
    else {
      this.#held?.resolve();
      this.#held = undefined;
    }
    this.#options.person.onheld(cause);
  }

  #end(error: BridgeError): void {
    this.#gone ??= error;
    for (const { answered } of this.#waiting.values()) answered.reject(error);
    this.#waiting.clear();
    for (const asked of this.#asked.values()) asked.abort();
  }
}

function paramsOf(message: Message): Record<string, unknown> {
  const { params } = JSON.parse(new TextDecoder().decode(message.bytes));
  return typeof params === "object" && params !== null ? params as Record<string, unknown> : {};
}

function refusal(request: Message, why: string): Message {
  return errorAnswer(request.id!, new BridgeError("unknown_method", why), "the client");
}

import type { Clock, Timer } from "../../platform/clock.ts";
import { BridgeError, quoted } from "../../platform/errors.ts";
import type { SendOptions } from "../../transport/channel.ts";
import { eachMember, findMember, textOf } from "../../transport/json_scan.ts";
import { skipBlank } from "../../transport/json_skip.ts";
import { membersText, type RawMember } from "../../transport/json_edit.ts";
import { composeMessage, decodedString, type Message, readMessage } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { isObject, rawResult } from "../answers.ts";

/** What a server wants of the client before it goes on (2026-07-28 basic/patterns, "Multi Round-Trip Requests"). */
export interface InputRequired {
  readonly requests: readonly InputRequest[];
  /** As raw text, to be given back as it is. */
  readonly state: string | undefined;
}

interface InputRequest {
  readonly key: string;
  readonly method: string;
  /** As raw text. */
  readonly params: string;
}

/** What asking the client needs. */
export interface InputRoundsOptions {
  readonly clock: Clock;
  /** What the client can do, by its `initialize`. */
  readonly capabilities: unknown;
  /** The revision that the client speaks. */
  readonly revision: string;
  /** Hands a message to the client, which belongs to its request `causedBy`, by id key. */
  say(message: Message, causedBy: string): Promise<void> | undefined;
}

/** A person may take long; meanwhile the request is not taken for forgotten, in ms. */
const SIGN_OF_LIFE_MS = 30_000;
/** URL elicitation came with this revision; revisions compare as text. */
const FIRST_WITH_URLS = "2025-11-25";

/** Reads a result that asks for input; nothing where it is another one. */
export function readInputRequired(answer: Message): InputRequired | undefined {
  if (answer.isError || decodedString(answer.answerMember("result", "resultType")) !== "input_required") {
    return undefined;
  }
  const { bytes } = answer;
  const result = findMember(bytes, skipBlank(bytes, 0), "result")!;
  const all = findMember(bytes, result.start, "inputRequests");
  const requests: InputRequest[] = [];
  if (all !== undefined) {
    eachMember(bytes, all.start, (keyStart, keyEnd, start) => {
      const method = findMember(bytes, start, "method");
      const params = findMember(bytes, start, "params");
      requests.push({
        key: decodedString(textOf(bytes, { start: keyStart - 1, end: keyEnd + 1 })) ?? "",
        method: decodedString(method && textOf(bytes, method)) ?? "",
        params: params === undefined ? "{}" : textOf(bytes, params),
      });
    });
  }
  return { requests, state: answer.answerMember("result", "requestState") };
}

/** Puts what a server wants to know to a client of the handshake's era, as requests of the server. */
export class InputRounds {
  readonly #options: InputRoundsOptions;
  readonly #waiting = new Map<string, (answer: Message) => void>();
  #count = 0;

  constructor(options: InputRoundsOptions) {
    this.#options = options;
  }

  /** Takes an answer of the client. */
  answer(message: Message): void {
    this.#waiting.get(message.key)?.(message);
  }

  /**
   * Gathers what is wanted for the client's request `causedBy`, by id key, all at a time; gives the members of the
   * retried request.
   *
   * @throws {BridgeError} `bad_answer` for what the client does not offer, `input_refused` where it says no
   * @throws the reason of `abort` where the request is given up; the client is told.
   */
  async gather(
    { requests, state }: InputRequired,
    causedBy: string,
    { abort, onactivity }: SendOptions,
  ): Promise<RawMember[]> {
    if (requests.length === 0 && state === undefined) {
      throw new BridgeError("bad_answer", "the server asks for input and does not say for which", {
        hint: "ask whoever runs the server",
      });
    }
    for (const request of requests) this.#check(request);
    const given = Promise.withResolvers<never>();
    const giveUp = (): void => given.reject(abort!.signal.reason);
    abort?.signal.addEventListener("abort", giveUp);
    if (abort?.signal.aborted) giveUp();
    const { clock } = this.#options;
    let timer: Timer | undefined;
    const beat = (): void => {
      onactivity?.();
      timer = clock.after(SIGN_OF_LIFE_MS, beat);
    };
    beat();
    const open = new Set<string>();
    try {
      const answers = requests.map((request) => this.#ask(request, causedBy, open));
      const responses = await Promise.race([Promise.all(answers), given.promise]);
      return [
        ...(requests.length === 0 ? [] : [["inputResponses", `{${membersText(responses)}}`] as const]),
        ...(state === undefined ? [] : [["requestState", state] as const]),
      ];
    } finally {
      timer?.cancel();
      abort?.signal.removeEventListener("abort", giveUp);
      given.promise.catch(() => {});
      for (const id of open) this.#withdraw(id, causedBy);
    }
  }

  async #ask({ key, method, params }: InputRequest, causedBy: string, open: Set<string>): Promise<RawMember> {
    const id = `"mcp-bridge:input:${++this.#count}"`;
    const text = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
    let request = readMessage(new TextEncoder().encode(text));
    // The revisions before name the page that is open by an id of its own.
    if (isUrlMode(request) && request.param("elicitationId") === undefined) {
      request = request.withParam("elicitationId", id);
    }
    const { promise, resolve } = Promise.withResolvers<Message>();
    this.#waiting.set(idKey(id), resolve);
    open.add(id);
    void this.#options.say(request, causedBy);
    const answer = await promise;
    this.#waiting.delete(idKey(id));
    open.delete(id);
    const result = rawResult(answer);
    if (result !== undefined) return [key, result];
    const said = decodedString(answer.answerMember("error", "message")) ?? "an error";
    throw new BridgeError("input_refused", `the server asked for ${method}, and the client answered ${quoted(said)}`);
  }

  /** Nobody waits for the client's answer any more. */
  #withdraw(id: string, causedBy: string): void {
    this.#waiting.delete(idKey(id));
    const params = { requestId: JSON.parse(id), reason: "the request that asked for it is over" };
    void this.#options.say(composeMessage({ method: "notifications/cancelled", params }), causedBy);
  }

  #check({ method, params }: InputRequest): void {
    const { capabilities, revision } = this.#options;
    const able = isObject(capabilities) ? capabilities : {};
    const what = method === "elicitation/create" && isUrl(params) ? `${method} by URL` : method;
    const isFine = what === "sampling/createMessage"
      ? isObject(able["sampling"])
      : what === "roots/list"
      ? isObject(able["roots"])
      : what === "elicitation/create"
      ? takesForms(able["elicitation"])
      : what === "elicitation/create by URL" && isObject(able["elicitation"]) && isObject(able["elicitation"]["url"]) &&
        revision >= FIRST_WITH_URLS;
    if (isFine) return;
    throw new BridgeError("bad_answer", `the server asks for ${quoted(what, 60)}, which the client does not offer`, {
      hint: "ask whoever runs the server, or use a client that can do this",
    });
  }
}

/** Before there were two kinds, whoever could do anything took forms. */
function takesForms(elicitation: unknown): boolean {
  return isObject(elicitation) && (isObject(elicitation["form"]) || elicitation["url"] === undefined);
}

function isUrl(params: string): boolean {
  const parsed: unknown = JSON.parse(params);
  return isObject(parsed) && parsed["mode"] === "url";
}

function isUrlMode(request: Message): boolean {
  return request.method === "elicitation/create" && request.stringParam("mode") === "url";
}

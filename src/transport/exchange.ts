import { quotedReply } from "../net/echo.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { brokenBy, ChannelFailure, type FarEndEvents, type SendOptions } from "./channel.ts";
import { splitBatch } from "./batch.ts";
import { MalformedMessage } from "./malformed_message.ts";
import { type Message, readMessage } from "./message.ts";
import { BODY_SHOWN } from "./refusal.ts";

/** What an exchange is made of. */
export interface ExchangeOptions {
  /** The request that is to be answered; nothing where none is. */
  readonly request?: Message;
  readonly send: SendOptions;
  readonly events: FarEndEvents;
  readonly notify: Notify;
  /** Sees each answer to the request before it is handed on. */
  onanswer?(answer: Message): void;
}

/** One message sent to the server and what comes back for it, in one HTTP answer or in several. */
export class Exchange {
  readonly request: Message | undefined;
  readonly send: SendOptions;
  /** The headers that the server answers, once it does. */
  sent: Headers | undefined;
  readonly #options: ExchangeOptions;
  #answered = false;
  #fruitful = false;
  #fault: string | undefined;

  constructor(options: ExchangeOptions) {
    this.request = options.request;
    this.send = options.send;
    this.#options = options;
  }

  /** Whether the request has its answer. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Whether any message came of it. */
  get fruitful(): boolean {
    return this.#fruitful;
  }

  /** Hands on what one body or event holds, which may be a batch; the promise asks to wait with reading on. */
  deliver(text: Uint8Array): Promise<void> | undefined {
    let waits: Promise<void>[] | undefined;
    for (const part of splitBatch(text)) {
      let message: Message;
      try {
        message = readMessage(part);
      } catch (fault) {
        if (!(fault instanceof MalformedMessage)) throw fault;
        const what = quotedReply(part.subarray(0, BODY_SHOWN), this.sent, 80);
        this.#fault = `the server sent ${what}: ${fault.message}`;
        this.#options.notify({ level: "debug", text: this.#fault });
        continue;
      }
      const wait = this.hand(message);
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits === undefined ? undefined : waits.length === 1 ? waits[0] : Promise.all(waits).then(() => {});
  }

  /** Hands one message on. An error without an id on a request's own stream can only mean that request. */
  hand(message: Message): Promise<void> | undefined {
    const { request, events, onanswer } = this.#options;
    if (message.kind === "response" && request !== undefined) {
      if ((message.id === undefined || message.id === "null") && request.id !== "null") {
        message = message.withId(request.id!);
      }
      if (message.key === request.key) {
        this.#answered = true;
        onanswer?.(message);
      }
    }
    this.#fruitful = true;
    return events.onmessage(message, request?.key);
  }

  /** Why there is no answer: `broken` is what ended the stream, where something did. */
  unanswered(broken?: unknown): ChannelFailure {
    if (this.#fault !== undefined) {
      return new ChannelFailure("refused", "bad_answer", this.#fault, { mayHaveRun: true });
    }
    return brokenBy(broken instanceof BridgeError ? broken : new BridgeError("no_answer", ENDED));
  }
}

const ENDED = "the server ended the exchange without an answer to this request";

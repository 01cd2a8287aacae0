/** A stage between pump and server, with both in the test's hands: what it sends, and what it hands on. */
import type { Notice } from "../../src/platform/notice.ts";
import type { FarEnd, FarEndEvents, SendOptions } from "../../src/transport/channel.ts";
import { type Message, readMessage } from "../../src/transport/message.ts";
import { settle } from "./fake_clock.ts";
import type { Json } from "./fake_mcp.ts";

/** One message on its way to the server. */
export interface Passed {
  readonly json: Json;
  /** Its text. */
  readonly text: string;
  readonly options: SendOptions;
}

/** What the server does with a message: answers it, says nothing at all, or fails the exchange. */
export type Serve = (json: Json, passed: Passed) => Json | undefined | Promise<Json | undefined>;

/** The rig; `make` gets what the stage is made of. */
export class FarEndRig {
  /** What reached the server, in order. */
  readonly passed: Passed[] = [];
  /** What was handed on to the pump, and the request on whose stream it came. */
  readonly handed: { readonly json: Json; readonly text: string; readonly causedBy: string | undefined }[] = [];
  readonly notices: Notice[] = [];
  /** How often the session was said to be lost. */
  losses = 0;
  /** Answers messages; a request is answered under its id by a result or an error, and a list by each of it. */
  serve: Serve = () => ({ result: {} });
  /** What a message that is handed on asks the server to wait for, and what it was asked. */
  behind: Promise<void> | undefined;
  readonly waits: (Promise<void> | undefined)[] = [];
  /** Called with each message that is handed on, in its place. */
  onhanded: (json: Json) => void = () => {};
  /** Says something as the server, on the stream of a request if one is named. */
  say!: (json: Json, causedBy?: string) => void;
  readonly far: FarEnd;

  constructor(
    make: (parts: {
      make: (events: FarEndEvents) => FarEnd;
      events: FarEndEvents;
      notify: (notice: Notice) => void;
    }) => FarEnd,
  ) {
    this.far = make({
      make: (events) => this.#server(events),
      events: {
        onmessage: (message, causedBy) => {
          const text = textOf(message);
          this.handed.push({ json: JSON.parse(text), text, causedBy });
          this.onhanded(JSON.parse(text));
          return this.behind;
        },
        onactivity: () => {},
        onloss: () => void this.losses++,
      },
      notify: (notice) => this.notices.push(notice),
    });
  }

  /** Sends a message of the client, as text or as what it says, and waits for its exchange to end. */
  async send(json: Json | string, options?: SendOptions): Promise<void> {
    const text = typeof json === "string" ? json : JSON.stringify({ jsonrpc: "2.0", ...json });
    await this.far.send(readMessage(new TextEncoder().encode(text)), options);
    await settle();
  }

  /** The answers that were handed on under an id. */
  answersTo(id: unknown): Json[] {
    return this.handed.map(({ json }) => json).filter((json) => json.method === undefined && json.id === id);
  }

  /** What reached the server by a method. */
  all(method: string): Passed[] {
    return this.passed.filter(({ json }) => json.method === method);
  }

  #server(events: FarEndEvents): FarEnd {
    const hear: FarEndEvents["onmessage"] = (message, causedBy) => {
      this.waits.push(events.onmessage(message, causedBy));
      return undefined;
    };
    this.say = (json, causedBy) => void hear(toMessage({ jsonrpc: "2.0", ...json }), causedBy);
    return {
      isLocal: false,
      send: async (message, options = {}) => {
        const text = textOf(message);
        const passed = { json: JSON.parse(text), text, options };
        this.passed.push(passed);
        const given = this.serve(passed.json, passed);
        const answer = given instanceof Promise ? await unlessAborted(given, options) : given;
        if (answer !== undefined && message.kind === "request") {
          void hear(toMessage({ jsonrpc: "2.0", id: passed.json.id, ...answer }), message.key);
        }
      },
      close: () => Promise.resolve(),
      reconnect: () => {},
    };
  }
}

/** As a transport does, gives a request up with the reason for that. */
function unlessAborted<T>(work: Promise<T>, { abort }: SendOptions): Promise<T> {
  if (abort === undefined) return work;
  return new Promise((resolve, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason));
    if (abort.signal.aborted) reject(abort.signal.reason);
    work.then(resolve, reject);
  });
}

function toMessage(json: Json): Message {
  return readMessage(new TextEncoder().encode(JSON.stringify(json)));
}

function textOf(message: Message): string {
  return new TextDecoder().decode(message.bytes);
}

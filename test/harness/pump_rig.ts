/** A pump between a client and a server that exist only in the test's hands. */
import { Pump } from "../../src/bridge/pump.ts";
import { Budget } from "../../src/platform/budget.ts";
import type { SendOptions } from "../../src/transport/channel.ts";
import { type Message, readMessage } from "../../src/transport/message.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import type { Json } from "./fake_mcp.ts";

/** One message on its way to the server, whose exchange the test ends as it likes. */
export interface Sent {
  readonly json: Json;
  readonly signal: AbortSignal | undefined;
  /** Bytes of an answer arrive. */
  begin(): void;
  /** The server answers with a result, and the exchange ends. */
  answer(result: Json): void;
  /** The exchange ends without more. */
  end(): void;
  fail(thrown: unknown): void;
}

/** What the pump is made with, where a test wants something else. */
export interface RigSettings {
  total?: number;
  idle?: number;
  grace?: number;
  isHurried?: boolean;
  redialFor?: number;
  keepAlive?: number;
  isLocal?: boolean;
  /** Whether its client's messages go to the server in turns. */
  takesTurns?: boolean;
  /** Whether the far end tells failures without a promise. */
  promiseless?: boolean;
}

/** The rig: what the client got, what the server got. */
export class PumpRig {
  readonly clock = new FakeClock();
  /** What the client received. */
  readonly received: Json[] = [];
  /** Why answers that the client received were ours, in the server's place. */
  readonly standIns: string[] = [];
  /** What was sent to the server, in order. */
  readonly sent: Sent[] = [];
  /** How often the far end was told to connect anew. */
  reconnects = 0;
  /** What becomes of a message on its way to the server; by default it waits for the test. */
  onsend: (sent: Sent) => void = () => {};
  /** What is remembered of the server; a test puts in what an earlier run has learnt. */
  readonly memory = new Map<string, unknown>();
  readonly pump: Pump;

  /** Makes the pump. */
  constructor(settings: RigSettings = {}) {
    this.pump = new Pump({
      local: {
        send: (message) => {
          this.received.push(toJson(message));
          const cause = message.standsInFor;
          if (cause !== undefined) this.standIns.push(typeof cause === "string" ? cause : cause.code);
          return undefined;
        },
        close: () => Promise.resolve(),
      },
      far: {
        isLocal: settings.isLocal ?? false,
        send: (message, options = {}) => {
          const sent = this.#send(message, options);
          if (settings.promiseless !== true || options.onfailure === undefined) return sent;
          sent.catch(options.onfailure);
          return undefined;
        },
        close: () => Promise.resolve(),
        reconnect: () => void this.reconnects++,
      },
      server: "mcp.example.com",
      clock: this.clock,
      budget: new Budget(1_048_576),
      notify: () => {},
      deadlines: { total: settings.total ?? 0, idle: settings.idle ?? 300_000 },
      grace: settings.grace ?? 20_000,
      isHurried: settings.isHurried ?? false,
      redialFor: settings.redialFor,
      keepAlive: settings.keepAlive ?? 0,
      takesTurns: settings.takesTurns ?? false,
      memory: {
        get: (name) => Promise.resolve(this.memory.get(name)),
        put: (name, value) => Promise.resolve(void this.memory.set(name, value)),
      },
    });
  }

  /** The client says something. */
  async say(...messages: Json[]): Promise<void> {
    for (const message of messages) this.pump.fromClient(toMessage({ jsonrpc: "2.0", ...message }));
    await settle();
  }

  /** The server says something. */
  async hear(...messages: Json[]): Promise<void> {
    for (const message of messages) this.pump.fromServer(toMessage({ jsonrpc: "2.0", ...message }));
    await settle();
  }

  /** Does the handshake of revision 2025-11-25, every step of it well. */
  async handshake(): Promise<void> {
    await this.say({ id: "init", method: "initialize", params: { protocolVersion: "2025-11-25" } });
    this.last("initialize").answer({
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: "fake", version: "1" },
    });
    await settle();
    await this.say({ method: "notifications/initialized" });
    this.last("notifications/initialized").end();
    await settle();
  }

  /** The last message of a method that was sent to the server. */
  last(method: string): Sent {
    const found = this.sent.findLast(({ json }) => json.method === method);
    if (found === undefined) throw new Error(`Nothing was sent: '${method}'`);
    return found;
  }

  /** The messages of a method that were sent to the server. */
  all(method: string): Sent[] {
    return this.sent.filter(({ json }) => json.method === method);
  }

  /** What the client received under an id. */
  answersTo(id: unknown): Json[] {
    return this.received.filter((message) => message.method === undefined && message.id === id);
  }

  #send(message: Message, options?: SendOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const json = toJson(message);
    const signal = options?.abort?.signal;
    signal?.addEventListener("abort", () => reject(signal.reason));
    const sent: Sent = {
      json,
      signal,
      begin: () => options?.onactivity?.(),
      answer: (result) => {
        options?.onactivity?.();
        const answer = toMessage({ jsonrpc: "2.0", id: json.id, result });
        this.pump.fromServer(answer, answer.key);
        resolve();
      },
      end: resolve,
      fail: reject,
    };
    this.sent.push(sent);
    if (signal?.aborted) reject(signal.reason);
    else this.onsend(sent);
    return promise;
  }
}

function toMessage(json: Json): Message {
  return readMessage(new TextEncoder().encode(JSON.stringify(json)));
}

function toJson(message: Message): Json {
  return JSON.parse(new TextDecoder().decode(message.bytes));
}

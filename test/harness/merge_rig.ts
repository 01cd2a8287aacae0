/** Several servers behind one client, where both sides exist only in the test's hands. */
import { errorAnswer } from "../../src/bridge/answers.ts";
import { type MergedServer } from "../../src/bridge/merge/branch.ts";
import { MergedServers } from "../../src/bridge/merge/merged_servers.ts";
import { Budget } from "../../src/platform/budget.ts";
import { BridgeError } from "../../src/platform/errors.ts";
import type { Notice } from "../../src/platform/notice.ts";
import type { LocalEnd } from "../../src/transport/channel.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import type { Json } from "./fake_mcp.ts";
import { type Said, toJson, toMessage } from "./stage_rig.ts";

/** Answers a request of the client by its result or error, or one of its pump's own; nothing leaves it to the test. */
export type Serve = (request: Json, server: FakeServer) => Json | BridgeError | undefined;

/** One server, in place of its pump. */
export class FakeServer {
  /** What came to it, in order. */
  readonly seen: Json[] = [];
  /** How often it was made, and told to end. */
  opened = 0;
  left = 0;
  readonly slug: string;
  /** What it does with a request. */
  serve: Serve;
  #local: LocalEnd | undefined;

  constructor(slug: string, serve: Serve = () => undefined) {
    this.slug = slug;
    this.serve = serve;
  }

  /** The server for the code under test. */
  get server(): MergedServer {
    return {
      slug: this.slug,
      open: (local) => {
        this.opened++;
        this.#local = local;
        return {
          fromClient: (message) => this.#take(toJson(message)),
          leave: () => Promise.resolve(void this.left++),
        };
      },
    };
  }

  /** Says something, on the stream of a request if one is named; the promise asks to wait with more. */
  say(message: Said, causedBy?: string): Promise<void> | undefined {
    return this.#local!.send(toMessage(message), causedBy);
  }

  /** Answers a request that came to it. */
  answer({ id }: Json, answer: Json | BridgeError): void {
    const raw = JSON.stringify(id);
    if (answer instanceof BridgeError) return void this.#local!.send(errorAnswer(raw, answer, this.slug), raw);
    void this.say({ id, ...answer }, raw);
  }

  /** The requests of a method that came to it. */
  all(method: string): Json[] {
    return this.seen.filter((message) => message.method === method);
  }

  /** The last message of a method that came to it. */
  last(method: string): Json {
    const found = this.all(method).at(-1);
    if (found === undefined) throw new Error(`${this.slug} got no '${method}'`);
    return found;
  }

  #take(message: Json): undefined {
    this.seen.push(message);
    if (message.method === undefined || message.id === undefined) return;
    const answer = this.serve(message, this);
    if (answer !== undefined) this.answer(message, answer);
  }
}

/** How long an answer is waited for at most, in ms. */
const LOADED_MS = 10_000;

/** The rig: what the client got. */
export class MergeRig {
  readonly clock = new FakeClock();
  /** What the client received, and the request that it belongs to. */
  readonly received: Json[] = [];
  readonly causes: (string | undefined)[] = [];
  readonly notices: Notice[] = [];
  /** What the client asks its writer to wait for. */
  wait: Promise<void> | undefined;
  readonly servers: readonly FakeServer[];
  readonly merged: MergedServers;

  constructor(...servers: FakeServer[]) {
    this.servers = servers;
    this.merged = new MergedServers({
      client: {
        send: (message, causedBy) => {
          this.received.push(toJson(message));
          this.texts.push(new TextDecoder().decode(message.bytes));
          this.causes.push(causedBy);
          return this.wait;
        },
        close: () => Promise.resolve(),
      },
      servers: servers.map(({ server }) => server),
      clock: this.clock,
      budget: new Budget(1_048_576),
      notify: (notice) => this.notices.push(notice),
      serverInfo: { name: "mcp-bridge", version: "1" },
    });
  }

  /** The same as `received`, as text. */
  readonly texts: string[] = [];

  /** The client says something. */
  async say(...messages: Said[]): Promise<void> {
    for (const message of messages) void this.merged.fromClient(toMessage(message));
    await settle();
  }

  /** The client does its handshake. */
  async handshake(): Promise<void> {
    await this.say({ id: "init", method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {} } });
    await this.say({ method: "notifications/initialized" });
  }

  /** The client asks something and gets its one answer. */
  async ask(request: Json): Promise<Json> {
    await this.say(request);
    // What is loaded for it takes a while, on a busy machine more turns than could be counted.
    const enough = performance.now() + LOADED_MS;
    while (this.answersTo(request.id).length === 0 && performance.now() < enough) await settle();
    const answers = this.answersTo(request.id);
    if (answers.length !== 1) throw new Error(`${answers.length} answers to ${JSON.stringify(request)}`);
    return answers[0]!;
  }

  /** What the client received under an id. */
  answersTo(id: unknown): Json[] {
    return this.received.filter((message) => message.method === undefined && message.id === id);
  }

  /** The notifications of a method that the client received. */
  told(method: string): Json[] {
    return this.received.filter((message) => message.method === method);
  }

  /** What a person was warned of. */
  get warnings(): string[] {
    return this.notices.flatMap(({ level, text }) => level === "warn" ? [text] : []);
  }
}

/** A server of the handshake's era with tools, and whatever else `more` answers. */
export function toolServer(slug: string, tools: readonly string[], more: Serve = () => undefined): FakeServer {
  return new FakeServer(slug, (request, server) => {
    const answer = more(request, server);
    if (answer !== undefined) return answer;
    if (request.method === "initialize") return agreed({ tools: { listChanged: true } });
    if (request.method === "tools/list") return { result: { tools: tools.map((name) => ({ name })) } };
    if (request.method === "tools/call") {
      return { result: { content: [{ type: "text", text: `${slug} ${request.params.name}` }] } };
    }
    return undefined;
  });
}

/** The answer to an `initialize`. */
export function agreed(capabilities: Json): Json {
  return { result: { protocolVersion: "2025-11-25", capabilities, serverInfo: { name: "fake", version: "1" } } };
}

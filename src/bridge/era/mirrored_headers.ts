import { quoted } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import type { FarEnd, FarEndEvents, SendOptions } from "../../transport/channel.ts";
import { textOf } from "../../transport/json_scan.ts";
import { composeMessage, type Message } from "../../transport/message.ts";
import { claimedRevision, isModern, negotiatedRevision } from "../../transport/request_headers.ts";
import { readPage, withoutElements } from "../list_answer.ts";
import { senderOf } from "./discovery.ts";
import { Looks } from "./looks.ts";
import { headersOfCall, type MirroredArgument, mirroredArguments } from "./tool_headers.ts";

/** What mirroring needs. */
export interface MirroredHeadersOptions {
  /** Makes the end that speaks HTTP. */
  make(events: FarEndEvents): FarEnd;
  readonly notify: Notify;
}

const HEADER_MISMATCH = "-32020";
const ANNOTATION = Buffer.from("x-mcp-header");
const MOST_PAGES = 100;

/**
 * Does what revision 2026-07-28 wants of a client that speaks HTTP, in the place of one that speaks stdio: arguments of
 * a tool that its schema marks go into headers too, and a tool whose marks are wrong stands in no list (transports,
 * "Custom Headers from Tool Parameters"). Messages of the eras before pass as they are.
 */
export class MirroredHeaders implements FarEnd {
  readonly #options: MirroredHeadersOptions;
  readonly #events: FarEndEvents;
  readonly #far: Looks;
  /** Of each tool that wants some, by name; there is none in the handshake's era. */
  #mirrored: Map<string, readonly MirroredArgument[]> | undefined;
  #warned: Set<string> | undefined;
  #count = 0;
  /** Whether a handshake was agreed to: its era knows no such headers. */
  #isLegacy = false;

  /** `options` may be those of many far ends. */
  constructor(options: MirroredHeadersOptions, events: FarEndEvents) {
    this.#options = options;
    this.#events = events;
    this.#far = new Looks(options.make, events);
  }

  get isLocal(): boolean {
    return this.#far.isLocal;
  }

  close(deadline: number): Promise<void> {
    return this.#far.close(deadline);
  }

  reconnect(): void {
    this.#far.reconnect();
  }

  send(message: Message, options: SendOptions = {}): Promise<void> | undefined {
    if (message.method === "initialize") return this.#shakeHands(message, options);
    if (this.#isLegacy) return this.#far.send(message, options);
    const isTools = message.method === "tools/call" || message.method === "tools/list";
    if (!isTools || message.kind !== "request" || claimedRevision(message) === undefined) {
      return this.#far.send(message, options);
    }
    return message.method === "tools/call" ? this.#call(message, options) : this.#list(message, options);
  }

  async #shakeHands(initialize: Message, options: SendOptions): Promise<void> {
    this.#isLegacy = false;
    await this.#far.sendAndLook(initialize, options, (answer) => {
      this.#isLegacy = !answer.isError && !isModern(negotiatedRevision(answer) ?? "");
      return false;
    });
  }

  async #list(request: Message, options: SendOptions): Promise<void> {
    await this.#far.sendAndLook(request, options, (answer, causedBy) => {
      return this.#events.onmessage(this.#read(answer), causedBy) ?? true;
    });
  }

  /** Calls a tool; where its headers are not those that the server wants, looks the tool up and calls once more. */
  async #call(request: Message, options: SendOptions): Promise<void> {
    const name = request.stringParam("name") ?? "";
    const headers = headersOfCall(request, this.#mirrored?.get(name) ?? []);
    let mismatch: Message | undefined;
    await this.#far.sendAndLook(request, { ...options, headers }, (answer) => {
      if (!answer.isError || answer.answerMember("error", "code") !== HEADER_MISMATCH) return false;
      mismatch = answer;
      return true;
    });
    if (mismatch === undefined) return;
    await this.#lookUp(request, options);
    const wanted = headersOfCall(request, this.#mirrored?.get(name) ?? []);
    if (Bun.deepEquals(wanted, headers)) return void this.#events.onmessage(mismatch, request.key);
    const again = request.withId(this.#nextId());
    await this.#far.sendAndLook(again, { ...options, headers: wanted }, (answer) => {
      return this.#events.onmessage(answer.renamed(request.id!), request.key) ?? true;
    });
  }

  /** Reads the whole list of tools, with what the call says of the client. */
  async #lookUp(call: Message, { abort }: SendOptions): Promise<void> {
    const _meta = senderOf(call);
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const params = { ...(cursor === undefined ? {} : { cursor: JSON.parse(cursor) as string }), _meta };
      const request = composeMessage({ method: "tools/list", params }).withId(this.#nextId());
      const answer = await this.#far.ask(request, abort === undefined ? {} : { abort });
      const next = answer === undefined || answer.isError
        ? undefined
        : readPage(this.#read(answer), "tools")?.nextCursor;
      if (next === undefined || next === cursor) return;
      cursor = next;
    }
  }

  #nextId(): string {
    return `"mcp-bridge:headers:${++this.#count}"`;
  }

  /** Learns what the tools of a page want, and takes out those that may not be used. */
  #read(answer: Message): Message {
    if (
      answer.isError ||
      ((this.#mirrored?.size ?? 0) === 0 &&
        !Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.length).includes(ANNOTATION))
    ) {
      return answer;
    }
    const page = readPage(answer, "tools");
    if (page === undefined) return answer;
    return withoutElements(
      answer,
      page,
      page.elements.map((element) => this.#isUnusable(textOf(answer.bytes, element))),
    );
  }

  #isUnusable(text: string): boolean {
    const tool = JSON.parse(text) as { name?: unknown; inputSchema?: unknown } | null;
    if (typeof tool?.name !== "string") return false;
    const mirrored = mirroredArguments(tool.inputSchema);
    if (typeof mirrored === "string") {
      this.#mirrored?.delete(tool.name);
      this.#warn(tool.name, mirrored);
      return true;
    }
    if (mirrored.length === 0) this.#mirrored?.delete(tool.name);
    else (this.#mirrored ??= new Map()).set(tool.name, mirrored);
    return false;
  }

  /** Says once why a tool is missing. */
  #warn(name: string, fault: string): void {
    const text = `the tool ${quoted(name)} is left out: ${fault}`;
    this.#warned ??= new Set();
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#options.notify({ level: "warn", text });
  }
}

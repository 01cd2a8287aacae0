/** The local endpoint without a port, before servers that exist only in the test's hands. */
import { Budget } from "../../src/platform/budget.ts";
import { type Endpoint, makeEndpoint } from "../../src/serve/endpoint.ts";
import { Pool, type PoolEntry } from "../../src/serve/pool.ts";
import { Sessions } from "../../src/serve/sessions.ts";
import type { CallRecord } from "../../src/serve/watched.ts";
import type { LocalEnd } from "../../src/transport/channel.ts";
import { FakeClock, settle } from "./fake_clock.ts";
import type { Json } from "./fake_mcp.ts";
import { toJson, toMessage } from "./stage_rig.ts";

/** The token of the rig. */
export const TOKEN = "mcpb_the-token-of-the-rig";
/** The longest message that the rig takes. */
export const LIMIT = 65_536;

/** One way of a client to a server. */
export class FakeLine {
  readonly account: string;
  /** What came from the client. */
  readonly received: Json[] = [];
  /** How it ended. */
  readonly ends: ("left" | "closed")[] = [];
  readonly #local: LocalEnd;

  constructor(local: LocalEnd, account: string) {
    this.#local = local;
    this.account = account;
  }

  /** The server says something, on the stream of the request `causedBy` if of any. */
  say(message: Json, causedBy?: unknown): Promise<void> | undefined {
    return this.#local.send(toMessage(message), causedBy === undefined ? undefined : JSON.stringify(causedBy));
  }

  /** The last message of a method that came. */
  last(method: string): Json {
    const found = this.received.findLast((message) => message.method === method);
    if (found === undefined) throw new Error(`Nothing came: '${method}'`);
    return found;
  }

  /** Answers what came last of a method. */
  answer(method: string, result: Json = {}): void {
    void this.say({ id: this.last(method).id, result });
  }
}

/** The rig. */
export class ServeRig {
  readonly clock = new FakeClock();
  readonly sessions: Sessions;
  readonly pool: Pool;
  readonly endpoint: Endpoint;
  /** What was told a person. */
  readonly notices: string[] = [];
  readonly records: CallRecord[] = [];
  /** The ways to servers, in the order they were made, and what reached them whole. */
  readonly lines: FakeLine[] = [];
  /** The servers that were ended, by `slug@account`. */
  readonly closed: string[] = [];
  /** Whether servers agree to handshakes by themselves. */
  agrees = true;

  /** Makes the endpoint, with the servers `a` and `b`. */
  constructor(options: { most?: number; idle?: number; shared?: boolean } = {}) {
    const idle = options.idle ?? 1_800_000;
    this.sessions = new Sessions(this.clock, { most: options.most ?? 100, idle });
    this.pool = new Pool({ clock: this.clock, idle, record: (call) => void this.records.push(call) });
    void this.pool.replace(new Map(["a", "b"].map((slug) => [slug, this.entry(slug, { shared: options.shared })])));
    const guard = {
      names: ["127.0.0.1", "localhost"],
      port: (): number => 7319,
      token: TOKEN,
      notify: ({ text }: { text: string }): void => void this.notices.push(text),
    };
    const { pool, sessions } = this;
    this.endpoint = makeEndpoint({ guard, pool, sessions, limit: LIMIT, budget: new Budget(LIMIT) });
  }

  /** An entry of the pool; entries with another `version` differ. */
  entry(
    slug: string,
    { version = 1, shared = false }: { version?: number; shared?: boolean | undefined } = {},
  ): PoolEntry {
    return {
      slug,
      account: "default",
      isShared: shared,
      fingerprint: JSON.stringify([slug, version, shared]),
      reach: (account) => ({
        name: `${slug}.example.com`,
        open: (local) => {
          const line = new FakeLine(local, account);
          this.lines.push(line);
          return {
            fromClient: (message): undefined => {
              const json = toJson(message);
              line.received.push(json);
              if (json.method === "initialize" && this.agrees) {
                const { protocolVersion } = json.params;
                void line.say({ id: json.id, result: { protocolVersion, capabilities: {} } });
              }
            },
            leave: (): Promise<void> => Promise.resolve(void line.ends.push("left")),
            close: (): Promise<void> => Promise.resolve(void line.ends.push("closed")),
          };
        },
        close: (): Promise<void> => Promise.resolve(void this.closed.push(`${slug}@${account}`)),
      }),
    };
  }

  /** Asks the endpoint as a client does that has the token; a header that is undefined is left out. */
  async ask(
    method: string,
    path: string,
    { headers = {}, body, signal }: {
      headers?: Record<string, string | undefined>;
      body?: Json | string | Json[] | undefined;
      signal?: AbortSignal;
    } = {},
  ): Promise<Response> {
    const all: Record<string, string | undefined> = {
      host: "127.0.0.1:7319",
      authorization: `Bearer ${TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    };
    const given = Object.entries(all).filter((each): each is [string, string] => each[1] !== undefined);
    return await this.endpoint(
      new Request(`http://127.0.0.1:7319${path}`, {
        method,
        headers: given,
        ...(body === undefined ? {} : { body: textOf(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  }

  /** Posts to a server. */
  post(
    body: Json | string | Json[],
    headers: Record<string, string | undefined> = {},
    path = "/mcp/a",
  ): Promise<Response> {
    return this.ask("POST", path, { headers, body });
  }

  /** Does the handshake, and gives a client's session. */
  async open(path = "/mcp/a", protocolVersion = "2025-11-25"): Promise<RigSession> {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: "rig", version: "1" } };
    const response = await this.post({ id: 0, method: "initialize", params }, {}, path);
    const session = new RigSession(this, path, response.headers.get("mcp-session-id")!, protocolVersion);
    await session.post({ method: "notifications/initialized" });
    return session;
  }

  /** The way that was made last. */
  get line(): FakeLine {
    return this.lines.at(-1)!;
  }
}

/** One session, from the side of the client. */
export class RigSession {
  readonly id: string;
  readonly headers: Record<string, string>;
  readonly #rig: ServeRig;
  readonly #path: string;

  constructor(rig: ServeRig, path: string, id: string, revision: string) {
    this.#rig = rig;
    this.#path = path;
    this.id = id;
    this.headers = { "mcp-session-id": id, "mcp-protocol-version": revision };
  }

  /** Posts to it. */
  post(body: Json | string | Json[], headers: Record<string, string | undefined> = {}): Promise<Response> {
    return this.#rig.post(body, { ...this.headers, ...headers }, this.#path);
  }

  /** Opens a stream. */
  async listen(last?: string): Promise<ReadEvents> {
    const response = await this.get(last);
    if (response.status !== 200) throw new Error(`There is no stream: ${response.status}`);
    return new ReadEvents(response);
  }

  /** Asks for a stream. */
  get(last?: string): Promise<Response> {
    const headers = { ...this.headers, ...(last === undefined ? {} : { "last-event-id": last }) };
    return this.#rig.ask("GET", this.#path, { headers });
  }

  /** Ends it. */
  delete(): Promise<Response> {
    return this.#rig.ask("DELETE", this.#path, { headers: this.headers });
  }
}

/** One event as a client reads it. */
export interface ReadEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: string;
}

/** An event stream as a client reads it, from its first byte on. */
export class ReadEvents {
  readonly response: Response;
  readonly events: ReadEvent[] = [];
  /** The text as it came. */
  text = "";
  isOver = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.response = response;
    this.#reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    void this.#read();
  }

  /** The messages so far, once all work is done that waits for nothing. */
  async messages(): Promise<Json[]> {
    await settle();
    return this.events.filter(({ data }) => data !== "").map(({ data }) => JSON.parse(data));
  }

  /** The id of the last event. */
  async last(): Promise<string> {
    await settle();
    return this.events.findLast(({ id }) => id !== undefined)!.id!;
  }

  /** The client goes away. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
    await settle();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await this.#reader.read().catch(() => ({ done: true, value: undefined }));
      if (done || value === undefined) break;
      const text = decoder.decode(value, { stream: true });
      this.text += text;
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) this.#take(block);
    }
    this.isOver = true;
  }

  #take(block: string): void {
    const fields = block.split("\n").filter((line) => !line.startsWith(":")).map((line) => {
      const [name, ...value] = line.split(": ");
      return [name!, value.join(": ")] as const;
    });
    if (fields.length > 0) this.events.push(Object.fromEntries(fields) as unknown as ReadEvent);
  }
}

function textOf(body: Json | string | Json[]): string {
  const versioned = (message: Json): Json => ({ jsonrpc: "2.0", ...message });
  if (typeof body === "string") return body;
  return JSON.stringify(Array.isArray(body) ? body.map(versioned) : versioned(body));
}

/**
 * An HTTP server with executables behind it, so that the suite's scenarios for servers can be played through them: one
 * for each session of the handshake's era, and one for all of 2026-07-28. What is particular to HTTP ends here, such as
 * sessions, the revision in a header and the status of an answer. The messages themselves pass as they are.
 */
import { once } from "node:events";
import type { Message } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { FrontSession } from "./front_session.ts";
import { LoopbackEndpoint } from "./loopback_endpoint.ts";

const MODERN = "2026-07-28";
const VERSION = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";
const HEADER_MISMATCH = -32_020;
const INVALID_PARAMS = -32_602;
/** What an error means in HTTP (2026-07-28 transports, "Error codes"). */
const STATUS: Readonly<Record<number, number>> = {
  [-32_601]: 404,
  [HEADER_MISMATCH]: 400,
  [-32_021]: 400,
  [-32_022]: 400,
};

/** The front. It listens on loopback once made. Disposing it kills all that it has started. */
export class Front implements AsyncDisposable {
  readonly #target: string;
  readonly #home = new Home();
  readonly #sessions = new Map<string, FrontSession>();
  readonly #started: FrontSession[] = [];
  readonly #endpoint: LoopbackEndpoint;
  #shared: FrontSession | undefined;

  /** Starts listening; each executable connects to the server at `target`. */
  constructor(target: string) {
    this.#target = target;
    this.#endpoint = new LoopbackEndpoint((request) => this.#answer(request));
  }

  /** The address of the MCP endpoint. */
  get url(): string {
    return this.#endpoint.url;
  }

  /** Stops listening and kills every executable. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((session) => session[Symbol.asyncDispose]()));
    await this.#endpoint[Symbol.asyncDispose]();
    this.#home[Symbol.dispose]();
  }

  async #answer(request: Request): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    const session = id === null ? undefined : this.#sessions.get(id);
    if (id !== null && session === undefined) return new Response("the session is unknown", { status: 404 });
    if (request.method === "POST") return await this.#post(request, session);
    if (id === null || session === undefined) return new Response(null, { status: 405, headers: { allow: "POST" } });
    if (request.method === "GET") return session.listen();
    this.#sessions.delete(id);
    await session.end();
    return new Response(null, { status: 200 });
  }

  async #post(request: Request, session: FrontSession | undefined): Promise<Response> {
    const body = await request.text();
    let message: Message;
    try {
      message = JSON.parse(body);
    } catch {
      return refuse(undefined, -32_700, "the body is not JSON");
    }
    if (session !== undefined) return await session.post(body, message, request.signal);
    const claimed = message.params?._meta?.[VERSION] ?? request.headers.get("mcp-protocol-version") ?? "";
    if (claimed >= MODERN) return await this.#postModern(request, body, message);
    if (message.method !== "initialize") return refuse(message, -32_600, "a session begins with initialize");
    return await this.#begin().post(body, message, request.signal);
  }

  async #postModern(request: Request, body: string, message: Message): Promise<Response> {
    const version = message.params?._meta?.[VERSION];
    // The header ends here, so nobody behind can tell.
    if (version !== undefined && version !== request.headers.get("mcp-protocol-version")) {
      return refuse(message, HEADER_MISMATCH, "the revisions in the header and in the body differ");
    }
    this.#shared ??= this.#start({}, true);
    return await this.#shared.post(body, message, request.signal);
  }

  #begin(): FrontSession {
    const id = crypto.randomUUID();
    const session = this.#start({ "mcp-session-id": id }, false);
    this.#sessions.set(id, session);
    return session;
  }

  #start(headers: Record<string, string>, modern: boolean): FrontSession {
    const session = new FrontSession({
      home: this.#home,
      server: this.#target,
      headers,
      leavingCancels: modern,
      statusOf: modern ? modernStatus : (): number => 200,
    });
    this.#started.push(session);
    return session;
  }
}

/** The status of an answer from 2026-07-28 on. */
function modernStatus({ params }: Message, { error }: Message): number {
  const meta = params?._meta;
  const isWhole = meta?.[VERSION] !== undefined && meta[CAPABILITIES] !== undefined;
  if (error?.code === INVALID_PARAMS && !isWhole) return 400;
  return STATUS[error?.code] ?? 200;
}

function refuse(message: Message | undefined, code: number, words: string): Response {
  return Response.json({ jsonrpc: "2.0", id: message?.id ?? null, error: { code, message: words } }, { status: 400 });
}

if (import.meta.main) {
  await using front = new Front(process.argv[2]!);
  console.log(front.url);
  await once(process, "SIGINT");
}

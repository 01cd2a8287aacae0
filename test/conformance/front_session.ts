/** One executable behind the HTTP front, and who gets which of its lines. */
import type { Subprocess } from "bun";
import { commandOf, type Message } from "../harness/executable.ts";
import type { Home } from "../harness/home.ts";
import { LineLog } from "../harness/line_log.ts";
import { EventStream } from "./event_stream.ts";
import { LateResponse } from "./late_response.ts";

/** A request that waits for its answer. */
interface Call {
  readonly message: Message;
  readonly late: LateResponse;
}

/** How the front speaks for the executable. */
export interface SessionOptions {
  readonly home: Home;
  /** The server that the executable connects to. */
  readonly server: string;
  /** What stands in the head of each response. */
  readonly headers: Record<string, string>;
  /** Whether a client that goes away takes its request back, as from 2026-07-28 on. */
  readonly leavingCancels: boolean;
  /** The status of an answer that stands alone. */
  readonly statusOf: (request: Message, answer: Message) => number;
}

/** The session. Disposing it kills the process. */
export class FrontSession implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #process: Subprocess<"pipe", "pipe", "pipe">;
  readonly #stderr: LineLog;
  readonly #read: Promise<void>;
  /** By their ids in JSON, the oldest first. */
  readonly #calls = new Map<string, Call>();
  /** What is said to no call, while nobody has opened the stream for it. */
  #held: string[] = [];
  #stream: EventStream | undefined;

  /** Starts the executable. */
  constructor(options: SessionOptions) {
    this.#options = options;
    const { command, args, env } = commandOf(options.home, options.server);
    this.#process = Bun.spawn([command, ...args], {
      cwd: options.home.folder,
      env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#stderr = new LineLog(this.#process.stderr);
    this.#read = this.#readLines();
  }

  /** Hands a message to the executable, as it stands in `body`, and gives what is to be answered. */
  async post(body: string, message: Message, signal: AbortSignal): Promise<Response> {
    if (message.method === undefined || message.id === undefined) {
      this.#write(body);
      return new Response(null, { status: 202, headers: this.#options.headers });
    }
    const key = JSON.stringify(message.id);
    if (this.#calls.has(key)) return new Response(`a request with the id ${key} is under way`, { status: 409 });
    const leave = (): void => this.#leave(key);
    const late = new LateResponse(this.#options.headers, leave);
    this.#calls.set(key, { message, late });
    signal.addEventListener("abort", leave, { once: true });
    this.#write(body);
    try {
      return await late.response;
    } finally {
      // From here on it is the stream that the client leaves.
      signal.removeEventListener("abort", leave);
    }
  }

  /** Opens the stream for what the server says by itself. */
  listen(): Response {
    this.#stream?.end();
    const stream = new EventStream(this.#options.headers, () => {
      if (this.#stream === stream) this.#stream = undefined;
    });
    this.#stream = stream;
    for (const line of this.#held.splice(0)) stream.send(line);
    return stream.response;
  }

  /** Ends the executable as a client does, by the end of its input. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#read;
  }

  /** Kills the process if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    await Promise.all([this.#read, this.#stderr.ended]);
  }

  #write(body: string): void {
    // Between the tokens of JSON a line's end is as good as a blank, and within them there is none.
    this.#process.stdin.write(`${body.replaceAll(/[\r\n]+/g, " ")}\n`);
    this.#process.stdin.flush();
  }

  /** The client has gone away from a request. */
  #leave(key: string): void {
    const call = this.#calls.get(key);
    if (call === undefined || !this.#options.leavingCancels) return;
    this.#calls.delete(key);
    const params = { requestId: call.message.id };
    this.#write(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params }));
  }

  async #readLines(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#process.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#route(line);
    }
    this.#stream?.end();
    const message = `the executable has ended: ${this.#stderr}`;
    for (const { message: { id }, late } of this.#calls.values()) {
      late.end(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_603, message } }), 502);
    }
    this.#calls.clear();
  }

  #route(line: string): void {
    const message: Message = JSON.parse(line);
    if (message.method !== undefined) return this.#tell(line, message);
    const key = JSON.stringify(message.id);
    const call = this.#calls.get(key);
    // The answer to a request that was taken back is nobody's.
    if (call === undefined) return;
    this.#calls.delete(key);
    call.late.end(line, this.#options.statusOf(call.message, message));
  }

  /** Says something that is no answer where it belongs: lines have lost what they were said to. */
  #tell(line: string, message: Message): void {
    const call = this.#callOf(message);
    if (call !== undefined) return call.late.send(line);
    if (this.#stream !== undefined) return this.#stream.send(line);
    const latest = [...this.#calls.values()].at(-1);
    if (latest !== undefined) return latest.late.send(line);
    this.#held.push(line);
  }

  #callOf({ params }: Message): Call | undefined {
    const subscription = params?._meta?.["io.modelcontextprotocol/subscriptionId"];
    if (subscription !== undefined) return this.#calls.get(JSON.stringify(subscription));
    const token = params?.progressToken;
    if (token === undefined) return undefined;
    return this.#calls.values().find(({ message }) => message.params?._meta?.progressToken === token);
  }
}

/** The real mcp-remote, as a client starts it. */
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Message } from "./executable.ts";
import { LineLog } from "./line_log.ts";

/** The file that it begins with. */
export const MCP_REMOTE = join(import.meta.dir, "../../node_modules/mcp-remote/dist/proxy.js");

/** How often it is started where somebody else has the one port that it wants for its callback. */
const MOST_STARTS = 10;

/** One that runs. Disposing it ends it. */
export class McpRemote implements AsyncDisposable {
  readonly #env: Readonly<Record<string, string>>;
  readonly #words: readonly string[];
  #process: Subprocess<"pipe", "pipe", "pipe">;
  #output: LineLog;
  #stderr: LineLog;

  /** Starts it with the environment of a person. */
  constructor(env: Readonly<Record<string, string>>, ...words: readonly string[]) {
    this.#env = env;
    this.#words = words;
    this.#process = this.#spawn();
    this.#output = new LineLog(this.#process.stdout);
    this.#stderr = new LineLog(this.#process.stderr);
  }

  /** What it has said on its standard output. */
  get output(): LineLog {
    return this.#output;
  }

  /** What it has said to people. */
  get stderr(): LineLog {
    return this.#stderr;
  }

  /** Does the handshake, for which a person signs in, and gives the answer. */
  async initialize(): Promise<Message> {
    for (let starts = 1;; starts++) {
      try {
        return JSON.parse(await this.#initialized());
      } catch (cause) {
        // Any connection of this machine may have the port for a moment.
        const isTaken = this.#stderr.toString().includes("is already in use");
        if (!isTaken || starts === MOST_STARTS) {
          throw new Error(`mcp-remote gave no answer, and said: ${this.#stderr}`, { cause });
        }
      }
      await this[Symbol.asyncDispose]();
      this.#process = this.#spawn();
      this.#output = new LineLog(this.#process.stdout);
      this.#stderr = new LineLog(this.#process.stderr);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  #spawn(): Subprocess<"pipe", "pipe", "pipe"> {
    return Bun.spawn(["node", MCP_REMOTE, ...this.#words], {
      env: this.#env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  #initialized(): Promise<string> {
    const clientInfo = { name: "by-hand", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    this.#process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params })}\n`);
    this.#process.stdin.flush();
    return this.#output.find((line) => JSON.parse(line).id === 0, 0, 30_000);
  }
}

/** The real mcp-remote, as a client starts it. */
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Message } from "./executable.ts";
import { LineLog } from "./line_log.ts";

/** The file that it begins with. */
export const MCP_REMOTE = join(import.meta.dir, "../../node_modules/mcp-remote/dist/proxy.js");

/** One that runs. Disposing it ends it. */
export class McpRemote implements AsyncDisposable {
  readonly output: LineLog;
  readonly stderr: LineLog;
  readonly #process: Subprocess<"pipe", "pipe", "pipe">;

  /** Starts it with the environment of a person. */
  constructor(env: Readonly<Record<string, string>>, ...words: readonly string[]) {
    this.#process = Bun.spawn(["node", MCP_REMOTE, ...words], {
      env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.output = new LineLog(this.#process.stdout);
    this.stderr = new LineLog(this.#process.stderr);
  }

  /** Does the handshake, for which a person signs in, and gives the answer. */
  async initialize(): Promise<Message> {
    const clientInfo = { name: "by-hand", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    this.#process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params })}\n`);
    this.#process.stdin.flush();
    const answer = this.output.find((line) => JSON.parse(line).id === 0, 0, 30_000);
    return JSON.parse(
      await answer.catch((cause: unknown) => {
        throw new Error(`mcp-remote gave no answer, and said: ${this.stderr}`, { cause });
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

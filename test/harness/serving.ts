/** `mcp-bridge serve` under a test's hands: the servers that it has, its token, and requests to it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable, type Message } from "./executable.ts";
import { Home } from "./home.ts";

const REVISION = "2025-11-25";

/** A process that serves. Disposing it kills it, and removes its home. */
export class Serving implements AsyncDisposable {
  readonly #home: Home;
  /** The process. */
  readonly process: Executable;
  /** Where it serves, without a path. */
  readonly url: string;
  /** What every request has to carry. */
  readonly token: string;
  #count = 0;

  private constructor(home: Home, process: Executable, url: string, token: string) {
    this.#home = home;
    this.process = process;
    this.url = url;
    this.token = token;
  }

  /** Starts one for `servers`, as they stand in the file, and settles when it listens. */
  static async start(
    servers: object,
    { env = {}, words = [] }: { env?: Record<string, string>; words?: readonly string[] } = {},
  ): Promise<Serving> {
    const home = new Home();
    const folder = home.env.MCP_BRIDGE_HOME!;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, "servers.json"), JSON.stringify({ mcpServers: servers }));
    const surroundings = { env: { MCP_BRIDGE_HOME: folder, MCP_BRIDGE_VAULT_KEY: "file", ...env } };
    const serving = new Executable(surroundings, "serve", "--port", "0", ...words);
    const line = await serving.stderr.find((line) => / at http:\/\/\S+\/mcp/.test(line));
    await using asking = new Executable(surroundings, "serve", "--show-token");
    const token = await asking.output.find((line) => line.startsWith("mcpb_"));
    return new Serving(home, serving, / at (http:\/\/[^/]+)\/mcp/.exec(line)![1]!, token);
  }

  /** The folder of its own files. */
  get folder(): string {
    return this.#home.env.MCP_BRIDGE_HOME!;
  }

  /** Asks something with the token. */
  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.token}`);
    return await fetch(`${this.url}${path}`, { ...init, headers });
  }

  /** What it says of itself, as soon as that is so. */
  async status(isSo: (status: Message) => boolean, withinMs = 15_000): Promise<Message> {
    const until = performance.now() + withinMs;
    for (;;) {
      const status = await (await this.ask("/api/status")).json() as Message;
      if (isSo(status)) return status;
      if (performance.now() > until) throw new Error(`It never came so: ${JSON.stringify(status, undefined, 1)}`);
      await Bun.sleep(50);
    }
  }

  /** A client's session at one of the servers. */
  async session(target: string, client = "by-hand"): Promise<(method: string, params?: object) => Promise<Message>> {
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "accept": "application/json, text/event-stream",
    };
    const post = async (message: Message): Promise<Response> =>
      await this.ask(`/mcp/${target}`, {
        method: "POST",
        headers,
        body: JSON.stringify({ jsonrpc: "2.0", ...message }),
      });
    const clientInfo = { name: client, version: "1.0.0" };
    const params = { protocolVersion: REVISION, capabilities: {}, clientInfo };
    const begun = await post({ id: "initialize", method: "initialize", params });
    if (!begun.ok) throw new Error(`No session: ${await begun.text()}`);
    await begun.body?.cancel();
    headers["mcp-session-id"] = begun.headers.get("mcp-session-id")!;
    await post({ method: "notifications/initialized" });
    return async (method, params = {}) => await answerOf(await post({ id: ++this.#count, method, params }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    this.#home[Symbol.dispose]();
  }
}

/** The last message of a response, which is the answer. */
async function answerOf(response: Response): Promise<Message> {
  const text = await response.text();
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) return JSON.parse(text);
  return JSON.parse(text.split("\n").filter((line) => line.startsWith("data: {")).at(-1)!.slice("data: ".length));
}

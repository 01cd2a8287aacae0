/** `mcp-bridge serve` as it runs on a person's machine, with a list of servers of the test's. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable, outcomeOf } from "./executable.ts";
import { Home } from "./home.ts";
import type { Json } from "./fake_mcp.ts";
import type { LineLog } from "./line_log.ts";
import { sweep } from "./secret_sweep.ts";

/** What it says once it listens, be it for people or as JSON. */
const SERVING = /\bserving .* at (http:\/\/[^/\s]+)\/mcp\b/;
const REVISION = "2025-11-25";

/** What a test wants otherwise. */
export interface ServeOptions {
  /** Whose files it uses; a home of its own if there is none, which is removed at the end. */
  readonly home?: Home;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/**
 * The running endpoint. Disposing it ends it, and throws when its token stands anywhere but in the vault: in what it
 * said, in files, arguments or environments.
 */
export class ServeExecutable implements AsyncDisposable {
  readonly home: Home;
  /** Where it listens, without a path. */
  readonly url: string;
  /** What every request has to carry. */
  readonly token: string;
  readonly #executable: Executable;
  readonly #ownsHome: boolean;
  #count = 0;

  private constructor(home: Home, ownsHome: boolean, executable: Executable, url: string, token: string) {
    this.home = home;
    this.#ownsHome = ownsHome;
    this.#executable = executable;
    this.url = url;
    this.token = token;
  }

  /** Starts it with `servers`, the entries of `servers.json`, or that file's text; without it the file stays as it is. */
  static async start(servers: Json | string | undefined, options: ServeOptions = {}): Promise<ServeExecutable> {
    const home = options.home ?? new Home();
    if (servers !== undefined) writeServers(home, servers);
    // Nobody is there to be asked whether a keychain may be used.
    const env = { MCP_BRIDGE_VAULT_KEY: "file", ...home.env, ...options.env };
    const executable = new Executable({ cwd: home.folder, env }, "serve", "--port", "0", ...options.flags ?? []);
    try {
      const line = await executable.stderr.find((each) => SERVING.test(each));
      const url = SERVING.exec(line)![1]!;
      const token = (await outcomeOf({ cwd: home.folder, env }, "serve", "--show-token")).stdout.trim();
      return new ServeExecutable(home, options.home === undefined, executable, url, token);
    } catch (error) {
      await executable[Symbol.asyncDispose]();
      if (options.home === undefined) home[Symbol.dispose]();
      throw error;
    }
  }

  /** What it says to the person. */
  get stderr(): LineLog {
    return this.#executable.stderr;
  }

  /** The folder of its own files. */
  get folder(): string {
    return this.home.env["MCP_BRIDGE_HOME"]!;
  }

  /** The id of its process. */
  get pid(): number {
    return this.#executable.pid;
  }

  /** The headers that a client of it is configured with. */
  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  /** The port. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Asks it something with the token. */
  ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { ...init, headers: { ...this.headers, ...init.headers } });
  }

  /** Posts one message, and gives the answer. */
  post(path: string, message: Json, headers: Record<string, string> = {}): Promise<Response> {
    return this.ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
  }

  /** Posts one request, and gives all answers that come where it was posted, be it JSON or an event stream. */
  async answers(path: string, message: Json, headers: Record<string, string> = {}): Promise<Json[]> {
    const text = await (await this.post(path, message, headers)).text();
    const texts = text.startsWith("{") ? [text] : [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data!);
    return texts.map((each) => JSON.parse(each)).filter(({ method }) => method === undefined);
  }

  /** Does the handshake at `path`, and gives the headers of the session. */
  async open(path: string, protocolVersion = REVISION, client = "by-hand"): Promise<Record<string, string>> {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: client, version: "1.0.0" } };
    const response = await this.post(path, { id: "open", method: "initialize", params });
    const id = response.headers.get("mcp-session-id");
    if (id === null) throw new Error(`There is no session: ${response.status} ${await response.text()}`);
    await response.text();
    const headers = { "mcp-session-id": id, "mcp-protocol-version": protocolVersion };
    await (await this.post(path, { method: "notifications/initialized" }, headers)).text();
    return headers;
  }

  /** Does the handshake of a client of that name at one of the servers, and gives what asks in its session. */
  async session(target: string, client?: string): Promise<(method: string, params?: object) => Promise<Json>> {
    const path = `/mcp/${target}`;
    const headers = await this.open(path, REVISION, client);
    return async (method, params = {}) => {
      return (await this.answers(path, { id: ++this.#count, method, params }, headers)).at(-1)!;
    };
  }

  /** Writes other servers into the file, as an editor does. */
  edit(servers: Json | string): void {
    writeServers(this.home, servers);
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#executable.kill(signal);
  }

  /** Waits for its end, and gives the exit code. */
  exit(withinMs: number): Promise<number> {
    return this.#executable.exit(withinMs);
  }

  /** Where its token, or `more` of what is secret, stands and should not. */
  leaks(more: readonly string[] = []): ReturnType<typeof sweep> {
    const outputs = { stdout: this.#executable.output, stderr: this.stderr };
    const folders = [this.home.folder].filter(existsSync);
    return sweep([this.token.slice("mcpb_".length), ...more], { folders, outputs, pids: [this.pid] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const found = this.leaks();
    await this.#executable[Symbol.asyncDispose]();
    if (this.#ownsHome) this.home[Symbol.dispose]();
    if (found.length > 0) throw new Error(`The token got out: ${JSON.stringify(found)}`);
  }
}

/** The file is another one from one moment to the next. */
function writeServers(home: Home, servers: Json | string): void {
  const folder = home.env["MCP_BRIDGE_HOME"]!;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, "servers.json.draft");
  writeFileSync(draft, typeof servers === "string" ? servers : JSON.stringify({ mcpServers: servers }, null, 2));
  renameSync(draft, join(folder, "servers.json"));
}

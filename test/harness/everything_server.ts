/** The reference server of the MCP project, `mcp-server-everything`, over HTTP on a port of its own. */
import type { Subprocess } from "bun";
import { freePort } from "./free_port.ts";
import { Home } from "./home.ts";
import { LineLog } from "./line_log.ts";

/** The server's program. */
export const ENTRY: string = Bun.resolveSync("@modelcontextprotocol/server-everything/dist/index.js", import.meta.dir);
const ATTEMPTS = 5;

/** A reference server that the executable is told of, whatever carries its messages. */
export interface ReferenceServer extends AsyncDisposable {
  /** What the executable is told. */
  readonly words: readonly string[];
  /** Ends the server and with it all sessions, and has another in its place. */
  restart(): Promise<void>;
  /** Settles when a client can hear what the server says by itself. `from` is a place in the server's log. */
  listened(from: number): Promise<void>;
}

/** Over which HTTP transport the server is reached. */
export type EverythingMode = "streamableHttp" | "sse";

type ServerProcess = Subprocess<"ignore", "pipe", "pipe">;

/** A running server. Disposing it stops the process. */
export class EverythingServer implements ReferenceServer {
  /** The server's endpoint. */
  readonly url: string;
  /** What the server says it does, a line for each request. */
  log: LineLog;
  readonly #home: Home;
  readonly #mode: EverythingMode;
  readonly #port: number;
  #process: ServerProcess;

  private constructor(home: Home, mode: EverythingMode, process: ServerProcess, port: number) {
    this.#mode = mode;
    this.#home = home;
    this.#process = process;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}/${mode === "sse" ? "sse" : "mcp"}`;
    this.log = new LineLog(process.stdout);
  }

  /** Starts a server and waits until it listens. */
  static async start(mode: EverythingMode = "streamableHttp"): Promise<EverythingServer> {
    const home = new Home();
    for (let attempt = 1;; attempt++) {
      const port = await freePort();
      try {
        return new EverythingServer(home, mode, await launch(home, mode, port), port);
      } catch (error) {
        if (attempt < ATTEMPTS) continue;
        home[Symbol.dispose]();
        throw error;
      }
    }
  }

  get words(): readonly string[] {
    return [this.url];
  }

  /** Kills the process and starts another on the same port, which knows no session. */
  async restart(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    this.#process = await launch(this.#home, this.#mode, this.#port);
    this.log = new LineLog(this.#process.stdout);
  }

  /** The sessions that a client has ended, in order. */
  endedSessions(): string[] {
    return this.#captures(/^Received session termination request for session (\S+)$/);
  }

  /** The sessions that clients have begun, in order. */
  begunSessions(): string[] {
    return this.#captures(/^Session initialized with ID: (\S+)$/);
  }

  async listened(from: number): Promise<void> {
    // Without a stream for it no session of HTTP+SSE begins.
    if (this.#mode === "sse") return;
    await this.log.find((line) => line.startsWith("Establishing new SSE stream for session"), from);
  }

  /** Waits until the server was asked to end `session`. */
  async sessionEnded(session: string, withinMs?: number): Promise<void> {
    const line = `Received session termination request for session ${session}`;
    await this.log.find((candidate) => candidate === line, 0, withinMs);
  }

  /** Stops the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    await this.log.ended;
    this.#home[Symbol.dispose]();
  }

  #captures(pattern: RegExp): string[] {
    return this.log.items.map((line) => pattern.exec(line)?.[1]).filter((capture) => capture !== undefined);
  }
}

async function launch(home: Home, mode: EverythingMode, port: number): Promise<ServerProcess> {
  const server = Bun.spawn([process.execPath, ENTRY, mode], {
    cwd: home.folder,
    env: { ...home.env, PORT: String(port) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    await new LineLog(server.stderr).find((line) => line.endsWith(`on port ${port}`), 0, 20_000);
    return server;
  } catch (error) {
    server.kill("SIGKILL");
    await server.exited;
    throw error;
  }
}

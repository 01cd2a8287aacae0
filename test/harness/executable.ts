/** The executable as a client starts it: a process with JSON-RPC lines on its stdin and stdout. */
import type { FileSink, Subprocess } from "bun";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Home } from "./home.ts";
import { LineLog } from "./line_log.ts";
import { PATIENCE_MS } from "./log.ts";

/** What an MCP client's configuration says about the executable, in the shape that both SDKs take. */
export interface Command {
  command: string;
  args: string[];
  env: Record<string, string>;
  stderr: "pipe";
}

/** One message, as loosely typed as a test of the wire needs it. */
// deno-lint-ignore no-explicit-any
export type Message = Record<string, any>;

/** The command that starts the executable inside `home`. */
export function commandOf(home: Home, ...args: string[]): Command {
  return { command: EXECUTABLE, args, env: home.env, stderr: "pipe" };
}

/** Where a process starts, beside its home. */
export interface Surroundings {
  /** The folder that it starts in; its home if there is none. */
  readonly cwd?: string;
  /** What its environment holds beyond that of its home. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stands before it on the command line; what that starts besides ends with it. */
  readonly before?: readonly string[];
  /** Another build than the one that is tested elsewhere. */
  readonly executable?: string;
  /** How long a command and an answer may take, in ms, where that is longer than on a machine of its own kind. */
  readonly patienceMs?: number;
}

/** What a command said, and how it ended. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a command of the executable to its end; nobody types anything in. */
export async function outcomeOf(surroundings: Surroundings, ...words: string[]): Promise<Outcome> {
  await using command = new Executable(surroundings, ...words);
  command.endInput();
  const exitCode = await command.exit(surroundings.patienceMs ?? 30_000);
  await Promise.all([command.output.ended, command.stderr.ended]);
  return { stdout: String(command.output), stderr: String(command.stderr), exitCode };
}

/** The same as a script or a job runs it, in `home` with `env` besides: in a session that has no terminal to ask at. */
export async function unattendedOutcome(home: Home, env: Command["env"], ...words: string[]): Promise<Outcome> {
  const command = Bun.spawn([EXECUTABLE, ...words], {
    cwd: home.folder,
    env: { ...home.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  const [stdout, stderr] = await Promise.all([command.stdout.text(), command.stderr.text()]);
  return { stdout, stderr, exitCode: await command.exited };
}

/** Who is told of each executable that starts. */
const watchers = new Set<(executable: Executable) => void>();

/** Tells of each executable that starts from now on; the disposal ends that. */
export function watchExecutables(onstart: (executable: Executable) => void): Disposable {
  watchers.add(onstart);
  return { [Symbol.dispose]: () => void watchers.delete(onstart) };
}

/** The executable under the test's own hands, without an SDK between. Disposing it kills the process. */
export class Executable implements AsyncDisposable {
  /** The lines on stdout. */
  readonly output: LineLog;
  /** The lines on stderr. */
  readonly stderr: LineLog;
  readonly #home: Home;
  readonly #patienceMs: number;
  readonly #process: Subprocess<"pipe", "pipe", "pipe">;

  /** Starts the executable with arguments in a home of its own, and in `surroundings` if those come first. */
  constructor(surroundings: string | Surroundings, ...args: string[]) {
    const { cwd, env, before = [], executable = EXECUTABLE, patienceMs = PATIENCE_MS }: Surroundings =
      typeof surroundings === "string" ? {} : surroundings;
    const words = typeof surroundings === "string" ? [surroundings, ...args] : args;
    this.#home = new Home();
    this.#patienceMs = patienceMs;
    this.#process = Bun.spawn([...before, executable, ...words], {
      cwd: cwd ?? this.#home.folder,
      env: { ...this.#home.env, ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.output = new LineLog(this.#process.stdout);
    this.stderr = new LineLog(this.#process.stderr);
    for (const onstart of watchers) onstart(this);
  }

  /** Waits for the process to end by itself and gives its exit code. Throws when it is still there after the time. */
  async exit(withinMs: number): Promise<number> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`The process still runs after ${withinMs} ms:\n${this.stderr}`));
    }, withinMs);
    try {
      return await Promise.race([this.#process.exited, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The id of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Writes one message as one line. */
  send(message: Message): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  /** Settles when the process has set itself up, which is when signals find it ready. */
  async started(): Promise<void> {
    this.write("\n");
    // The first line is answered only by a process that reads.
    this.write("?\n");
    await this.output.find((line) => line.includes("parse_error"));
  }

  /** Settles when what was written is with the process. */
  async flush(): Promise<void> {
    await (this.#process.stdin as FileSink).flush();
  }

  /** Writes bytes as they are. */
  write(bytes: string | Uint8Array): void {
    const stdin: FileSink = this.#process.stdin;
    stdin.write(bytes);
    stdin.flush();
  }

  /** Sends a request and waits for the answer that carries its id. */
  async request(request: Message, withinMs = this.#patienceMs): Promise<Message> {
    this.send({ jsonrpc: "2.0", ...request });
    const answer = await this.output.find(
      (line) => {
        const message: Message = JSON.parse(line);
        return message.id === request.id && message.method === undefined;
      },
      0,
      withinMs,
    );
    return JSON.parse(answer);
  }

  /** Does the handshake of the revisions up to 2025-11-25 and gives the answer to `initialize`. */
  async initialize(protocolVersion = "2025-11-25"): Promise<Message> {
    const clientInfo = { name: "by-hand", version: "1.0.0" };
    const params = { protocolVersion, capabilities: {}, clientInfo };
    const answer = await this.request({ id: "initialize", method: "initialize", params });
    this.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    return answer;
  }

  /** Closes stdin, which is how a client says that it is done. */
  endInput(): void {
    this.#process.stdin.end();
  }

  /** Kills the process if it still runs, and removes its home. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    await Promise.all([this.output.ended, this.stderr.ended]);
    this.#home[Symbol.dispose]();
  }
}

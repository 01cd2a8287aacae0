/** Those who call without an end, by stdio and by the endpoint, and keep account of what comes back. */
import { LineSplitter } from "../../src/transport/lines.ts";
import { EXECUTABLE } from "../../scripts/build.ts";
import type { Home } from "../harness/home.ts";
import type { ServeExecutable } from "../harness/serve_executable.ts";
import { type Mood, MOODS } from "./moody_server.ts";
import type { Tally } from "./tally.ts";

/** A call that would wait for ever is given up after so long, and so is now and then one that would not, in ms. */
const PATIENCE_MS = 300;

/** Calls until it is stopped; then waits for what was asked. */
export interface Caller {
  readonly pid: number;
  stop(): void;
}

function anyMood(): Mood {
  return MOODS[Math.floor(Math.random() * MOODS.length)]!;
}

function callOf(id: string, mood: Mood): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name: mood, arguments: {} } });
}

function cancelOf(id: string): string {
  return JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } });
}

const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "soak", version: "1.0.0" },
};

/** The executable on stdio at a server, always with so many calls in flight; `prefix` begins the ids of this one. */
export function callByStdio(
  prefix: string,
  home: Home,
  server: string,
  tally: Tally,
  inFlight: number,
): Caller & Disposable {
  const program = Bun.spawn([EXECUTABLE, "--silent", server], {
    env: { MCP_BRIDGE_VAULT_KEY: "file", ...home.env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "ignore",
  });
  const first = `${prefix}0`;
  let count = 0;
  let isStopped = false;
  function write(line: string): void {
    program.stdin.write(`${line}\n`);
    program.stdin.flush();
  }
  function call(): void {
    if (isStopped) return;
    const [id, mood] = [`${prefix}${++count}`, anyMood()];
    tally.ask(id);
    write(callOf(id, mood));
    if (mood !== "never" && Math.random() > 0.01) return;
    setTimeout(() => {
      if (!tally.cancel(id)) return;
      write(cancelOf(id));
      call();
    }, PATIENCE_MS * Math.random());
  }
  const splitter = new LineSplitter(64 * 1_048_576, {
    line: (bytes) => {
      const { id, method, error } = JSON.parse(new TextDecoder().decode(bytes));
      if (id === undefined || method !== undefined) return;
      const isAwaited = tally.answer(id, error !== undefined);
      // In the place of one that was given up stands another one already.
      if (id !== first) return isAwaited ? void setTimeout(call, 1) : undefined;
      for (let each = 0; each < inFlight; each++) call();
    },
    oversize: () => tally.doubled.push("an endless line"),
  });
  void (async (): Promise<void> => {
    for await (const chunk of program.stdout) splitter.push(chunk);
  })();
  tally.ask(first);
  write(JSON.stringify({ jsonrpc: "2.0", id: first, method: "initialize", params: INITIALIZE }));
  write('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return { pid: program.pid, stop: () => isStopped = true, [Symbol.dispose]: () => program.kill("SIGKILL") };
}

/** Clients of the endpoint, each with a session that it makes anew now and then, one call after the other. */
export function callByEndpoint(serve: ServeExecutable, path: string, tally: Tally, clients: number): Caller {
  let count = 0;
  let isStopped = false;
  async function live(): Promise<void> {
    let session = await serve.open(path);
    for (let calls = 0; !isStopped; calls++) {
      if (calls % 200 === 199) {
        await serve.ask(path, { method: "DELETE", headers: session });
        session = await serve.open(path);
      }
      await callOnce(session);
    }
  }
  async function callOnce(session: Record<string, string>): Promise<void> {
    const [id, mood] = [`h${++count}`, anyMood()];
    tally.ask(id);
    const isGivenUp = mood === "never" || Math.random() < 0.01;
    const timer = isGivenUp ? setTimeout(() => void giveUp(id, session), PATIENCE_MS * Math.random()) : undefined;
    const headers = { ...session, "content-type": "application/json", accept: "application/json, text/event-stream" };
    const response = await serve.ask(path, { method: "POST", headers, body: callOf(id, mood) });
    const text = await response.text();
    clearTimeout(timer);
    const answers = text.startsWith("{") ? [text] : [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data!);
    for (const each of answers) {
      const message = JSON.parse(each);
      if (message.method === undefined) tally.answer(message.id, message.error !== undefined);
    }
  }
  async function giveUp(id: string, session: Record<string, string>): Promise<void> {
    tally.cancel(id);
    const headers = { ...session, "content-type": "application/json", accept: "application/json, text/event-stream" };
    await (await serve.ask(path, { method: "POST", headers, body: cancelOf(id) })).text();
  }
  const lives = Array.from({ length: clients }, () => live());
  void Promise.all(lives).catch((thrown) => tally.lost.push(`a client of the endpoint: ${thrown}`));
  return { pid: serve.pid, stop: () => isStopped = true };
}

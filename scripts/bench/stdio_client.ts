/**
 * The local MCP client of the bench, the same for all contestants: raw lines, no parser. It must cost much less than
 * what it measures, so it looks at bytes only.
 */

const GONE = "the process has ended";

/** A contestant that runs, seen from its client. */
export interface StdioClient {
  readonly pid: number;
  /** Settles when the process has ended. */
  readonly exited: Promise<number>;
  /** Takes the complete lines of each chunk as they arrive, without their ends. One taker at a time. */
  onlines: (lines: Uint8Array[]) => void;
  /** Told when the process ends while something is awaited of it. */
  onend: (error: Error) => void;
  /** Hands out the ids of requests, each once. */
  nextId(): number;
  /** Writes lines, each with its end, in one go. Throws when the process has ended. */
  send(lines: string): void;
  /** Ends its input and tells whether it left by itself within `patience` milliseconds; kills it if not. */
  close(patience: number): Promise<boolean>;
}

/** Starts a contestant with exactly this environment; what it says on stderr is dropped. */
export function startStdioClient(command: string[], env: Record<string, string>): StdioClient {
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "ignore", env });
  let id = 0;
  const client: StdioClient = {
    pid: child.pid,
    exited: child.exited,
    onlines: () => {},
    onend: () => {},
    nextId: () => ++id,
    send(lines: string): void {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(GONE);
      child.stdin.write(lines);
      child.stdin.flush();
    },
    async close(patience: number): Promise<boolean> {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), patience);
      await child.exited;
      clearTimeout(timer);
      return child.signalCode !== "SIGKILL";
    },
  };
  child.exited.then(() => client.onend(new Error(GONE)));
  // A contestant that is killed cuts its own output short; whoever waits for an answer has a limit of its own.
  readLines(child.stdout, client).catch(() => {});
  return client;
}

async function readLines(stdout: ReadableStream<Uint8Array>, client: StdioClient): Promise<void> {
  // The pieces of a line that has not ended yet: joined once, since a large line comes in very many.
  let pieces: Uint8Array[] = [];
  for await (const chunk of stdout) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end);
      lines.push(pieces.length === 0 ? line : Buffer.concat([...pieces, line]));
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    if (lines.length > 0) client.onlines(lines);
  }
}

/** Reads the integer after the first `"id":` of a line; -1 if there is none. */
export function idOf(line: Uint8Array): number {
  for (let at = 0; at + 5 < line.length; at++) {
    // The bytes of `"id":`.
    if (line[at] !== 0x22 || line[at + 1] !== 0x69 || line[at + 2] !== 0x64) continue;
    if (line[at + 3] !== 0x22 || line[at + 4] !== 0x3a) continue;
    return integerAt(line, at + 5);
  }
  return -1;
}

function integerAt(line: Uint8Array, start: number): number {
  let value = 0;
  let at = start;
  for (let digit = line[at]! - 0x30; digit >= 0 && digit <= 9; digit = line[++at]! - 0x30) {
    value = value * 10 + digit;
  }
  return at === start ? -1 : value;
}

/** Starts the far end of the bench (`server.ts`) as a process of its own and reads its counters. */
import { join } from "node:path";

/** What the far end has counted since its start; `requests` leaves out those to `/stats`. */
export interface Stats {
  requests: number;
  opened: number;
  deleted: number;
}

/** A running far end. */
export interface FarEnd {
  readonly url: string;
  /** Reads the counters. */
  stats(): Promise<Stats>;
  stop(): Promise<void>;
}

/** Starts a far end on a free loopback port. Throws when it ends before it has said its port. */
export async function startFarEnd(): Promise<FarEnd> {
  const server = Bun.spawn([process.execPath, join(import.meta.dir, "server.ts")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const port = await firstLine(server.stdout);
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: `${origin}/mcp`,
    async stats(): Promise<Stats> {
      const response = await fetch(`${origin}/stats`);
      return await response.json() as Stats;
    },
    async stop(): Promise<void> {
      server.kill("SIGKILL");
      await server.exited;
    },
  };
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("The far end of the bench ended before it said its port");
}

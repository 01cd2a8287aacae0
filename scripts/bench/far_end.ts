/** Starts the far end of the bench (`server.ts`) as a process of its own and reads its counters. */
import { join } from "node:path";

/** What the far end has counted since its start; `requests` leaves out those to `/stats`. */
export interface Stats {
  requests: number;
  opened: number;
  deleted: number;
}

/** The ways to a far end: the transports that a server can be reached by. */
export type Way = "http" | "sse" | "webSocket" | "stdio";

/** Where a server is: an address, or the words of a command. */
export interface Place {
  readonly way: Way;
  readonly words: readonly string[];
}

/** A running far end; each contestant starts its own where that is a program of this machine. */
export interface FarEnd {
  readonly places: Readonly<Record<Way | "modern", Place>>;
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
  const host = `127.0.0.1:${port}`;
  const origin = `http://${host}`;
  return {
    places: {
      http: { way: "http", words: [`${origin}/mcp`] },
      modern: { way: "http", words: [`${origin}/modern`] },
      sse: { way: "sse", words: [`${origin}/sse`] },
      webSocket: { way: "webSocket", words: [`ws://${host}/ws`] },
      stdio: { way: "stdio", words: [process.execPath, join(import.meta.dir, "stdio_server.ts")] },
    },
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

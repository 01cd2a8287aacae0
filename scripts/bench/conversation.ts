/** What the client of the bench says: the handshake, one call at a time, a flood of calls, a burst of notifications. */
import { idOf, type StdioClient } from "./stdio_client.ts";

const TEXT = "thirty-two bytes of an argument.";
const IN_FLIGHT = 64;

/** What a flood of calls came to. */
export interface Flood {
  /** Calls answered until the time was up. */
  readonly calls: number;
  readonly seconds: number;
}

function request(id: number, method: string, params: string): string {
  return `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`;
}

function toolCall(id: number, tool: string, args: string): string {
  return request(id, "tools/call", `{"name":"${tool}","arguments":${args}}`);
}

function answerTo(client: StdioClient, id: number, request: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    client.onend = reject;
    client.onlines = (lines): void => {
      for (const line of lines) if (idOf(line) === id) resolve(line);
    };
    client.send(request);
  });
}

/** Sends `initialize` and waits for its answer. */
export function initialize(client: StdioClient): Promise<Uint8Array> {
  const id = client.nextId();
  const params = '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}';
  return answerTo(client, id, request(id, "initialize", params));
}

/** Says that the handshake is done; nothing answers that. */
export function sayInitialized(client: StdioClient): void {
  client.send('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
}

/** Calls a tool of the far end and waits for the answer. No other call may be under way. */
export function call(client: StdioClient, tool: string, args = `{"text":"${TEXT}"}`): Promise<Uint8Array> {
  const id = client.nextId();
  return answerTo(client, id, toolCall(id, tool, args));
}

/** Throws unless the line carries what `call` has an echoing tool say: an error is quick to answer. */
export function assertEcho(line: Uint8Array): void {
  const text = Buffer.from(line).toString();
  if (!text.includes(TEXT)) throw new Error(`a call was answered with ${JSON.stringify(text)}`);
}

/** Calls `echo` for `milliseconds`, 64 calls in flight, and waits for the last answers. Throws on a wrong answer. */
export async function flood(client: StdioClient, milliseconds: number): Promise<Flood> {
  const outstanding = new Set<number>();
  const start = performance.now();
  let calls = 0;
  let seconds = 0;
  let last: Uint8Array = new Uint8Array(0);

  function next(): string {
    const id = client.nextId();
    outstanding.add(id);
    return toolCall(id, "echo", `{"text":"${TEXT}"}`);
  }

  await new Promise<void>((resolve, reject) => {
    client.onend = reject;
    client.onlines = (lines): void => {
      let out = "";
      const elapsed = performance.now() - start;
      // The first answers always count: on a machine that is busy enough they may be the only ones.
      const open = elapsed < milliseconds || calls === 0;
      for (const line of lines) {
        if (!outstanding.delete(idOf(line))) continue;
        last = line;
        if (!open) continue;
        calls++;
        out += next();
      }
      if (open) seconds = elapsed / 1000;
      if (out !== "") client.send(out);
      if (outstanding.size === 0) resolve();
    };
    client.send(Array.from({ length: IN_FLIGHT }, next).join(""));
  });
  assertEcho(last);
  return { calls, seconds };
}

/** Has the server push `count` notifications and returns the seconds until the last of them is there. */
export async function burst(client: StdioClient, count: number): Promise<number> {
  const id = client.nextId();
  const start = performance.now();
  // The answer to the call is one line more; it may come before, among or after them.
  let missing = count + 1;
  await new Promise<void>((resolve, reject) => {
    client.onend = reject;
    client.onlines = (lines): void => {
      missing -= lines.length;
      if (missing <= 0) resolve();
    };
    client.send(toolCall(id, "push", `{"count":${count}}`));
  });
  return (performance.now() - start) / 1000;
}

/**
 * The floor that the bench measures against, `byte-pipe WAY WORD...`: a line in, one message to the far end, what comes
 * back out as a line, and nothing else. It knows no ids, retries nothing and says nothing when something is lost.
 */
import type { Way } from "./far_end.ts";

/** Takes one line with its end. */
type Take = (line: Uint8Array) => void;

const DATA = Buffer.from("data: ");
const NEWLINE = Uint8Array.of(10);
const INITIALIZED = Buffer.from('"notifications/initialized"');
const ACCEPT = { "Accept": "application/json, text/event-stream" };

const out = Bun.stdout.writer();
const decoder = new TextDecoder();

/** Gives what sends one turn of the event loop's writes in one go. */
function flusher(sink: { flush(): unknown }): () => void {
  let flushing = false;
  return () => {
    if (flushing) return;
    flushing = true;
    setImmediate(() => {
      flushing = false;
      sink.flush();
    });
  };
}

const flushSoon = flusher(out);

/** Hands over each line of a stream with its end. */
async function eachLine(stream: ReadableStream<Uint8Array>, take: Take): Promise<void> {
  let rest = new Uint8Array(0);
  for await (const chunk of stream) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      take(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    rest = bytes.slice(start);
  }
}

function write(line: Uint8Array): void {
  out.write(line);
  flushSoon();
}

function writeData(line: Uint8Array): void {
  if (isData(line)) write(line.subarray(DATA.length));
}

function isData(line: Uint8Array): boolean {
  return line.length > DATA.length + 1 && DATA.equals(line.subarray(0, DATA.length));
}

function ignore(): void {}

/** Streamable HTTP: the body of each answer, the data lines where that is a stream, and those of the GET stream. */
function http(url: string): Take {
  const headers: Record<string, string> = { "Content-Type": "application/json", ...ACCEPT };
  let listening = false;

  async function listen(): Promise<void> {
    const response = await fetch(url, { headers });
    await eachLine(response.body!, writeData);
  }
  async function post(line: Uint8Array): Promise<void> {
    const response = await fetch(url, { method: "POST", headers, body: line.subarray(0, -1) });
    const session = response.headers.get("mcp-session-id");
    if (session !== null) headers["Mcp-Session-Id"] = session;
    if (response.headers.get("content-type") === "text/event-stream") {
      return eachLine(response.body!, writeData);
    }
    const body = await response.bytes();
    if (!listening && Buffer.from(line).includes(INITIALIZED)) {
      listening = true;
      listen().catch(ignore);
    }
    if (body.length === 0) return;
    out.write(body);
    write(NEWLINE);
  }
  return (line) => void post(line).catch(ignore);
}

/** HTTP+SSE: the data lines of the GET stream, of which the first names the endpoint of the posts. */
async function sse(url: string): Promise<Take> {
  const { promise: endpoint, resolve } = Promise.withResolvers<string>();
  const response = await fetch(url, { headers: ACCEPT });
  let take = (line: Uint8Array): void => {
    if (!isData(line)) return;
    resolve(new URL(decoder.decode(line.subarray(DATA.length)), url).href);
    take = writeData;
  };
  eachLine(response.body!, (line) => take(line)).catch(ignore);
  const target = await endpoint;
  const headers = { "Content-Type": "application/json" };

  async function post(line: Uint8Array): Promise<void> {
    const posted = await fetch(target, { method: "POST", headers, body: line.subarray(0, -1) });
    await posted.bytes();
  }
  return (line) => void post(line).catch(ignore);
}

/** WebSocket: one text frame for each message. */
async function webSocket(url: string): Promise<Take> {
  const socket = new WebSocket(url, { protocols: ["mcp"], perMessageDeflate: false });
  socket.onmessage = ({ data }): void => {
    out.write(data);
    write(NEWLINE);
  };
  await new Promise((resolve) => socket.onopen = resolve);
  return (line) => void socket.send(decoder.decode(line.subarray(0, -1)));
}

/** A program of this machine: its lines, both ways. */
function stdio(...command: string[]): Take {
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  const flushChildSoon = flusher(child.stdin);
  eachLine(child.stdout, write).catch(ignore);
  return (line) => {
    child.stdin.write(line);
    flushChildSoon();
  };
}

const WAYS: Record<Way, (...words: string[]) => Take | Promise<Take>> = { http, sse, webSocket, stdio };
const [way, ...words] = process.argv.slice(2);
await eachLine(Bun.stdin.stream(), await WAYS[way as Way](...words));
process.exit(0);

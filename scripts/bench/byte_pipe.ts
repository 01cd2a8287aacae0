/**
 * The floor that the bench measures against: a line in, one POST, the body out as a line, the data lines of event
 * streams copied, and nothing else. It knows no ids, retries nothing and says nothing when something is lost.
 */
const DATA = Buffer.from("data: ");
const NEWLINE = Uint8Array.of(10);
const INITIALIZED = Buffer.from('"notifications/initialized"');

const url = process.argv[2]!;
const out = Bun.stdout.writer();
const headers: Record<string, string> = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream",
};
let listening = false;
let flushing = false;

/** Sends what one turn of the event loop has written in one go. */
function flushSoon(): void {
  if (flushing) return;
  flushing = true;
  setImmediate(() => {
    flushing = false;
    out.flush();
  });
}

/** Hands over each line of a stream with its end. */
async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: Uint8Array) => void): Promise<void> {
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

function writeData(line: Uint8Array): void {
  if (line.length <= DATA.length + 1 || !DATA.equals(line.subarray(0, DATA.length))) return;
  out.write(line.subarray(DATA.length));
  flushSoon();
}

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
  out.write(NEWLINE);
  flushSoon();
}

function ignore(): void {}

await eachLine(Bun.stdin.stream(), (line) => {
  post(line).catch(ignore);
});
process.exit(0);

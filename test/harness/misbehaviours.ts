/**
 * What a remote server may do instead of answering a request well. Whatever it does, the client must get exactly one
 * answer to that request, be it the result or an error.
 */

/** One way to misbehave, as bytes on the connection on which the request came. */
export interface Misbehaviour {
  readonly name: string;
  /** Builds what the server sends for the request with this id (in JSON). */
  readonly send: (id: string) => string;
  /** What becomes of the connection afterwards; a reset is a TCP reset. */
  readonly then: "keep" | "end" | "reset";
}

const HTML = "<!doctype html><title>Gateway</title><p>The upstream is having a nap.";

function answer(id: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"late but here"}]}}`;
}

function body(status: string, type: string, text: string, headers = ""): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\n${headers}Content-Length: ${text.length}\r\n\r\n${text}`;
}

function stream(...chunks: string[]): string {
  const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  return head + chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
}

const END = "0\r\n\r\n";

/** The table; all bytes are ASCII. */
export const MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: "event stream ends without an answer", send: () => stream(": hello\n\n") + END, then: "keep" },
  {
    name: "event stream cut inside an event",
    send: (id) => stream(`data: {"jsonrpc":"2.0","id":${id},`),
    then: "end",
  },
  {
    name: "event stream to resume, and no resuming",
    send: () => stream("id: 1\nretry: 20\ndata:\n\n") + END,
    then: "keep",
  },
  { name: "event without data", send: () => stream("event: message\n\n") + END, then: "keep" },
  {
    name: "broken JSON in an event",
    send: (id) => stream(`data: {"jsonrpc":"2.0","id":${id}\n\n`) + END,
    then: "keep",
  },
  {
    name: "the answer twice",
    send: (id) => stream(`data: ${answer(id)}\n\n`, `data: ${answer(id)}\n\n`) + END,
    then: "keep",
  },
  {
    name: "an answer to another id",
    send: () => body("200 OK", "application/json", answer("987654")),
    then: "keep",
  },
  {
    name: "broken JSON",
    send: (id) => body("200 OK", "application/json", answer(id).slice(0, -2)),
    then: "keep",
  },
  {
    name: "body cut",
    send: (id) => body("200 OK", "application/json", answer(id)).slice(0, -20),
    then: "end",
  },
  {
    name: "connection reset inside the body",
    send: (id) => body("200 OK", "application/json", answer(id)).slice(0, -20),
    then: "reset",
  },
  { name: "connection reset before the answer", send: () => "", then: "reset" },
  { name: "connection closed before the answer", send: () => "", then: "end" },
  { name: "something that is not HTTP", send: () => "220 mail.example ESMTP\r\n\r\n", then: "end" },
  { name: "empty body with status 200", send: () => body("200 OK", "application/json", ""), then: "keep" },
  {
    name: "status 202 to a request",
    send: () => "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    then: "keep",
  },
  { name: "HTML with status 200", send: () => body("200 OK", "text/html", HTML), then: "keep" },
  {
    name: "HTML with status 500",
    send: () => body("500 Internal Server Error", "text/html", HTML),
    then: "keep",
  },
  { name: "status 404", send: () => body("404 Not Found", "text/plain", "not found"), then: "keep" },
  { name: "status 503", send: () => body("503 Service Unavailable", "text/plain", "busy"), then: "keep" },
  {
    name: "status 400 and an error without an id",
    send: () =>
      body(
        "400 Bad Request",
        "application/json",
        '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}',
      ),
    then: "keep",
  },
  {
    name: "a redirect to itself",
    send: () => "HTTP/1.1 307 Temporary Redirect\r\nLocation: /mcp\r\nContent-Length: 0\r\n\r\n",
    then: "keep",
  },
  {
    name: "gzip that is none",
    send: (id) => body("200 OK", "application/json", answer(id), "Content-Encoding: gzip\r\n"),
    then: "keep",
  },
  { name: "the answer as text/plain", send: (id) => body("200 OK", "text/plain", answer(id)), then: "keep" },
  {
    name: "the answer as application/octet-stream",
    send: (id) => body("200 OK", "application/octet-stream", answer(id)),
    then: "keep",
  },
];

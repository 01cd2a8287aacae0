/**
 * A remote MCP server on raw TCP that handles a session well and misbehaves in `tools/call`: the tool's name is the
 * name of the misbehaviour.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { MISBEHAVIOURS } from "./misbehaviours.ts";

/** A running server. */
export interface MisbehavingServer {
  readonly url: string;
  stop(): void;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const HEAD_END = "\r\n\r\n";

/** Starts the server on a free loopback port. */
export async function startMisbehavingServer(): Promise<MisbehavingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A contestant that gives a connection up is not this server's trouble.
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    stop(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let taken = takeRequest(received); taken !== undefined; taken = takeRequest(received)) {
      received = taken.rest;
      answer(socket, taken.request);
    }
  });
}

function takeRequest(received: Buffer): { request: Request; rest: Buffer } | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString("latin1", 0, headEnd);
  const bodyStart = headEnd + HEAD_END.length;
  const length = bodyLength(head, received, bodyStart);
  if (length === undefined || received.length < bodyStart + length.raw) return undefined;
  const [method = "", path = ""] = head.split(" ", 2);
  const raw = received.toString("utf8", bodyStart, bodyStart + length.raw);
  return {
    request: { method, path, body: length.chunked ? dechunk(raw) : raw },
    rest: received.subarray(bodyStart + length.raw),
  };
}

function bodyLength(
  head: string,
  received: Buffer,
  start: number,
): { raw: number; chunked: boolean } | undefined {
  if (!/^transfer-encoding:\s*chunked/im.test(head)) {
    return { raw: Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0), chunked: false };
  }
  const end = received.indexOf("0\r\n\r\n", start);
  return end < 0 ? undefined : { raw: end + 5 - start, chunked: true };
}

function dechunk(raw: string): string {
  // Enough for the short requests of a test: no chunk of theirs holds a line break.
  return raw.split("\r\n").filter((_, index) => index % 2 === 1).join("");
}

function answer(socket: Socket, request: Request): void {
  if (request.path !== "/mcp") socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  else if (request.method === "DELETE") socket.write("HTTP/1.1 204 No Content\r\n\r\n");
  else if (request.method !== "POST") {
    socket.write("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
  } else answerPost(socket, request.body);
}

function answerPost(socket: Socket, body: string): void {
  const message = JSON.parse(body);
  if (message.method === "initialize") initialize(socket, message);
  else if (message.id === undefined || message.method === undefined) {
    socket.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  } else if (message.method === "tools/call") misbehave(socket, message);
  else write(socket, JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} }));
}

function initialize(socket: Socket, message: { id: unknown; params?: { protocolVersion?: string } }): void {
  const result = {
    protocolVersion: message.params?.protocolVersion ?? "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "misbehaving", version: "1.0.0" },
  };
  write(socket, JSON.stringify({ jsonrpc: "2.0", id: message.id, result }), "Mcp-Session-Id: 1\r\n");
}

function write(socket: Socket, text: string, headers = ""): void {
  const length = Buffer.byteLength(text);
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n${text}`,
  );
}

function misbehave(socket: Socket, message: { id: unknown; params: { name: string } }): void {
  const misbehaviour = MISBEHAVIOURS.find(({ name }) => name === message.params.name);
  if (misbehaviour === undefined) {
    return write(socket, JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} }));
  }
  const bytes = misbehaviour.send(JSON.stringify(message.id));
  const close = {
    keep: (): void => {},
    end: (): void => void socket.end(),
    reset: (): void => void socket.resetAndDestroy(),
  }[misbehaviour.then];
  if (bytes === "") close();
  else socket.write(bytes, close);
}

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Proxy } from "../../../src/net/proxy.ts";
import { openSocket } from "../../../src/net/web_socket.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a server says to the handshake, with the words that accept it in place of ACCEPT. */
async function serverOf(answer: string): Promise<{ url: URL; asked: string[]; closed: Promise<void> } & Disposable> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("data", (chunk) => {
      asked.push(String(chunk));
      const key = /sec-websocket-key: (\S+)/.exec(String(chunk))?.[1] ?? "";
      const accept = createHash("sha1").update(key + GUID).digest("base64");
      const said = answer.replace("ACCEPT", `sec-websocket-accept: ${accept}`);
      if (said !== "") socket.write(said);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    url: new URL(`ws://127.0.0.1:${port}/mcp?a=1`),
    asked,
    closed,
    [Symbol.dispose](): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function open(
  url: URL,
  abort = new AbortController(),
  connectTimeout = 5_000,
  proxy?: Proxy,
): ReturnType<typeof openSocket> {
  const headers = new Headers({ "x-team": "ships", connection: "close", upgrade: "h2c" });
  const options = {
    clock: systemClock,
    tls: { rejectUnauthorized: true },
    connectTimeout,
    ipv4: false,
    proxy,
  };
  return openSocket({ url, headers, protocol: "mcp", abort }, options);
}

const AGREED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nACCEPT\r\n";

describe("the handshake of a WebSocket", () => {
  test("asks as RFC 6455 has it, and gives what came together with the answer", async () => {
    using server = await serverOf(`${AGREED}Sec-WebSocket-Protocol: mcp\r\n\r\nfirst`);
    const flow = await open(server.url);
    const [asked] = server.asked;
    expect(asked).toStartWith(`GET /mcp?a=1 HTTP/1.1\r\nhost: ${server.url.host}\r\nconnection: upgrade\r\n`);
    for (
      const line of ["upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-protocol: mcp", "x-team: ships"]
    ) {
      expect(asked).toContain(`\r\n${line}\r\n`);
    }
    expect(asked).not.toContain("sec-websocket-extensions");
    for await (const chunk of flow.input) {
      expect(String(chunk)).toBe("first");
      break;
    }
    flow.end();
  });

  test("is agreed to by a server that names no subprotocol", async () => {
    using server = await serverOf(`${AGREED}\r\n`);
    (await open(server.url)).end();
  });

  test.each<[what: string, code: string, answer: string]>([
    ["another status", "http_status", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
    ["a key that is not ours", "bad_answer", AGREED.replace("ACCEPT", "sec-websocket-accept: x") + "\r\n"],
    ["no key", "bad_answer", AGREED.replace("ACCEPT\r\n", "") + "\r\n"],
    ["another protocol than that of WebSockets", "bad_answer", `${AGREED.replace("WebSocket", "h2c")}\r\n`],
    ["another subprotocol", "bad_answer", `${AGREED}Sec-WebSocket-Protocol: wamp\r\n\r\n`],
    ["an extension that nobody offered", "bad_answer", `${AGREED}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`],
    ["no HTTP", "bad_answer", "SSH-2.0-OpenSSH_9.6\r\n"],
  ])("with %s is refused: %s, and the connection ended", async (_what, code, answer) => {
    using server = await serverOf(answer);
    expect((await open(server.url).catch((thrown: BridgeError) => thrown) as BridgeError).code).toBe(code as never);
    await server.closed;
  });

  test.each<[where: string, answer: string]>([
    ["its first line", "sk-secret-1 and more\r\n\r\n"],
    ["its subprotocol", `${AGREED}Sec-WebSocket-Protocol: sk-secret-1\r\n\r\n`],
    ["a length", "HTTP/1.1 404 Not Found\r\nContent-Length: sk-secret-1\r\n\r\n"],
    ["a transfer coding", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: sk-secret-1\r\n\r\n"],
  ])("whose answer has what we sent in %s says nothing of it", async (_where, answer) => {
    using server = await serverOf(answer);
    const { code, message } = await open(server.url).catch((thrown: BridgeError) => thrown) as BridgeError;
    expect(code).toBe("bad_answer");
    expect(message).not.toContain("secret");
  });

  test("that nobody answers is given up in time, or with who gives it up, and the connection ended", async () => {
    using server = await serverOf("");
    expect((await open(server.url, undefined, 50).catch((thrown: BridgeError) => thrown) as BridgeError).code).toBe(
      "connect_timeout",
    );
    await server.closed;
    using other = await serverOf("");
    const abort = new AbortController();
    const opening = open(other.url, abort);
    await Bun.sleep(0);
    abort.abort(new Error("given up"));
    await expect(opening).rejects.toThrow("given up");
  });

  test("that the server resets before it has read it fails, and is no defect of ours", async () => {
    const server = createServer((socket) => void socket.resetAndDestroy());
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = new URL(`ws://127.0.0.1:${(server.address() as { port: number }).port}/`);
    for (let time = 0; time < 20; time++) {
      const { code } = await open(url).catch((thrown: BridgeError) => thrown) as BridgeError;
      expect(code).toBe("outcome_unknown");
    }
    server.close();
  });

  test.each<[where: string, byProxy: boolean]>([
    ["TLS is on its way", false],
    ["a proxy opens no way", true],
  ])(
    "that is given up while %s leaves no connection behind, however long it might have taken",
    async (_where, byProxy) => {
      using server = await serverOf("");
      const secure = new URL(server.url.href.replace("ws:", "wss:"));
      const abort = new AbortController();
      process.env["TEST_WAY"] = `http://${server.url.host}`;
      const proxy = { address: server.url.host, variable: "TEST_WAY", hasUser: false, speaksHttp: true };
      const opening = open(secure, abort, 0, byProxy ? proxy : undefined);
      while (server.asked.length === 0) await Bun.sleep(1);
      abort.abort(new Error("given up"));
      await expect(opening).rejects.toThrow("given up");
      await server.closed;
      delete process.env["TEST_WAY"];
    },
  );
});

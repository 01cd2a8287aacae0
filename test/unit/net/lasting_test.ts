import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { createGate, type GateOptions, type HttpAnswer, type HttpRequest, type Wire } from "../../../src/net/gate.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { deafPort } from "../../harness/deaf_port.ts";
import { freePort } from "../../harness/free_port.ts";

const EVENTS = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

function gateOf(budget = new Budget(1 << 26), more: Partial<GateOptions> = {}): Wire {
  return createGate({
    clock: systemClock,
    budget,
    tls: { rejectUnauthorized: true },
    cookies: undefined,
    ipv4: false,
    connectTimeout: 10_000,
    headersTimeout: 0,
    ...more,
  });
}

/** A server on raw TCP: what it was told, and its connections. */
interface Raw extends Disposable {
  readonly url: string;
  readonly heard: string[];
  /** The next connection that has said something. */
  met(): Promise<Socket>;
}

async function listen(host = "127.0.0.1"): Promise<Raw> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (data) => {
      heard.push(data.toString("latin1"));
      waiting.shift()?.(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${(server.address() as { port: number }).port}/a?b=c`,
    heard,
    met: () => new Promise((resolve) => waiting.push(resolve)),
    [Symbol.dispose](): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function lasting(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { url: new URL(url), method: "GET", headers: new Headers({ "x-mine": "\xe9" }), lasting: true, ...more };
}

/** Asks, and has the server say something. */
async function answered(
  server: Raw,
  text: string,
  wire = gateOf(),
  asked = lasting(server.url),
): Promise<[HttpAnswer, Socket]> {
  const met = server.met();
  const answer = wire.fetch(asked);
  const socket = await met;
  socket.write(text);
  return [await answer, socket];
}

function failureOf(promise: Promise<unknown>): Promise<BridgeError> {
  return promise.then(() => Promise.reject(new Error("It did not fail")), (thrown) => thrown);
}

async function readAll(answer: HttpAnswer): Promise<string> {
  return Buffer.from(await answer.body.bytes(1 << 20)).toString("latin1");
}

describe("a request whose answer lasts", () => {
  test("is sent as it is, byte for byte, over a connection that ends with it", async () => {
    using server = await listen();
    const [answer] = await answered(server, "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nab");
    expect(server.heard[0]!.split("\r\n").toSorted()).toEqual([
      "",
      "",
      "GET /a?b=c HTTP/1.1",
      "accept-encoding: gzip, deflate, br",
      "connection: close",
      `host: ${new URL(server.url).host}`,
      `user-agent: ${navigator.userAgent}`,
      "x-mine: \xe9",
    ]);
    expect([answer.status, answer.headers.get("x"), await readAll(answer)]).toEqual([200, "y", "ab"]);
  });

  test("is heard as it comes, and the connection ends where the reader stops", async () => {
    using server = await listen();
    const [answer, socket] = await answered(server, `${EVENTS}3\r\n:\n\n\r\n`);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    for await (const chunk of answer.body.chunks()) {
      if (Buffer.from(chunk).toString() === "end") break;
      expect(Buffer.from(chunk).toString()).toBe(":\n\n");
      socket.write("3\r\nend\r\n");
    }
    await closed;
  });

  test("goes to an IPv6 address, and to a name", async () => {
    using server = await listen("::1");
    const [answer] = await answered(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect(answer.status).toBe(200);
    using named = await listen();
    const [other] = await answered(
      named,
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      gateOf(),
      lasting(named.url.replace("127.0.0.1", "localhost")),
    );
    expect(other.status).toBe(200);
  });

  test("is given up with the reason: before the connection, before the head, and within the body", async () => {
    using server = await listen();
    for (const stage of ["head", "body"] as const) {
      const abort = new AbortController();
      const why = new Error(stage);
      const met = server.met();
      const answer = gateOf().fetch(lasting(server.url, { abort }));
      const socket = await met;
      const closed = new Promise((resolve) => socket.once("close", resolve));
      // Of a body without a length the end of the connection is the end.
      if (stage === "body") socket.write("HTTP/1.1 200 OK\r\n\r\nabc");
      const failure = failureOf(stage === "head" ? answer : readAll(await answer));
      abort.abort(why);
      expect(await failure).toBe(why as BridgeError);
      await closed;
    }
    await using deaf = await deafPort();
    const abort = new AbortController();
    const failure = failureOf(gateOf().fetch(lasting(`http://127.0.0.1:${deaf.port}/`, { abort })));
    await Bun.sleep(20);
    const why = new Error("connection");
    abort.abort(why);
    expect(await failure).toBe(why as BridgeError);
  });

  test("that is discarded leaves nothing open, and its place is free", async () => {
    using server = await listen();
    const budget = new Budget(1 << 26);
    const [answer, socket] = await answered(server, `${EVENTS}3\r\n:\n\n\r\n`, gateOf(budget));
    expect(budget.requests).toBe(1);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    answer.body.discard();
    answer.body.discard();
    await closed;
    expect(budget.requests).toBe(0);
  });

  test("cannot be sent where nobody listens, or where a name has no address", async () => {
    const budget = new Budget(1 << 26);
    expect((await failureOf(gateOf(budget).fetch(lasting(`http://127.0.0.1:${await freePort()}/`)))).code).toBe(
      "unreachable",
    );
    expect((await failureOf(gateOf(budget).fetch(lasting("http://nowhere.invalid/")))).code).toBe("unreachable");
    expect(budget.requests).toBe(0);
  });

  test("is cut off where the connection ends early, before the head or within the body", async () => {
    using server = await listen();
    for (const text of ["", "HTTP/1.1 200 OK\r\nContent-", `${EVENTS}3\r\n:\n`]) {
      const met = server.met();
      const answer = gateOf().fetch(lasting(server.url));
      (await met).end(text);
      const failure = await failureOf(answer.then(readAll));
      expect([failure.code, failure.message]).toEqual([
        "outcome_unknown",
        expect.stringContaining("ended early"),
      ]);
    }
  });

  test("is refused where what comes is no HTTP, and the connection ends", async () => {
    using server = await listen();
    const met = server.met();
    const answer = failureOf(gateOf().fetch(lasting(server.url)));
    const socket = await met;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write("220 mail.example.com ESMTP\r\n");
    expect((await answer).code).toBe("bad_answer");
    await closed;
  });

  test("is followed within its origin alone", async () => {
    using server = await listen();
    const met = server.met();
    const answer = gateOf().fetch(lasting(server.url));
    const first = await met;
    const again = server.met();
    first.write("HTTP/1.1 307 There\r\nLocation: /d\r\nContent-Length: 0\r\n\r\n");
    (await again).write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect((await answer).status).toBe(200);
    expect(server.heard[1]).toStartWith("GET /d HTTP/1.1\r\n");
    const elsewhere = server.met();
    const refused = failureOf(gateOf().fetch(lasting(server.url)));
    (await elsewhere).write("HTTP/1.1 307 There\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n");
    expect((await refused).code).toBe("bad_answer");
  });

  test("holds a server up whose reader is behind", async () => {
    using server = await listen();
    const [answer, socket] = await answered(server, "HTTP/1.1 200 OK\r\n\r\n");
    const piece = Buffer.alloc(1 << 16);
    const all = 1 << 26;
    let sent = 0;
    while (sent < all && socket.write(piece)) sent += piece.length;
    while (sent < all && socket.writableLength < 1 << 20) {
      socket.write(piece);
      sent += piece.length;
      await Bun.sleep(1);
    }
    // What the kernels and we take unread is far from all of it.
    expect(sent).toBeLessThan(all / 2);
    socket.end();
    let read = 0;
    for await (const chunk of answer.body.chunks()) read += chunk.length;
    expect(read).toBe(sent + piece.length);
  });
});

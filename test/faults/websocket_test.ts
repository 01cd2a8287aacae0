import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Certificates } from "../harness/certificates.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";
import { FaultProxy } from "../harness/fault_proxy.ts";
import { freePort } from "../harness/free_port.ts";
import { peakMemory } from "../harness/memory.ts";

const MIB = 1_048_576;

/** A call that the server does not answer by itself. */
function holdCalls(server: FakeWebSocket): void {
  const ordinary = server.answer;
  server.answer = (message, peer) => {
    if (message.method !== "tools/call") ordinary(message, peer);
  };
}

/** Settles when a peer that was behind can take more. */
function drained(server: FakeWebSocket): Promise<void> {
  return new Promise((resolve) => server.ondrain = (): void => resolve());
}

describe("over a WebSocket", () => {
  test("messages pass both ways as they are, with the subprotocol mcp and the person's headers", async () => {
    using server = new FakeWebSocket();
    const answer = '{"id":1,"jsonrpc":"2.0","result":{"n":9007199254740993,"s":"\\u00e9 🚀"}}';
    await using bridge = new Executable(server.url, "--header", "X-Team: ships");
    expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    server.answer = ({ id }, peer) => void (id === 1 && peer.send(answer));
    const call = '{"jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"a":1.0,"b":"\\ud83d\\ude80 é"}}';
    bridge.write(`${call}\n`);
    expect(await bridge.output.find((line) => line.includes("result"), 1)).toBe(answer);
    expect(server.texts.items).toContain(call);
    const [handshake] = server.handshakes.items;
    expect(handshake!.get("sec-websocket-protocol")).toBe("mcp");
    expect(handshake!.get("x-team")).toBe("ships");
  });

  test("the server asks the client, tells it things, and answers out of order", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    holdCalls(server);
    for (const id of [1, 2]) bridge.send({ jsonrpc: "2.0", id, method: "tools/call", params: { name: "x" } });
    await server.received.find(({ id }) => id === 2);
    const [peer] = server.peers.items;
    for (
      const message of [{ id: 7, method: "roots/list" }, { method: "notifications/message" }, { id: 2, result: {} }]
    ) {
      peer!.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
    }
    await bridge.output.find((line) => line.includes("roots/list"));
    await bridge.output.find((line) => line.includes("notifications/message"));
    await bridge.output.find((line) => line.includes('"id":2'));
    bridge.send({ jsonrpc: "2.0", id: 7, result: { roots: [] } });
    expect((await server.received.find(({ id, method }) => id === 7 && method === undefined)).result).toEqual({
      roots: [],
    });
  });

  test("a connection that ends leaves the outcome of a call unknown; what only reads is asked again", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const ordinary = server.answer;
    server.answer = () => {};
    const call = bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
    const list = bridge.request({ id: 2, method: "tools/list" });
    for (const asked of [1, 2]) await server.received.find(({ id }) => id === asked);
    server.answer = ordinary;
    server.peers.items[0]!.close(1012);
    const { error } = await call;
    expect(error.message).toContain("the server closed the connection (1012)");
    expect(error.message).toContain("unknown whether the request was carried out");
    expect((await list).result).toEqual({ ok: true });
    expect(server.received.items.filter(({ method }) => method === "tools/call")).toHaveLength(1);
    expect(server.received.items.filter(({ method }) => method === "initialize")).toHaveLength(2);
  });

  test("its loss at rest brings a new session without any request", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    await server.received.find(({ method }) => method === "notifications/initialized");
    server.peers.items[0]!.terminate();
    await server.received.find(({ method }) => method === "notifications/initialized", 2);
    expect((await bridge.request({ id: 1, method: "ping" })).result).toEqual({ ok: true });
  });

  test("a message that cannot be read, or is too long, is an error for its request alone", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url, "--max-message", "1");
    await bridge.initialize();
    const ordinary = server.answer;
    server.answer = (message, peer) => {
      if (message.params?.name === "damaged") peer.send(`{"jsonrpc":"2.0","id":${message.id},"result":{oops}}`);
      else if (message.params?.name === "long") {
        // The server's own request of that id is no answer.
        peer.send(JSON.stringify({ jsonrpc: "2.0", id: 7, method: "ping", params: { pad: "x".repeat(2 * MIB) } }));
        peer.send(JSON.stringify({ result: { pad: "x".repeat(2 * MIB) }, jsonrpc: "2.0", id: message.id }));
      } else if (message.id !== 7) ordinary(message, peer);
    };
    const call = (name: string, id: unknown = name): Promise<Message> =>
      bridge.request({ id, method: "tools/call", params: { name } });
    expect((await call("damaged")).error.data.code).toBe("bad_answer");
    const other = call("waits", 7);
    expect((await call("long")).error.data.code).toBe("too_large");
    for (const peer of server.peers.items) peer.send('{"jsonrpc":"2.0","id":7,"result":{}}');
    expect((await other).result).toEqual({});
    expect((await bridge.request({ id: 2, method: "ping" })).result).toEqual({ ok: true });
    expect(server.peers.items).toHaveLength(1);
  });

  test.skipIf(process.platform !== "linux")(
    "messages of 110 MiB are too large, and nothing of them is kept but their ends (A12)",
    async () => {
      using server = new FakeWebSocket();
      const ordinary = server.answer;
      const pad = "x".repeat(110 * MIB);
      server.answer = (message, peer) => {
        if (message.method !== "tools/call") ordinary(message, peer);
        else peer.send(`{"jsonrpc":"2.0","id":${message.id},"result":{"pad":"${pad}"}}`);
      };
      await using bridge = new Executable(server.url);
      await bridge.initialize();
      for (const id of [1, 2, 3]) {
        expect((await bridge.request({ id, method: "tools/call" }, 20_000)).error.data.code).toBe("too_large");
      }
      expect(server.peers.items).toHaveLength(1);
      expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
    },
  );

  test("a flood of pings is answered in measure (A12)", async () => {
    using server = new FakeWebSocket();
    const ordinary = server.answer;
    server.answer = async (message, peer) => {
      if (message.method !== "tools/call") return ordinary(message, peer);
      const question = Buffer.alloc(125, "?");
      // 0: it is behind, and this one was dropped.
      for (let sent = 0; sent < 200_000;) {
        if (peer.ping(question) === 0) await drained(server);
        else sent++;
      }
      peer.send(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: {} }));
    };
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    expect((await bridge.request({ id: 1, method: "tools/call" }, 20_000)).result).toEqual({});
    expect(server.pongs).toBeGreaterThan(0);
    expect(peakMemory(bridge.pid)).toBeLessThan(150 * MIB);
  });

  test("a message so far beyond the limit that nobody waits for its end ends the connection, and is said to", async () => {
    using server = new FakeWebSocket();
    const ordinary = server.answer;
    server.answer = (message, peer) => {
      if (message.method === "tools/call") peer.send("x".repeat(129 * MIB));
      else ordinary(message, peer);
    };
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const { error } = await bridge.request({ id: 1, method: "tools/call" }, 20_000);
    expect(error.data.code).toBe("outcome_unknown");
    expect(error.message).toContain("the server's message is longer than 128 MiB");
    expect((await bridge.request({ id: 2, method: "ping" })).result).toEqual({ ok: true });
  });

  test("a message of 16 MiB passes both ways, in one frame", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const text = "x".repeat(16 * MIB);
    server.answer = ({ id, params }, peer) => {
      // The end of the handshake may still be on its way.
      if (id !== undefined) peer.send(JSON.stringify({ jsonrpc: "2.0", id, result: params }));
    };
    expect((await bridge.request({ id: 1, method: "tools/call", params: { text } })).result.text).toBe(text);
  });

  test("leaving closes the connection in good order and ends the process", async () => {
    using server = new FakeWebSocket();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    expect(await server.closings.find(() => true)).toBe(1000);
  });
});

describe("a WebSocket that does not come about", () => {
  test.each<[status: number, code: string, words: string]>([
    [401, "sign_in_required", "asks for credentials (401)"],
    [404, "http_status", "404"],
    [500, "http_status", "500"],
    [200, "http_status", "opens no WebSocket at this address"],
    [426, "http_status", "opens no WebSocket at this address"],
  ])("%d is told by name: %s", async (status, code, words) => {
    using server = new FakeWebSocket();
    server.refuse = () => new Response("no", { status });
    await using bridge = new Executable(server.url, "--sign-in-grace", "1");
    const { error, result } = await bridge.initialize();
    // A server that fails for a moment is dialled again, until the host is answered in its place.
    if (status === 500) return expect(result.serverInfo.version).toBe("unknown");
    expect(error.data.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test("a server that is not there yet is dialled until it is", async () => {
    const port = await freePort();
    await using bridge = new Executable(`ws://127.0.0.1:${port}/mcp`);
    const answer = bridge.initialize();
    await bridge.stderr.find((line) => line.includes("trying again"));
    using server = new FakeWebSocket(undefined, port);
    expect((await answer).result.protocolVersion).toBe("2025-11-25");
    expect(server.peers.items).toHaveLength(1);
  });

  test("a server that accepts the connection and says nothing is given up after --connect-timeout", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data(): void {} } });
    const url = `ws://127.0.0.1:${silent.port}/`;
    await using bridge = new Executable(url, "--connect-timeout", "1", "--sign-in-grace", "0", "--debug");
    bridge.send({ jsonrpc: "2.0", id: 1, method: "initialize", params: {} });
    await bridge.stderr.find((line) => line.includes("opened no WebSocket within 1 s"));
  });
});

describe("a WebSocket on its way", () => {
  const URL_BY_NAME = "ws://mcp.bridge.test:1234/mcp";

  function by(proxy: FaultProxy): { env: Record<string, string> } {
    return { env: { HTTP_PROXY: proxy.url.replace("//", "//user:p%40ss@"), NO_PROXY: "", no_proxy: "" } };
  }

  test("goes by the proxy of the environment, with its user and password", async () => {
    using server = new FakeWebSocket();
    using proxy = await FaultProxy.start();
    proxy.leadsTo = Number(new URL(server.url).port);
    await using bridge = new Executable(by(proxy), URL_BY_NAME, "--allow-http");
    expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    expect(proxy.asked.items).toEqual(["CONNECT mcp.bridge.test:1234 HTTP/1.1"]);
    expect(server.handshakes.items[0]!.get("host")).toBe("mcp.bridge.test:1234");
  });

  test("is told what a proxy says that does not let it through, without its password", async () => {
    using proxy = await FaultProxy.start();
    proxy.says = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    await using bridge = new Executable(by(proxy), URL_BY_NAME, "--allow-http");
    const { error } = await bridge.initialize();
    expect(error.data.code).toBe("proxy_refused");
    expect(error.message).toContain(`the proxy ${proxy.address} does not accept the user and password`);
    expect(error.message).not.toContain("p%40ss");
  });

  test("never goes by a proxy on this machine", async () => {
    using server = new FakeWebSocket();
    using proxy = await FaultProxy.start();
    await using bridge = new Executable(by(proxy), server.url);
    expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    expect(proxy.asked.items).toEqual([]);
  });

  test("goes over IPv4 with --ipv4, under the name that was given", async () => {
    using certificates = new Certificates();
    const { cert, key } = certificates.sign("server", "DNS:localhost");
    using server = new FakeWebSocket({ cert: Bun.file(cert), key: Bun.file(key) });
    const url = server.url.replace("127.0.0.1", "localhost");
    await using bridge = new Executable(url, "--ipv4", "--ca", certificates.authority.cert);
    expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    expect(server.handshakes.items[0]!.get("host")).toBe(new URL(url).host);
  });
});

describe("wss", () => {
  let certificates: Certificates;
  beforeAll(() => void (certificates = new Certificates()));
  afterAll(() => certificates[Symbol.dispose]());

  const initialized = "2025-11-25";

  test("messages of 16 MiB pass both ways, and a certificate of ours is shown where the server asks", async () => {
    const { cert, key } = certificates.sign("server", "IP:127.0.0.1");
    const own = certificates.sign("client", "DNS:client");
    const ca = certificates.authority.cert;
    using server = new FakeWebSocket({
      ...{ cert: Bun.file(cert), key: Bun.file(key), ca: Bun.file(ca) },
      ...{ requestCert: true, rejectUnauthorized: true },
    });
    await using bridge = new Executable(server.url, "--ca", ca, "--cert", own.cert, "--key", own.key);
    expect((await bridge.initialize()).result.protocolVersion).toBe(initialized);
    const text = "x".repeat(16 * MIB);
    server.answer = ({ id, params }, peer) => {
      if (id !== undefined) peer.send(JSON.stringify({ jsonrpc: "2.0", id, result: params }));
    };
    expect((await bridge.request({ id: 1, method: "tools/call", params: { text } })).result.text).toBe(text);
  });

  test("the authorities of NODE_EXTRA_CA_CERTS count as well", async () => {
    const { cert, key } = certificates.sign("server", "IP:127.0.0.1");
    using server = new FakeWebSocket({ cert: Bun.file(cert), key: Bun.file(key) });
    await using bridge = new Executable({ env: { NODE_EXTRA_CA_CERTS: certificates.authority.cert } }, server.url);
    expect((await bridge.initialize()).result.protocolVersion).toBe(initialized);
  });

  test("a certificate for another name is refused, whatever the environment says of such", async () => {
    const { cert, key } = certificates.sign("server", "DNS:another.example");
    using server = new FakeWebSocket({ cert: Bun.file(cert), key: Bun.file(key) });
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    await using bridge = new Executable({ env }, server.url, "--ca", certificates.authority.cert);
    expect((await bridge.initialize()).error.data.code).toBe("untrusted_certificate");
  });

  test("the certificate is checked, by --ca if that is given, and not at all with --insecure", async () => {
    const { cert, key } = certificates.sign("server", "IP:127.0.0.1");
    using server = new FakeWebSocket({ cert: Bun.file(cert), key: Bun.file(key) });
    await using distrustful = new Executable(server.url);
    const { error } = await distrustful.initialize();
    expect(error.data.code).toBe("untrusted_certificate");
    expect(error.data.hint).toContain("--ca FILE");
    for (const flags of [["--ca", certificates.authority.cert], ["--insecure"]]) {
      await using bridge = new Executable(server.url, ...flags);
      expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    }
  });
});

test("ws beyond this machine is refused unless --allow-http says so", async () => {
  await using bridge = new Executable("ws://mcp.example.com/");
  expect(await bridge.exit(5_000)).toBe(2);
  await bridge.stderr.find((line) => line.includes('"ws://mcp.example.com" is not encrypted'));
});

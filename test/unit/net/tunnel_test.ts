import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { dial } from "../../../src/net/dial.ts";
import { lookUp } from "../../../src/net/names.ts";
import { proxyFor } from "../../../src/net/proxy.ts";
import type { TlsSettings } from "../../../src/net/tls.ts";
import { openTunnel, reachProxy } from "../../../src/net/tunnel.ts";
import { Certificates } from "../../harness/certificates.ts";
import { deafPort } from "../../harness/deaf_port.ts";
import { freePort } from "../../harness/free_port.ts";

const TARGET = new URL("https://mcp.example.com/mcp");

/** A proxy that says `answer` to what it is asked, and what it was asked. */
async function proxy(answer: string): Promise<{ port: number; asked: string[] } & Disposable> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      asked.push(String(chunk));
      socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    asked,
    [Symbol.dispose](): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

const STRICT: TlsSettings = { rejectUnauthorized: true };

/** What comes of a tunnel: the code of the error, or `ok`. */
async function outcome(address: string, patience = 5_000, tls = STRICT): Promise<string> {
  const env = { HTTPS_PROXY: address };
  try {
    (await openTunnel(TARGET, proxyFor(TARGET, env)!, { env, tls, patience })).destroy();
    return "ok";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

test("a tunnel is asked for with the user and password of the variable, taken out of their escapes", async () => {
  using open = await proxy("HTTP/1.1 200 Connection established\r\n\r\n");
  expect(await outcome(`http://me:p%40ss%3A@127.0.0.1:${open.port}`)).toBe("ok");
  expect(open.asked).toEqual([
    "CONNECT mcp.example.com:443 HTTP/1.1\r\nHost: mcp.example.com:443\r\n" +
    `Proxy-Authorization: Basic ${btoa("me:p@ss:")}\r\n\r\n`,
  ]);
});

test("a user that is written with a stray percent sign is sent as it stands", async () => {
  using open = await proxy("HTTP/1.1 200 OK\r\n\r\n");
  expect(await outcome(`http://me:100%@127.0.0.1:${open.port}`)).toBe("ok");
  expect(open.asked[0]).toContain(btoa("me:100%"));
});

test.each([
  ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy_refused"],
  ["HTTP/1.1 403 Forbidden\r\n\r\n", "proxy_refused"],
  ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "unreachable"],
  ["220 smtp.example.com ESMTP\r\n\r\n", "bad_answer"],
  ["x".repeat(100_000), "bad_answer"],
])("%j is %s", async (answer, code) => {
  using shut = await proxy(answer);
  expect(await outcome(`http://127.0.0.1:${shut.port}`)).toBe(code);
});

test("a proxy that is not there, or is silent, is told in time", async () => {
  expect(await outcome(`http://127.0.0.1:${await freePort()}`)).toBe("unreachable");
  using silent = await proxy("");
  expect(await outcome(`http://127.0.0.1:${silent.port}`, 50)).toBe("connect_timeout");
  expect(await outcome("socks5://127.0.0.1:1")).toBe("proxy_refused");
});

test("a proxy that speaks TLS itself is told the password once it has shown whose it is", async () => {
  using certificates = new Certificates();
  const { cert, key } = certificates.sign("proxy", "IP:127.0.0.1");
  const asked: string[] = [];
  const server = createTlsServer({ cert: await Bun.file(cert).text(), key: await Bun.file(key).text() }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      asked.push(String(chunk));
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `https://me:secret@127.0.0.1:${(server.address() as { port: number }).port}`;
  expect([await outcome(address), asked]).toEqual(["untrusted_certificate", []]);
  const ca = await Bun.file(certificates.authority.cert).text();
  expect(await outcome(address, 5_000, { ...STRICT, ca })).toBe("ok");
  expect(asked[0]).toContain(btoa("me:secret"));
  server.close();
});

test("a proxy on the way of plain http is asked for nothing", async () => {
  using plain = await proxy("HTTP/1.1 403 Forbidden\r\n\r\n");
  const env = { HTTP_PROXY: `http://127.0.0.1:${plain.port}` };
  const target = new URL("http://mcp.example.com/mcp");
  await reachProxy(target, proxyFor(target, env)!, { env, tls: STRICT, patience: 5_000 });
  expect(plain.asked).toEqual([]);
});

test("an address is dialled for as long as was said", async () => {
  await using deaf = await deafPort();
  expect(await dial("127.0.0.1", deaf.port, 50)).toMatchObject({ failure: "TIMEOUT" });
  expect(await dial("127.0.0.1", await freePort(), 5_000)).toMatchObject({ failure: "ECONNREFUSED" });
});

test("a name is looked up in one family alone", async () => {
  expect(await lookUp("127.0.0.1", 4, 5_000)).toMatchObject({ addresses: ["127.0.0.1"], failure: undefined });
  expect(await lookUp("nowhere.invalid", 6, 5_000)).toMatchObject({ addresses: [], failure: expect.any(String) });
});

/** Proxies on the way: Debian's squid, and one that opens what passes, as many organisations have it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Certificates } from "../harness/certificates.ts";
import { isAbsent } from "../harness/daemon.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import { commandOf, Executable, type Message } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";
import { FaultProxy } from "../harness/fault_proxy.ts";
import { Home } from "../harness/home.ts";
import { FAR_NAME, Squid } from "../harness/squid.ts";
import type { Role, SdkClientKind } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT } from "../harness/v2_client.ts";

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());
const { authority } = certificates;
const far = certificates.sign("far", `DNS:${FAR_NAME}`);
const LOGIN = { user: "me", password: "p@ss:/word" };
const CLIENTS: readonly SdkClientKind[] = [V1_CLIENT, V2_AUTO_CLIENT];
const ROLE: Role = { sample: () => "", elicit: () => ({ action: "cancel" }), roots: () => [] };

function tlsOf({ cert, key }: { cert: string; key: string }): Bun.TLSOptions {
  return { cert: Bun.file(cert), key: Bun.file(key) };
}

/** The environment that leads to a proxy, and no other way; `login` stands before its address. */
function leadingTo(address: string, login = ""): Record<string, string> {
  const url = `http://${login}${address}`;
  return { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: "" };
}

/** The answer to a call through the executable, and all that it says. */
async function callBy(env: Record<string, string>, ...words: string[]): Promise<{ answer: Message; said: string }> {
  await using bridge = new Executable({ env }, ...words);
  const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  return { answer, said: `${bridge.output}\n${bridge.stderr}` };
}

describe.skipIf(isAbsent("squid"))("behind squid", () => {
  let open: Squid;
  let locked: Squid;
  let everything: EverythingServer;
  beforeAll(async () => {
    [open, locked, everything] = await Promise.all([Squid.start(), Squid.start(LOGIN), EverythingServer.start()]);
  });
  afterAll(() => Promise.all([open, locked, everything].map((part) => part[Symbol.asyncDispose]())));

  /** The address of a server on this machine by the name that only the proxy knows. */
  const farOf = (url: string): string => url.replace("127.0.0.1", FAR_NAME);
  const lockedBy = (password: string): Record<string, string> =>
    leadingTo(locked.address, `${LOGIN.user}:${encodeURIComponent(password)}@`);

  for (const kind of CLIENTS) {
    test(`${kind.name} reaches a server over plain http, with its password`, async () => {
      using home = new Home();
      const command = commandOf(home, farOf(everything.url), "--allow-http");
      Object.assign(command.env, lockedBy(LOGIN.password));
      await using client = await kind.overStdio(command, ROLE);
      expect((await client.call("echo", { message: "hello" })).content[0]!.text).toBe("Echo: hello");
      expect((await client.call("get-sum", { a: 2, b: 3 })).content[0]!.text).toContain("5");
      expect(locked.asked()).toContain(`POST ${farOf(everything.url)}`);
    });

    test(`${kind.name} reaches a server over https, the tunnel opened without a password`, async () => {
      using home = new Home();
      using front = new TlsFront(everything.url, tlsOf(far));
      const command = commandOf(home, farOf(front.url), "--ca", authority.cert);
      Object.assign(command.env, leadingTo(open.address));
      await using client = await kind.overStdio(command, ROLE);
      expect((await client.call("echo", { message: "hello" })).content[0]!.text).toBe("Echo: hello");
    });
  }

  test.each<[string, Bun.TLSOptions | undefined]>([["ws", undefined], ["wss", tlsOf(far)]])(
    "a message of 8 MiB passes both ways over %s, the tunnel opened with a password",
    async (_scheme, tls) => {
      using server = new FakeWebSocket(tls);
      const url = farOf(server.url);
      await using bridge = new Executable(
        { env: lockedBy(LOGIN.password) },
        url,
        "--allow-http",
        "--ca",
        authority.cert,
      );
      await bridge.initialize();
      const text = "x".repeat(8 * 1_048_576);
      server.answer = ({ id, params }, peer) => {
        if (id !== undefined) peer.send(JSON.stringify({ jsonrpc: "2.0", id, result: params }));
      };
      expect((await bridge.request({ id: 1, method: "tools/call", params: { text } })).result.text).toBe(text);
      bridge.endInput();
      expect(await bridge.exit(2_000)).toBe(0);
      await server.closings.find(() => true);
      expect(locked.asked()).toContain(`CONNECT ${new URL(url).host}`);
    },
  );

  test("server messages, 300 calls at once and the session's end pass, over http and https", async () => {
    for (const tls of [undefined, tlsOf(far)]) {
      using server = new FakeMcp(0, tls);
      await using bridge = new Executable(
        { env: lockedBy(LOGIN.password) },
        farOf(server.url),
        "--allow-http",
        "--ca",
        authority.cert,
      );
      await bridge.initialize();
      const stream = await server.streams.find(() => true);
      stream.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
      await bridge.output.find((line) => line.includes("list_changed"));
      const calls = Array.from({ length: 300 }, (_, id) => bridge.request({ id, method: "tools/call", params: {} }));
      expect((await Promise.all(calls)).filter(({ result }) => result !== undefined)).toHaveLength(300);
      bridge.endInput();
      expect(await bridge.exit(2_000)).toBe(0);
      expect(server.deleted).toBe(1);
    }
  }, 30_000);

  for (const scheme of ["http", "https"]) {
    const variable = `${scheme.toUpperCase()}_PROXY`;

    test(`a password that is missing or wrong is told at once, and never shown, for ${scheme}`, async () => {
      const url = `${scheme}://${FAR_NAME}:9/mcp`;
      const missing = await callBy(leadingTo(locked.address), url, "--allow-http");
      expect(missing.answer.error.data.code).toBe("proxy_refused");
      expect(missing.answer.error.message).toContain(`the proxy ${locked.address} wants a user and password (407)`);
      expect(missing.answer.error.message).toContain(`set them in ${variable}`);
      const wrong = await callBy(lockedBy("hunter2"), url, "--allow-http", "--debug");
      expect(wrong.answer.error.message).toContain(
        `the proxy ${locked.address} does not accept the user and password in ${variable} (407)`,
      );
      expect(wrong.said).not.toContain("hunter2");
      expect(wrong.said).not.toContain(btoa(`${LOGIN.user}:hunter2`));
    });

    test(`a place that it forbids is told with the proxy's name, for ${scheme}`, async () => {
      const { answer } = await callBy(leadingTo(open.address), `${scheme}://${FAR_NAME}:1/mcp`, "--allow-http");
      expect(answer.error.data.code).toBe(scheme === "https" ? "proxy_refused" : "http_status");
      expect(answer.error.message).toContain(`the proxy ${open.address}`);
      expect(answer.error.message).toContain("403");
      expect(answer.error.message).toContain("NO_PROXY");
    });
  }

  test("--ipv4 leaves the way by the proxy as it is", async () => {
    using server = new FakeMcp();
    const { answer } = await callBy(leadingTo(open.address), farOf(server.url), "--allow-http", "--ipv4");
    expect(answer.result).toBeDefined();
    expect(server.posted("tools/call")).toHaveLength(1);
  });
});

/** TLS in front of a server of plain http, by a certificate. Disposing it closes it. */
class TlsFront implements Disposable {
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(target: string, tls: Bun.TLSOptions) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      tls,
      fetch: async (request) => {
        const headers = new Headers(request.headers);
        headers.delete("host");
        const { method, signal } = request;
        const body = method === "POST" ? await request.bytes() : undefined;
        return fetch(new URL(new URL(request.url).pathname, target), { method, headers, body, signal, timeout: false });
      },
    });
  }

  get url(): string {
    return `https://127.0.0.1:${this.#server.port}/mcp`;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}

describe("a proxy that opens what passes, by an authority of its own", () => {
  test("is what an unknown authority may be, and --ca names it", async () => {
    using proxy = await FaultProxy.start();
    using inspector = new FakeMcp(0, tlsOf(far));
    proxy.leadsTo = inspector.port;
    const url = `https://${FAR_NAME}/mcp`;
    const { answer } = await callBy(leadingTo(proxy.address), url);
    expect(answer.error.data.code).toBe("untrusted_certificate");
    expect(answer.error.message).toMatch(/a proxy on the way, shows a certificate of an unknown authority.*--ca FILE/);
    expect(inspector.seen.items).toEqual([]);
    expect((await callBy(leadingTo(proxy.address), url, "--ca", authority.cert)).answer.result).toBeDefined();
    expect(proxy.asked.items).toContain(`CONNECT ${FAR_NAME}:443 HTTP/1.1`);
  });
});

test("a proxy that is itself reached by TLS is judged as a server is, for https and for http", async () => {
  const { cert, key } = certificates.sign("proxy", "IP:127.0.0.1");
  using proxy = await FaultProxy.start({ cert: readFileSync(cert), key: readFileSync(key) });
  using server = new FakeMcp(0, tlsOf(far));
  proxy.leadsTo = server.port;
  const url = `https://${proxy.address}`;
  const env = { HTTP_PROXY: url, HTTPS_PROXY: url, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const secure = `https://${FAR_NAME}/mcp`;
  expect((await callBy(env, secure)).answer.error.data.code).toBe("untrusted_certificate");
  expect((await callBy(env, secure, "--ca", authority.cert)).answer.result).toBeDefined();
  proxy.leadsTo = undefined;
  const plain = [`http://${FAR_NAME}/mcp`, "--allow-http"];
  expect((await callBy(env, ...plain)).answer.error.data.code).toBe("untrusted_certificate");
  expect((await callBy(env, ...plain, "--ca", authority.cert)).answer.error.data.code).toBe("http_status");
});

test("a page of a proxy in place of the server's JSON names the proxy and NO_PROXY", async () => {
  using proxy = await FaultProxy.start();
  proxy.says = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Log in</h1>";
  const url = `http://${FAR_NAME}/mcp`;
  const { answer } = await callBy(leadingTo(proxy.address), url, "--allow-http", "--transport", "http-only");
  expect(answer.error.data.code).toBe("bad_answer");
  expect(answer.error.message).toContain(
    `the server, or the proxy ${proxy.address} on the way, answered with "text/html"`,
  );
  expect(answer.error.message).toContain("NO_PROXY");
});

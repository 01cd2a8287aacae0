import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createGate, type HttpAnswer } from "../../../src/net/gate.ts";
import { hasProxy, proxyFor } from "../../../src/net/proxy.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { FaultProxy } from "../../harness/fault_proxy.ts";
import { freePort } from "../../harness/free_port.ts";

const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
const FAR = "mcp.bridge.test";
const MIB = 1_048_576;
const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));

function setEnvironment(values: Record<string, string | undefined>): void {
  for (const name of VARIABLES) {
    if (values[name] === undefined) delete process.env[name];
    else process.env[name] = values[name];
  }
}

beforeEach(() => setEnvironment({}));
afterEach(() => setEnvironment(before));

describe("the proxy that applies is the one that fetch takes", () => {
  const TABLE: [env: Record<string, string>, variable: string | undefined][] = [
    [{}, undefined],
    [{ HTTP_PROXY: "" }, undefined],
    [{ HTTPS_PROXY: "PROXY" }, undefined],
    [{ HTTP_PROXY: "PROXY" }, "HTTP_PROXY"],
    [{ http_proxy: "PROXY" }, "http_proxy"],
    [{ ALL_PROXY: "PROXY" }, "ALL_PROXY"],
    [{ all_proxy: "PROXY" }, "all_proxy"],
    [{ HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "PROXY" }, "http_proxy"],
    [{ ALL_PROXY: "http://127.0.0.1:1", HTTP_PROXY: "PROXY" }, "HTTP_PROXY"],
    [{ http_proxy: "", HTTP_PROXY: "PROXY" }, "HTTP_PROXY"],
    [{ HTTP_PROXY: "PROXY", no_proxy: "", NO_PROXY: "deep.mcp.localhost" }, undefined],
    [{ HTTP_PROXY: "PROXY", no_proxy: "other", NO_PROXY: "deep.mcp.localhost" }, "HTTP_PROXY"],
  ];
  for (const [env, variable] of TABLE) {
    test(`${JSON.stringify(env)}: ${variable ?? "none"}`, async () => {
      expect(await chosen("deep.mcp.localhost", env)).toEqual({ ours: variable, fetches: variable !== undefined });
    });
  }

  const EXCEPTIONS: [host: string, list: string, excepted: boolean][] = [
    ["deep.mcp.localhost", "deep.mcp.localhost", true],
    ["deep.mcp.localhost", "mcp.localhost", true],
    ["deep.mcp.localhost", ".mcp.localhost", true],
    ["deep.mcp.localhost", "*.mcp.localhost", true],
    ["mcp.localhost", ".mcp.localhost", true],
    ["deep.mcp.localhost", "DEEP.MCP.LocalHost", true],
    ["deep.mcp.localhost", "other.example, deep.mcp.localhost ,x", true],
    ["deep.mcp.localhost", "other.example deep.mcp.localhost", true],
    ["deep.mcp.localhost", "*", true],
    ["deep.mcp.localhost", "deep.mcp.localhost:PORT", true],
    ["deep.mcp.localhost", ".localhost:PORT", true],
    ["deep.mcp.localhost", "deep.mcp.localhost:1", false],
    ["deep.mcp.localhost", "eep.mcp.localhost", false],
    ["deep.mcp.localhost", "deep.*.localhost", false],
    ["deep.mcp.localhost", "http://deep.mcp.localhost", false],
    ["deep.mcp.localhost", ", ,", false],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.1:PORT", true],
    ["127.0.0.1", "127.0.0.1:1", false],
    ["127.0.0.1", "127.0.0.0/8", true],
    ["127.0.0.1", "127.0.0.0/31", true],
    ["127.0.0.1", "127.0.0.2/31", false],
    ["127.0.0.1", "126.0.0.0/8", false],
    ["127.0.0.1", "0.0.0.0/0", true],
    ["127.0.0.1", "127.", false],
  ];
  for (const [host, list, excepted] of EXCEPTIONS) {
    test(`${host} with NO_PROXY=${list}: ${excepted ? "none" : "the proxy"}`, async () => {
      const ours = excepted ? undefined : "HTTP_PROXY";
      expect(await chosen(host, { HTTP_PROXY: "PROXY", NO_PROXY: list })).toEqual({ ours, fetches: !excepted });
    });
  }

  /** What we and what fetch make of an environment for a host that is a server on this machine. */
  async function chosen(
    host: string,
    env: Record<string, string>,
  ): Promise<{ ours: string | undefined; fetches: boolean }> {
    using proxy = await FaultProxy.start();
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const filled = Object.entries(env).map(([name, text]) => [
      name,
      text.replace("PROXY", proxy.url).replace("PORT", `${server.port}`),
    ]);
    setEnvironment(Object.fromEntries(filled));
    const url = new URL(`http://${host}:${server.port}/`);
    const { status } = await fetch(url);
    return { ours: proxyFor(url, process.env)?.variable, fetches: status === 403 };
  }
});

test("an IPv6 address is excepted with brackets or without, its port in mind", () => {
  const url = new URL("http://[2001:db8::1]:81/");
  const env = { HTTP_PROXY: "http://p.example:3128" };
  for (const list of ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:81"]) {
    expect(proxyFor(url, { ...env, NO_PROXY: list })).toBeUndefined();
  }
  expect(proxyFor(url, { ...env, NO_PROXY: "[2001:db8::1]:82, 2001:db8::2" })).toBeDefined();
});

test("a proxy is told by host and port, never by its user and password", () => {
  const url = new URL("https://mcp.example.com/");
  for (const said of ["http://me:hunter2@p.example:3128/x", "me:hunter2@p.example:3128"]) {
    const proxy = proxyFor(url, { HTTPS_PROXY: said });
    expect(proxy).toEqual({ address: "p.example:3128", variable: "HTTPS_PROXY", hasUser: true, speaksHttp: true });
  }
  expect(proxyFor(url, { HTTPS_PROXY: "http://me:hunter2@:x" })?.address).toBe("without an address");
  expect(hasProxy({ HTTPS_PROXY: "", all_proxy: "x" })).toBe(true);
  expect(hasProxy({ NO_PROXY: "x", HTTPS_PROXY: "" })).toBe(false);
});

/** Asks for a far address through the gate. */
async function ask(scheme: string): Promise<HttpAnswer> {
  const gate = createGate({
    clock: systemClock,
    budget: new Budget(MIB),
    tls: { rejectUnauthorized: true },
    cookies: undefined,
    ipv4: false,
    connectTimeout: 5_000,
    headersTimeout: 5_000,
  });
  return await gate.fetch({ url: new URL(`${scheme}://${FAR}/mcp`), method: "POST", headers: new Headers() });
}

async function failureOf(scheme: string): Promise<BridgeError> {
  return await ask(scheme).then(() => Promise.reject(new Error("It did not fail")), (thrown) => thrown);
}

describe("a proxy's fault is told as the proxy's, with the variable that cures it", () => {
  const html = "<html>no</html>";
  const page = (status: string): string =>
    `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${html.length}\r\n\r\n${html}`;
  type Told = [code: string, message: string, hint: string];
  const past = "or except the host with NO_PROXY";
  const FAULTS: [what: string, scheme: string, login: string, says: string, told: Told][] = [
    ["407", "https", "", page("407 Password"), [
      "proxy_refused",
      "the proxy ADDRESS wants a user and password (407)",
      `set them in HTTPS_PROXY, like http://USER:PASSWORD@HOST:PORT, ${past}`,
    ]],
    ["407", "http", "", page("407 Password"), [
      "proxy_refused",
      "the proxy ADDRESS wants a user and password (407)",
      `set them in HTTP_PROXY, like http://USER:PASSWORD@HOST:PORT, ${past}`,
    ]],
    ["407 to a password", "https", "me:hunter2@", page("407 Password"), [
      "proxy_refused",
      "the proxy ADDRESS does not accept the user and password in HTTPS_PROXY (407)",
      `check them, special signs written like %40, ${past}`,
    ]],
    ["407 to a password", "http", "me:hunter2@", page("407 Password"), [
      "proxy_refused",
      "the proxy ADDRESS does not accept the user and password in HTTP_PROXY (407)",
      `check them, special signs written like %40, ${past}`,
    ]],
    ["403", "https", "", page("403 No"), [
      "proxy_refused",
      `the proxy ADDRESS lets nobody through to ${FAR} (403)`,
      `ask whoever runs it to allow that, ${past}`,
    ]],
    ["502", "https", "", page("502 No"), [
      "unreachable",
      `the proxy ADDRESS does not reach ${FAR} (502)`,
      `check the address, ${past}`,
    ]],
    ["HTML to CONNECT", "https", "", page("200 OK"), [
      "untrusted_certificate",
      `no TLS connection to ${FAR} came about by the proxy ADDRESS (EPROTO)`,
      `check the address and HTTPS_PROXY, ${past}`,
    ]],
    ["no HTTP", "https", "", "220 mail.example ESMTP\r\n\r\n", [
      "bad_answer",
      `${FAR}, or the proxy ADDRESS on the way, does not speak HTTP`,
      `check HTTPS_PROXY, ${past}`,
    ]],
    ["no HTTP", "http", "", "220 mail.example ESMTP\r\n\r\n", [
      "bad_answer",
      `${FAR}, or the proxy ADDRESS on the way, does not speak HTTP`,
      `check HTTP_PROXY, ${past}`,
    ]],
  ];
  for (const [what, scheme, login, says, told] of FAULTS) {
    test(`${what}, for ${scheme}`, async () => {
      using proxy = await FaultProxy.start();
      proxy.says = says;
      const url = `http://${login}${proxy.address}`;
      setEnvironment({ HTTP_PROXY: url, HTTPS_PROXY: url });
      const failure = await failureOf(scheme);
      expect([failure.code, failure.message, failure.hint]).toEqual(
        told.map((text) => text.replace("ADDRESS", proxy.address)) as Told,
      );
    });
  }

  test.each(["http", "https"])("that nobody listens, for %s", async (scheme) => {
    const address = `127.0.0.1:${await freePort()}`;
    setEnvironment({ ALL_PROXY: `http://me:hunter2@${address}` });
    const { code, message, hint } = await failureOf(scheme);
    expect([code, message, hint]).toEqual([
      "unreachable",
      `the proxy ${address} does not accept connections (ECONNREFUSED)`,
      "check ALL_PROXY, or except the host with NO_PROXY",
    ]);
  });

  test("that it speaks no HTTP but SOCKS", async () => {
    for (const variable of ["HTTPS_PROXY", "all_proxy"]) {
      setEnvironment({ [variable]: "socks5://me:hunter2@127.0.0.1:1080" });
      const { code, message, hint } = await failureOf("https");
      expect([code, message, hint]).toEqual([
        "proxy_refused",
        `the proxy in ${variable} is none that speaks HTTP`,
        `name one with "http://" or "https://" in ${variable}, or except the host with NO_PROXY`,
      ]);
    }
  });

  test("an answer over plain http tells that it may be the proxy's, one over TLS cannot be", async () => {
    using proxy = await FaultProxy.start();
    setEnvironment({ HTTP_PROXY: proxy.url });
    const answer = await ask("http");
    expect([answer.status, answer.proxy]).toEqual([403, proxy.address]);
    answer.body.discard();
  });
});

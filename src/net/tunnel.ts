import type { Socket } from "node:net";
import { BridgeError } from "../platform/errors.ts";
import { bareHost } from "./address.ts";
import { openSocketTo, secureSocket } from "./dial.ts";
import { networkError, proxyRefusal } from "./network_error.ts";
import { type Proxy, proxyAddress, type Variables } from "./proxy.ts";
import { portOf } from "./server_url.ts";
import type { TlsSettings } from "./tls.ts";

/** Longer heads are none of a proxy's, in bytes. */
const LONGEST_HEAD = 65_536;

/**
 * How a proxy is spoken to: with what is in the environment's variable, by which certificates, and for how many ms;
 * `signal` ends it before that.
 */
export interface ProxyOptions {
  readonly env: Variables;
  readonly tls: TlsSettings;
  readonly patience: number;
  readonly signal?: AbortSignal;
}

/**
 * Has a proxy open a way to a server (RFC 9110, 9.3.6), as fetch does for a request by https, with the user and password
 * of its variable. The socket is the caller's to close.
 *
 * @throws {BridgeError} `unreachable`, `proxy_refused`, `bad_answer`, `untrusted_certificate` for a proxy that speaks TLS
 * itself, `connect_timeout`
 */
export async function openTunnel(target: URL, proxy: Proxy, options: ProxyOptions): Promise<Socket> {
  const socket = await socketTo(target, proxy, options);
  const host = `${target.hostname}:${portOf(target)}`;
  const login = authorization(new URL(proxyAddress(proxy, options.env)));
  socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${login}\r\n`);
  try {
    const status = await statusOf(socket, proxy, options);
    if (status >= 200 && status <= 299) return socket;
    throw proxyRefusal(target, status, proxy);
  } catch (thrown) {
    socket.destroy();
    throw thrown instanceof BridgeError ? thrown : networkError(target, thrown, { proxy });
  }
}

/**
 * Looks whether a proxy is there, and asks nothing of it: a request by plain http needs no way to be opened.
 *
 * @throws {BridgeError} as `openTunnel`
 */
export async function reachProxy(target: URL, proxy: Proxy, options: ProxyOptions): Promise<void> {
  (await socketTo(target, proxy, options)).destroy();
}

async function socketTo(target: URL, proxy: Proxy, { env, tls, patience, signal }: ProxyOptions): Promise<Socket> {
  if (!proxy.speaksHttp) throw networkError(target, undefined, { proxy });
  const address = new URL(proxyAddress(proxy, env));
  const hostname = bareHost(address);
  const opened = await openSocketTo(hostname, portOf(address), patience, signal);
  if (opened === "TIMEOUT") throw silent(proxy, patience);
  if (typeof opened === "string") throw networkError(target, { code: opened }, { proxy });
  if (address.protocol !== "https:") return opened;
  // Before anything is said: a password goes to who has shown that it is the one.
  const secured = await secureSocket(opened, hostname, tls, patience, signal);
  if (typeof secured !== "string") return secured;
  throw secured === "TIMEOUT" ? silent(proxy, patience) : networkError(target, { code: secured }, { proxy });
}

function authorization({ username, password }: URL): string {
  if (username === "") return "";
  const login = Buffer.from(`${unescaped(username)}:${unescaped(password)}`, "utf8");
  return `Proxy-Authorization: Basic ${login.toString("base64")}\r\n`;
}

/** A percent sign that begins no escape stands for itself. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Reads the head of the proxy's answer and leaves what follows it. */
function statusOf(socket: Socket, proxy: Proxy, { patience, signal }: ProxyOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let head = "";
  const late = (): void => give(() => reject(silent(proxy, patience)));
  const timer = setTimeout(late, patience);
  function give(settle: () => void): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", late);
    for (const name of ["data", "error", "close"]) socket.removeAllListeners(name);
    socket.on("error", () => {});
    settle();
  }
  socket.on("data", (chunk: Buffer) => {
    head += chunk.toString("latin1");
    if (!head.includes("\r\n\r\n") && head.length < LONGEST_HEAD) return;
    socket.pause();
    const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
    give(() => status === undefined ? reject({ code: "Malformed_HTTP_Response" }) : resolve(Number(status)));
  });
  socket.on("error", (error) => give(() => reject(error)));
  socket.on("close", () => give(() => reject({ code: "ECONNRESET" })));
  signal?.addEventListener("abort", late);
  if (signal?.aborted === true) late();
  return promise;
}

function silent({ address, variable }: Proxy, patience: number): BridgeError {
  return new BridgeError(
    "connect_timeout",
    `the proxy ${address} opened no way within ${patience / 1_000} s`,
    {
      hint: `check ${variable}, or except the host with NO_PROXY`,
    },
  );
}

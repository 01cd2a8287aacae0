import type { Socket } from "node:net";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { ByteFlow } from "../platform/socket_flow.ts";
import { bareHost } from "./address.ts";
import { openSocketTo, secureSocket } from "./dial.ts";
import { type AnswerHead, AnswerReader } from "./http_answer.ts";
import { requestHead } from "./http_request.ts";
import { networkError } from "./network_error.ts";
import { NodeFlow } from "../platform/node_flow.ts";
import type { Proxy } from "./proxy.ts";
import { portOf } from "./server_url.ts";
import type { TlsSettings } from "./tls.ts";

/** A WebSocket that is to be opened. */
export interface SocketRequest {
  /** A `ws:` or `wss:` address. */
  readonly url: URL;
  /** Headers of the handshake. */
  readonly headers: Headers;
  /** The subprotocol that is asked for. */
  readonly protocol: string;
  /** Gives it up; nothing that happens later matters then. */
  readonly abort: AbortController;
}

/** What opening one goes by. */
export interface SocketOptions {
  readonly clock: Clock;
  readonly tls: TlsSettings;
  /** How long the handshake may take, in ms; 0 for as long as the server likes. */
  readonly connectTimeout: number;
  /** Whether the connection is made over IPv4 only; that to a proxy is not concerned. */
  readonly ipv4: boolean;
  /** The proxy by which the server is reached. */
  readonly proxy: Proxy | undefined;
}

/** The longest time that the system measures, in ms. */
const FOR_EVER = 2 ** 31 - 1;
/** Says that the server knows what a WebSocket is (RFC 6455, 1.3). */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Opens a connection for the frames of a WebSocket: its handshake (RFC 6455, section 4), by the proxy that there is and
 * with TLS for `wss:`. No extension is offered, so that no server can make much of little by compression.
 *
 * @throws {BridgeError} what a request by HTTP throws; `http_status` where the server answered something other than a
 * WebSocket.
 */
export async function openSocket(request: SocketRequest, options: SocketOptions): Promise<ByteFlow> {
  const { signal } = request.abort;
  const { clock, connectTimeout } = options;
  if (signal.aborted) throw signal.reason;
  const over = new AbortController();
  const giveUp = (): void => over.abort(signal.reason);
  const timer = connectTimeout === 0
    ? undefined
    : clock.after(connectTimeout, () => over.abort(late(request.url, connectTimeout)));
  signal.addEventListener("abort", giveUp);
  try {
    return await open(request, options, over.signal);
  } finally {
    timer?.cancel();
    signal.removeEventListener("abort", giveUp);
  }
}

/** What is under way ends with `over`, and nothing is said to a server from then on. */
async function open(request: SocketRequest, options: SocketOptions, over: AbortSignal): Promise<ByteFlow> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  over.addEventListener("abort", () => reject(over.reason));
  const connecting = connected(request.url, options, over);
  connecting.then((socket) => over.aborted && socket.destroy(), () => {});
  const flow = new NodeFlow(await Promise.race([connecting, ended]));
  try {
    return await Promise.race([shakeHands(request, flow), ended]);
  } catch (thrown) {
    flow.end();
    throw over.aborted ? over.reason : networkError(request.url, thrown, { proxy: options.proxy });
  }
}

async function connected(url: URL, options: SocketOptions, over: AbortSignal): Promise<Socket> {
  const { tls, proxy, ipv4, connectTimeout } = options;
  const patience = connectTimeout === 0 ? FOR_EVER : connectTimeout;
  const tunnel = proxy === undefined ? undefined : await import("./tunnel.ts");
  const socket = await (tunnel?.openTunnel(url, proxy!, { env: process.env, tls, patience, signal: over }) ??
    openSocketTo(ipv4 ? await ipv4Of(url) : bareHost(url), portOf(url), patience, over));
  const opened = typeof socket === "string" || url.protocol === "ws:"
    ? socket
    : await secureSocket(socket, bareHost(url), tls, patience, over);
  if (opened === "TIMEOUT") throw late(url, patience);
  if (typeof opened === "string") throw networkError(url, { code: opened }, { proxy });
  return opened;
}

async function shakeHands({ url, headers, protocol }: SocketRequest, flow: NodeFlow): Promise<ByteFlow> {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const asked = new Headers(headers);
  asked.set("upgrade", "websocket");
  asked.set("sec-websocket-version", "13");
  asked.set("sec-websocket-key", key);
  asked.set("sec-websocket-protocol", protocol);
  const behind = flow.write(requestHead({ method: "GET", url, headers: asked }, "upgrade"));
  // That the connection has ended is told by what it gives.
  if (behind instanceof Promise) behind.catch(() => {});
  const reader = new AnswerReader(true);
  for (;;) {
    const { done, value } = await flow.input.next();
    if (done === true) throw new BridgeError("outcome_unknown", `the connection to ${url.host} ended early`);
    const first = reader.push(value);
    const head = reader.takeHead();
    if (head === undefined) continue;
    judge(head, url, key, protocol);
    flow.giveBack(first);
    return flow;
  }
}

/** Whether the server has agreed (RFC 6455, 4.1), to what was asked for. */
function judge({ status, headers }: AnswerHead, url: URL, key: string, protocol: string): void {
  if (status !== 101) {
    throw new BridgeError("http_status", `${url.host} opens no WebSocket at this address`, {
      hint: "check the address: servers of today are reached by https",
    });
  }
  const accepted = new Bun.CryptoHasher("sha1").update(key + MAGIC).digest("base64");
  const agrees = headers.get("upgrade")?.toLowerCase() === "websocket" &&
    headers.get("sec-websocket-accept") === accepted;
  if (!agrees) throw bad(url, "it does not know what a WebSocket is");
  const chosen = headers.get("sec-websocket-protocol") ?? protocol;
  if (chosen !== protocol) throw bad(url, `it speaks another subprotocol than "${protocol}"`);
  if (headers.has("sec-websocket-extensions")) throw bad(url, "it wants an extension, and none was offered");
}

function bad(url: URL, why: string): BridgeError {
  return new BridgeError("bad_answer", `${url.host} opens no WebSocket: ${why}`);
}

function late(url: URL, ms: number): BridgeError {
  return new BridgeError("connect_timeout", `${url.host} opened no WebSocket within ${ms / 1000} s`, {
    hint:
      'check the address and the network, or allow more with "--connect-timeout SECONDS" or "timeouts" in servers.json',
  });
}

async function ipv4Of(url: URL): Promise<string> {
  const { lookup } = await import("node:dns/promises");
  try {
    return (await lookup(url.hostname, { family: 4 })).address;
  } catch (thrown) {
    throw networkError(url, thrown);
  }
}

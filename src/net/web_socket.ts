import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { networkError } from "./network_error.ts";
import { type Proxy, proxyAddress } from "./proxy.ts";
import type { TlsSettings } from "./tls.ts";

/** A WebSocket that is to be opened. */
export interface SocketRequest {
  /** A `ws:` or `wss:` address. */
  readonly url: URL;
  /** Headers of the handshake. */
  readonly headers: Headers;
  /** The subprotocol that the server must agree to. */
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

/**
 * Opens a WebSocket by the runtime's own client, which bounds a message to 128 MiB; compression is not offered, so that
 * no server can make much of little.
 *
 * @throws {BridgeError} what a request by HTTP throws; `http_status` where the server answered something other than a
 * WebSocket.
 */
export async function openSocket(request: SocketRequest, options: SocketOptions): Promise<WebSocket> {
  const { url, headers, protocol, abort } = request;
  const { clock, tls, connectTimeout, proxy, ipv4 } = options;
  const dialled = ipv4 && proxy === undefined ? await byIpv4(url) : url;
  if (dialled !== url) headers.set("host", url.host);
  if (abort.signal.aborted) throw abort.signal.reason;
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(dialled.href, {
    protocols: [protocol],
    headers,
    perMessageDeflate: false,
    ...(url.protocol === "wss:"
      ? { tls: (dialled === url ? tls : { ...tls, serverName: url.hostname }) as Bun.TLSOptions }
      : {}),
    ...(proxy === undefined ? {} : { proxy: proxyAddress(proxy, process.env) }),
  });
  socket.binaryType = "nodebuffer";
  const timer = connectTimeout === 0 ? undefined : clock.after(connectTimeout, () => {
    settle(
      new BridgeError("connect_timeout", `${url.host} opened no WebSocket within ${connectTimeout / 1000} s`, {
        hint:
          'check the address and the network, or allow more with "--connect-timeout SECONDS" or "timeouts" in servers.json',
      }),
    );
  });
  const giveUp = (): void => settle(abort.signal.reason);
  const opened = (): void => settle();
  const failed = (event: Event): void => settle(handshakeError(url, (event as ErrorEvent).error, proxy));
  socket.addEventListener("open", opened);
  socket.addEventListener("error", failed);
  abort.signal.addEventListener("abort", giveUp);
  function settle(failure?: unknown): void {
    timer?.cancel();
    abort.signal.removeEventListener("abort", giveUp);
    socket.removeEventListener("open", opened);
    socket.removeEventListener("error", failed);
    if (failure === undefined) return resolve(socket);
    socket.terminate();
    reject(failure);
  }
  return promise;
}

/** The runtime gives a code to what the network did, and none to an answer that is no handshake. */
function handshakeError(url: URL, thrown: unknown, proxy: Proxy | undefined): BridgeError {
  if ((thrown as { code?: unknown } | null)?.code !== undefined) return networkError(url, thrown, { proxy });
  return new BridgeError("http_status", `${url.host} opens no WebSocket at this address`, {
    hint: "check the address: servers of today are reached by https",
    cause: thrown,
  });
}

/** The same address with an IPv4 address in place of the name, since the runtime cannot be told of families. */
async function byIpv4(url: URL): Promise<URL> {
  const { lookup } = await import("node:dns/promises");
  const dialled = new URL(url);
  try {
    dialled.hostname = (await lookup(url.hostname, { family: 4 })).address;
  } catch (thrown) {
    throw networkError(url, thrown);
  }
  return dialled;
}

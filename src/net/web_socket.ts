import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { networkError } from "./network_error.ts";
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
}

/**
 * Opens a WebSocket by the runtime's own client, which bounds a message to 128 MiB; compression is not offered, so that
 * no server can make much of little.
 *
 * @throws {BridgeError} what a request by HTTP throws; `http_status` where the server answered something other than a
 * WebSocket.
 */
export function openSocket(request: SocketRequest, options: SocketOptions): Promise<WebSocket> {
  const { url, headers, protocol, abort } = request;
  const { clock, tls, connectTimeout } = options;
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  if (abort.signal.aborted) throw abort.signal.reason;
  const socket = new WebSocket(url.href, {
    protocols: [protocol],
    headers,
    perMessageDeflate: false,
    ...(url.protocol === "wss:" ? { tls: tls as Bun.TLSOptions } : {}),
  });
  socket.binaryType = "nodebuffer";
  const timer = connectTimeout === 0 ? undefined : clock.after(connectTimeout, () => {
    settle(
      new BridgeError("connect_timeout", `${url.host} opened no WebSocket within ${connectTimeout / 1000} s`, {
        hint: 'check the address and the network, or allow more with "--connect-timeout SECONDS"',
      }),
    );
  });
  const giveUp = (): void => settle(abort.signal.reason);
  const opened = (): void => settle();
  const failed = (event: Event): void => settle(handshakeError(url, (event as ErrorEvent).error));
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
function handshakeError(url: URL, thrown: unknown): BridgeError {
  if ((thrown as { code?: unknown } | null)?.code !== undefined) return networkError(url, thrown);
  return new BridgeError("http_status", `${url.host} opens no WebSocket at this address`, {
    hint: "check the address: servers of today are reached by https",
    cause: thrown,
  });
}

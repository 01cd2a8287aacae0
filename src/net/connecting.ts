import type { Abortable } from "../platform/abort.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { bareHost } from "./address.ts";

/** How long a request may be without an answer before we look whether its host accepts connections at all, in ms. */
const PATIENCE_BEFORE_PROBE_MS = 3_000;

/** Watches one request until its headers arrive. */
export interface ConnectingWatch {
  /** The headers have arrived, or the request has failed. */
  end(): void;
}

/** How a request is watched; times in ms, 0 for no limit. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  /** Whether the host is within reach of a connection of our own. */
  readonly probes: boolean;
  /** Whether only IPv4 will do. */
  readonly ipv4: boolean;
}

/**
 * Bounds the time that a connection may take to come about, which Bun's fetch cannot: it does not say when it is
 * connected, and an answer may take as long as it likes. So a request that stays silent is given a second connection
 * beside it, whose only purpose is to see whether the host accepts one. A time of 0 bounds nothing.
 */
export function watchConnecting(
  request: { readonly url: URL; readonly abort?: Abortable },
  options: WatchOptions,
): ConnectingWatch {
  const { clock, connectTimeout, headersTimeout, probes, ipv4 } = options;
  const timers: Timer[] = [];
  let over = false;
  function fail(error: BridgeError): void {
    if (!over) request.abort?.abort(error);
  }
  if (probes && connectTimeout > 0) {
    const head = Math.min(PATIENCE_BEFORE_PROBE_MS, connectTimeout / 2);
    timers.push(clock.after(head, async () => {
      const connects = await probe(request.url, clock, connectTimeout - head, ipv4);
      if (!connects) fail(tooLate("connect_timeout", `${request.url.host} accepted no connection`, connectTimeout));
    }));
  }
  if (headersTimeout > 0) {
    timers.push(clock.after(headersTimeout, () => {
      fail(tooLate("timed_out", `${request.url.host} did not begin to answer`, headersTimeout));
    }));
  }
  return {
    end(): void {
      over = true;
      for (const timer of timers) timer.cancel();
    },
  };
}

function tooLate(code: "connect_timeout" | "timed_out", what: string, ms: number): BridgeError {
  const hint = code === "connect_timeout"
    ? 'check the address and the network, or allow more with "--connect-timeout SECONDS" or "timeouts" in servers.json'
    : 'allow more with "--headers-timeout SECONDS" or "timeouts" in servers.json';
  return new BridgeError(code, `${what} within ${ms / 1000} s`, { hint });
}

/** Whether the host accepts a connection: for https one that has become TLS, whatever the certificate. */
function probe(url: URL, clock: Clock, patience: number, ipv4: boolean): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const secure = url.protocol === "https:";
  let connection: { end(): void } | undefined;
  function settle(connects: boolean): void {
    timer.cancel();
    resolve(connects);
    connection?.end();
  }
  const timer = clock.after(patience, () => settle(false));
  addressOf(url, ipv4).then((hostname) =>
    Bun.connect({
      hostname,
      port: Number(url.port || (secure ? 443 : 80)),
      ...(secure ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        open(socket): void {
          connection = socket;
          if (!secure) settle(true);
        },
        handshake: () => settle(true),
        data(): void {},
        // A refusal is for the request itself to report.
        connectError: () => settle(true),
        close: () => settle(true),
      },
    })
  ).catch(() => settle(true));
  return promise;
}

async function addressOf(url: URL, ipv4: boolean): Promise<string> {
  const hostname = bareHost(url);
  return ipv4 ? (await Bun.dns.lookup(hostname, { family: 4 }))[0]!.address : hostname;
}

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
  /** Looks whether the host accepts connections; nothing where it is not within reach of one of our own. */
  readonly probes: Probes | undefined;
}

/** Requests to one host that are silent for as long ask once together: begun within so many ms. */
const ASKED_TOGETHER_MS = 1_000;

/** Connections whose only purpose is to see whether a host accepts them. */
export class Probes {
  readonly #clock: Clock;
  readonly #ipv4: boolean;
  readonly #begun = new Map<string, { readonly at: number; readonly accepts: Promise<boolean> }>();

  /** `ipv4` where only that will do. */
  constructor(clock: Clock, ipv4: boolean) {
    this.#clock = clock;
    this.#ipv4 = ipv4;
  }

  /** Whether the host of `url` accepts a connection within `patience` ms. */
  accept(url: URL, patience: number): Promise<boolean> {
    const now = this.#clock.now();
    const last = this.#begun.get(url.origin);
    if (last !== undefined && Math.abs(now - last.at) < ASKED_TOGETHER_MS) return last.accepts;
    const accepts = probe(url, this.#clock, patience, this.#ipv4);
    this.#begun.set(url.origin, { at: now, accepts });
    return accepts;
  }
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
  const { clock, connectTimeout, headersTimeout, probes } = options;
  const timers: Timer[] = [];
  let over = false;
  function fail(error: BridgeError): void {
    if (!over) request.abort?.abort(error);
  }
  if (probes !== undefined && connectTimeout > 0) {
    const head = Math.min(PATIENCE_BEFORE_PROBE_MS, connectTimeout / 2);
    timers.push(clock.after(head, async () => {
      const connects = await probes.accept(request.url, connectTimeout - head);
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

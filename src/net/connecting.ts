import type { Clock, Timer } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";

/** How long a request may be without an answer before we look whether its host accepts connections at all, in ms. */
const PATIENCE_BEFORE_PROBE_MS = 3_000;

/** Watches one request until its headers arrive. */
export interface ConnectingWatch {
  /** The headers have arrived, or the request has failed. */
  end(): void;
}

/**
 * Bounds the time that a connection may take to come about, which Bun's fetch cannot: it does not say when it is
 * connected, and an answer may take as long as it likes. So a request that stays silent is given a second connection
 * beside it, whose only purpose is to see whether the host accepts one. A time of 0 bounds nothing.
 */
export function watchConnecting(
  request: { readonly url: URL; readonly abort?: AbortController },
  options: { readonly clock: Clock; readonly connectTimeout: number; readonly headersTimeout: number },
): ConnectingWatch {
  const { url, abort } = request;
  const { clock, connectTimeout, headersTimeout } = options;
  const head = Math.min(PATIENCE_BEFORE_PROBE_MS, connectTimeout / 2);
  let over = false;
  let headersTimer: Timer | undefined;
  const probeTimer = connectTimeout === 0 ? undefined : clock.after(head, () => {
    probe(url, clock, connectTimeout - head).then((connects) => {
      if (connects || over) return;
      abort?.abort(
        new BridgeError(
          "connect_timeout",
          `${url.host} did not accept a connection within ${connectTimeout / 1000} s`,
          {
            hint: 'check the address and the network, or allow more with "--connect-timeout SECONDS"',
          },
        ),
      );
    });
  });
  if (headersTimeout > 0) {
    headersTimer = clock.after(headersTimeout, () => {
      abort?.abort(
        new BridgeError(
          "timed_out",
          `${url.host} did not begin to answer within ${headersTimeout / 1000} s`,
          {
            hint: 'allow more with "--headers-timeout SECONDS"',
          },
        ),
      );
    });
  }
  return {
    end(): void {
      over = true;
      probeTimer?.cancel();
      headersTimer?.cancel();
    },
  };
}

function probe(url: URL, clock: Clock, patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(patience, () => resolve(false));
    const settle = (connects: boolean): void => {
      timer.cancel();
      resolve(connects);
    };
    Bun.connect({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
      socket: {
        open(socket): void {
          socket.end();
          settle(true);
        },
        data(): void {},
        connectError: () => settle(true), // A refusal is for the request itself to report.
      },
    }).catch(() => settle(true));
  });
}

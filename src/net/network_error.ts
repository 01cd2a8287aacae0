import { BridgeError, quoted } from "../platform/errors.ts";
import type { Proxy } from "./proxy.ts";
import { certificateFault } from "./tls.ts";

/** Codes of failures before anything was sent. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
]);

/** What is known of an exchange that failed. */
export interface FailedExchange {
  /** Whether the headers had arrived. */
  readonly answered?: boolean;
  /** The proxy by which it went. */
  readonly proxy?: Proxy | undefined;
}

/** Turns what the runtime throws into an error of ours. */
export function networkError(url: URL, thrown: unknown, exchange: FailedExchange = {}): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  const { answered = false, proxy } = exchange;
  const { code: thrownCode, status } = (thrown ?? {}) as { code?: unknown; status?: unknown };
  const code = String(thrownCode ?? "");
  if (proxy?.speaksHttp === false) {
    return new BridgeError("proxy_refused", `the proxy in ${proxy.variable} is none that speaks HTTP`, {
      hint: `name one with "http://" or "https://" in ${proxy.variable}, or ${EXCEPT}`,
    });
  }
  if (!answered && UNSENT.has(code)) return unreachable(url, code, proxy, thrown);
  if (code === "ERR_PROXY_TUNNEL" && proxy !== undefined) return proxyRefusal(url, Number(status), proxy);
  const untrusted = answered ? undefined : certificateFault(code, url.host, proxy);
  if (untrusted !== undefined) return untrusted;
  if (code.startsWith("HPE_") || code === "Malformed_HTTP_Response" || code === "InvalidHTTPResponse") {
    return new BridgeError("bad_answer", `${orProxy(url, proxy)} does not speak HTTP`, {
      cause: thrown,
      ...(proxy === undefined ? {} : { hint: checkProxy(proxy) }),
    });
  }
  const way = proxy === undefined ? "" : ` by the proxy ${proxy.address}`;
  return new BridgeError("outcome_unknown", `the connection to ${url.host}${way} ended early`, { cause: thrown });
}

const EXCEPT = "except the host with NO_PROXY";

function checkProxy(proxy: Proxy): string {
  return `check ${proxy.variable}, or ${EXCEPT}`;
}

function orProxy(url: URL, proxy: Proxy | undefined): string {
  return proxy === undefined ? url.host : `${url.host}, or the proxy ${proxy.address} on the way,`;
}

function unreachable(url: URL, code: string, proxy: Proxy | undefined, cause: unknown): BridgeError {
  const isNameless = code === "ENOTFOUND" || code === "EAI_AGAIN";
  if (proxy !== undefined) {
    const what = isNameless ? "has no address" : `does not accept connections (${code})`;
    return new BridgeError("unreachable", `the proxy ${proxy.address} ${what}`, { hint: checkProxy(proxy), cause });
  }
  const what = isNameless
    ? `the name ${quoted(url.hostname)} has no address`
    : `${url.host} does not accept connections (${code})`;
  return new BridgeError("unreachable", what, { hint: "check the address and the network", cause });
}

/** The error for a proxy that answered in place of the server, by the status that it gave. */
export function proxyRefusal(url: URL, status: number, proxy: Proxy): BridgeError {
  const { address, variable, hasUser } = proxy;
  if (status === 407) {
    return hasUser
      ? new BridgeError(
        "proxy_refused",
        `the proxy ${address} does not accept the user and password in ${variable} (407)`,
        {
          hint: `check them, special signs written like %40, or ${EXCEPT}`,
        },
      )
      : new BridgeError("proxy_refused", `the proxy ${address} wants a user and password (407)`, {
        hint: `set them in ${variable}, like http://USER:PASSWORD@HOST:PORT, or ${EXCEPT}`,
      });
  }
  // 502 to 504: it could not reach the server, which may pass.
  if (status >= 500) {
    return new BridgeError("unreachable", `the proxy ${address} does not reach ${url.host} (${status})`, {
      hint: `check the address, or ${EXCEPT}`,
    });
  }
  return new BridgeError("proxy_refused", `the proxy ${address} lets nobody through to ${url.host} (${status})`, {
    hint: `ask whoever runs it to allow that, or ${EXCEPT}`,
  });
}

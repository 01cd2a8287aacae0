import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { isLoopback } from "./address.ts";
import { collect, type HttpBody, tooLarge } from "./body.ts";
import { watchConnecting } from "./connecting.ts";

/** One HTTP request of ours. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** The server's answer to it, its body still to be read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: HttpBody;
}

/** The way out of the process. What stands above it never sees a socket; `auth` wraps it with credentials. */
export interface Wire {
  /**
   * Carries one request out. Redirects are followed only where they keep origin and method.
   *
   * @throws {BridgeError} `unreachable`, `connect_timeout` or `untrusted_certificate` where nothing was sent,
   * `outcome_unknown` where the connection broke later, `timed_out`, `bad_answer` for a refused redirect. Whatever
   * `signal` aborted with comes back as it is.
   */
  fetch(request: HttpRequest): Promise<HttpAnswer>;
  /** Connections that are idle in the pool are not used again: after a sleep of the machine they are dead. */
  forgetConnections(): void;
}

/** What the gate goes by. */
export interface GateOptions {
  readonly clock: Clock;
  readonly budget: Budget;
  /** How long a connection may take to come about, in ms. */
  readonly connectTimeout: number;
  /** How long an answer's headers may take, in ms; 0 for as long as the server likes. */
  readonly headersTimeout: number;
}

/** An engine carries one request out and calls `onend` when its connection is free again. */
export type Engine = (request: HttpRequest, options: EngineOptions) => Promise<HttpAnswer>;

/** What an engine is told. */
export interface EngineOptions {
  readonly budget: Budget;
  readonly signal: AbortSignal;
  /** Whether a connection of the pool may be used, and be put back there. */
  readonly pooled: boolean;
  readonly onend: () => void;
}

/** Bun's fetch carries 256 requests at a time and lets the others wait; beyond this many we go another way. */
const FETCH_SLOTS = 192;

/** Servers keep idle connections for minutes at most; so long after a sleep every request gets a fresh one. */
const STALE_POOL_MS = 6 * 60_000;

const MOST_REDIRECTS = 5;

/** Opens the gate through which every outbound request goes. */
export function createGate(options: GateOptions): Wire {
  const { clock, budget } = options;
  let active = 0;
  let freshUntil = 0;

  async function attempt(request: HttpRequest): Promise<HttpAnswer> {
    const abort = new AbortController();
    const giveUp = (): void => abort.abort(request.signal?.reason);
    if (request.signal?.aborted) throw request.signal.reason;
    request.signal?.addEventListener("abort", giveUp);
    const engine = active < FETCH_SLOTS ? fetchEngine : (await import("./node_engine.ts")).nodeEngine;
    const watch = watchConnecting(request.url, options, (error) => abort.abort(error));
    let ended = false;
    function onend(): void {
      if (ended) return;
      ended = true;
      active--;
      request.signal?.removeEventListener("abort", giveUp);
    }
    active++;
    try {
      const pooled = freshUntil === 0 || clock.now() > freshUntil;
      return await engine(request, { budget, signal: abort.signal, pooled, onend });
    } catch (thrown) {
      onend();
      throw abort.signal.aborted ? abort.signal.reason : networkError(request.url, thrown);
    } finally {
      watch.end();
    }
  }

  return {
    async fetch(request: HttpRequest): Promise<HttpAnswer> {
      let url = request.url;
      for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
        const answer = await attempt(url === request.url ? request : { ...request, url });
        const location = redirectOf(request.method, answer);
        if (location === undefined) return answer;
        answer.body.discard();
        url = sameOrigin(url, location);
      }
      throw new BridgeError("bad_answer", `${request.url.host} redirects in a circle`);
    },
    forgetConnections(): void {
      freshUntil = clock.now() + STALE_POOL_MS;
    },
  };
}

function redirectOf(method: string, answer: HttpAnswer): string | undefined {
  const keepsMethod = answer.status === 307 || answer.status === 308;
  const mayChange = answer.status === 301 || answer.status === 302 || answer.status === 303;
  if (!keepsMethod && !mayChange) return undefined;
  const location = answer.headers.get("location");
  if (location === null) return undefined;
  if (keepsMethod || method === "GET") return location;
  throw new BridgeError("bad_answer", `the server moved to ${quoted(location)} without keeping the request`, {
    hint: "use that address in place of the one that was given",
  });
}

function sameOrigin(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to !== undefined && to.origin === from.origin) return to;
  throw new BridgeError(
    "bad_answer",
    `the server redirects to another origin, ${quoted(to?.origin ?? location)}`,
    {
      hint: "if you trust it, use that address in place of the one that was given",
    },
  );
}

const fetchEngine: Engine = async (request, { budget, signal, pooled, onend }) => {
  const response = await fetch(
    request.url,
    {
      method: request.method,
      headers: request.headers,
      body: request.body as Uint8Array<ArrayBuffer> | undefined,
      redirect: "manual",
      signal,
      keepalive: pooled,
      // Bun ends silent streams after 360 s otherwise; what is too silent is judged in bridge/pending.
      timeout: false,
      // The environment may not switch the check off behind our back.
      tls: { rejectUnauthorized: true },
      ...(isLoopback(request.url.hostname) ? { proxy: "" } : {}),
    } as BunFetchRequestInit & { timeout: false },
  );
  return {
    status: response.status,
    headers: response.headers,
    body: fetchBody(request.url, response, budget, onend),
  };
};

function fetchBody(url: URL, response: Response, budget: Budget, onend: () => void): HttpBody {
  const stated = Number(response.headers.get("content-length") ?? NaN);
  const plain = response.headers.get("content-encoding") === null;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    if (response.body === null) return onend();
    const reader = response.body.getReader();
    let done = false;
    try {
      for (;;) {
        const next = await reader.read();
        if (next.done) break;
        yield next.value;
      }
      done = true;
    } catch (thrown) {
      done = true;
      throw networkError(url, thrown, true);
    } finally {
      if (!done) reader.cancel().catch(() => {});
      onend();
    }
  }
  return {
    chunks,
    async bytes(limit: number): Promise<Uint8Array> {
      if (!plain || !(stated <= Math.min(limit, 1_048_576))) {
        if (plain && stated > limit) {
          this.discard();
          throw tooLarge(limit);
        }
        return collect(chunks(), limit, budget);
      }
      try {
        return new Uint8Array(await response.arrayBuffer());
      } catch (thrown) {
        throw networkError(url, thrown, true);
      } finally {
        onend();
      }
    },
    discard(): void {
      response.body?.cancel().catch(() => {});
      onend();
    },
  };
}

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

/** Turns what the runtime throws into an error of ours; `answered` tells that the headers had arrived. */
export function networkError(url: URL, thrown: unknown, answered = false): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  const code = String((thrown as { code?: unknown } | null)?.code ?? "");
  if (!answered && UNSENT.has(code)) {
    const what = code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? `the name ${quoted(url.hostname)} has no address`
      : `${url.host} does not accept connections (${code})`;
    return new BridgeError("unreachable", what, { hint: "check the address and the network", cause: thrown });
  }
  if (!answered && isCertificateFault(code)) {
    return new BridgeError("untrusted_certificate", `no trusted connection to ${url.host} (${code})`, {
      cause: thrown,
    });
  }
  if (code === "ZlibError" || code.startsWith("ERR_BROTLI") || code.startsWith("Zstd")) {
    return new BridgeError("bad_answer", "the server's answer is compressed and damaged", { cause: thrown });
  }
  if (code.startsWith("HPE_") || code === "InvalidHTTPResponse") {
    return new BridgeError("bad_answer", `${url.host} does not speak HTTP`, { cause: thrown });
  }
  return new BridgeError("outcome_unknown", `the connection to ${url.host} ended early`, { cause: thrown });
}

function isCertificateFault(code: string): boolean {
  return code === "EPROTO" || code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL") ||
    code.includes("CERT") ||
    code.startsWith("UNABLE_TO_");
}

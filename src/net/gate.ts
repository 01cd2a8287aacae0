import type { Abortable } from "../platform/abort.ts";
import type { Budget } from "../platform/budget.ts";
import type { Clock } from "../platform/clock.ts";
import { fetchRoom } from "../platform/fetch_room.ts";
import type { ByteFlow } from "../platform/socket_flow.ts";
import type { HttpBody } from "./body.ts";
import { Probes, watchConnecting } from "./connecting.ts";
import type { Cookies } from "./cookies.ts";
import { fetchEngine } from "./fetch_engine.ts";
import { networkError, proxyRefusal } from "./network_error.ts";
import { hasProxy, type Proxy, proxyOnWay } from "./proxy.ts";
import { isRedirect, nextPlace, type Redirect } from "./redirects.ts";
import type { TlsSettings } from "./tls.ts";
import { OFFERED_CODINGS, unpacked } from "./unpack.ts";
import type { SocketRequest } from "./web_socket.ts";

/** One HTTP request of ours. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST" | "DELETE";
  /** The gate adds `Accept-Encoding` where there is none. */
  readonly headers: Headers;
  readonly body?: Uint8Array;
  /**
   * Whether it goes by a connection of its own. One that was idle may have been closed by the server in that moment, and
   * nobody knows then whether the request got there.
   */
  readonly alone?: boolean;
  /** Is told of each redirect, also of one that is refused. */
  onredirect?(hop: Redirect): void;
  /** Whether its answer is a stream that stays open for long, and mostly silent: that is what memory is spared for. */
  readonly lasting?: boolean;
  /** Gives the exchange up, its answer's body too; the gate aborts it itself when a deadline passes. */
  abort?: Abortable;
}

/** The server's answer to it, its body still to be read. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Unpacked, whatever its `Content-Encoding`. */
  readonly body: HttpBody;
  /** The headers that it answers; see `quotedReply`. Nothing where nobody was told a secret. */
  sent?: Headers;
  /** The proxy that may have said this in the server's place, as host and port: of plain http alone. */
  readonly proxy?: string;
}

/** The way out of the process by HTTP. What stands above it never sees a socket; `auth` wraps it with credentials. */
export interface HttpWire {
  /**
   * Carries one request out. Redirects are followed only where they keep origin and method.
   *
   * @throws {BridgeError} `unreachable`, `connect_timeout`, `untrusted_certificate` or `proxy_refused` where nothing was
   * sent, `outcome_unknown` where the connection broke later, `timed_out`, `bad_answer` for a refused redirect. Whatever
   * `abort` was aborted with comes back as it is.
   */
  fetch(request: HttpRequest): Promise<HttpAnswer>;
  /** Connections that are idle in the pool are not used again: after a sleep of the machine they are dead. */
  forgetConnections(): void;
}

/** Every way out of the process. */
export interface Wire extends HttpWire {
  /**
   * Opens a WebSocket (RFC 6455); settles once its frames can go over the connection that it gives.
   *
   * @throws {BridgeError} as `fetch`, and `http_status` where the server opens none.
   */
  connect(request: SocketRequest): Promise<ByteFlow>;
}

/** What the gate goes by. */
export interface GateOptions {
  readonly clock: Clock;
  readonly budget: Budget;
  readonly tls: TlsSettings;
  /** The cookies of the run; nothing where none are to be kept. */
  readonly cookies: Cookies | undefined;
  /** Whether connections are made over IPv4 only; those to a proxy are not concerned. */
  readonly ipv4: boolean;
  /** How long a connection may take to come about, in ms; 0 for as long as it likes. */
  readonly connectTimeout: number;
  /** How long an answer's headers may take, in ms; 0 for as long as the server likes. */
  readonly headersTimeout: number;
}

/** An engine carries one request out over a connection. */
export type Engine = (request: HttpRequest, connection: Connection) => Promise<HttpAnswer>;

/** What an engine is told of the connection that it may use. */
export interface Connection {
  readonly budget: Budget;
  readonly signal: AbortSignal;
  readonly tls: TlsSettings;
  /** Whether an idle connection of the pool may serve, and this one go there in the end. */
  readonly pooled: boolean;
  /** Whether the proxy of the environment applies. */
  readonly proxied: boolean;
  /** Whether it is there and to be passed by. */
  readonly direct: boolean;
  /** Whether only IPv4 will do. */
  readonly ipv4: boolean;
  /**
   * To be called when the exchange has ended, and whether it broke off, and how many bytes its body had; more than once
   * does no harm.
   */
  release(isBroken?: boolean, bytes?: number): void;
}

/** Servers keep idle connections for minutes at most; so long after a sleep every request gets a fresh one. */
const STALE_POOL_MS = 6 * 60_000;

/** A host that answered a request of so long ago accepts connections: silence is not looked into, in ms. */
const SURE_FOR_MS = 2_000;

/**
 * An answer leaves memory behind that the collector does not see, so that it waits too long: 82 MiB under load
 * where a collection after so many answers keeps 69 MiB, at no measurable cost.
 */
const COLLECT_AFTER = 8_192;
/** One that broke off, or was given up, leaves as much behind as so many: 260 MiB under such load, 92 where it counts. */
const BROKEN_WEIGHT = 256;
/** And so many bytes of a body as much as one: 16 MiB of them are worth a collection. */
const BYTES_WEIGHT = 2_048;

/** Opens the gate through which every outbound request goes. */
export function createGate(options: GateOptions): Wire {
  const { clock, budget, cookies, ipv4, tls, connectTimeout } = options;
  const mayBeProxied = hasProxy(process.env);
  const probes = new Probes(clock, ipv4);
  // Beyond so many we go another way.
  const slots = fetchRoom();
  let finished = 0;
  let freshUntil = 0;
  let answeredAt = -Infinity;

  function proxyOf(url: URL): Proxy | undefined {
    return mayBeProxied ? proxyOnWay(url, process.env) : undefined;
  }

  /** Counts a request that begins, and gives what ends it; that holds nothing of the request, which may last long. */
  function begun(sent: number): Connection["release"] {
    budget.requests++;
    let isOver = false;
    return (isBroken = false, bytes = 0) => {
      if (isOver) return;
      isOver = true;
      budget.requests--;
      finished += (isBroken ? BROKEN_WEIGHT : 1) + (sent + bytes) / BYTES_WEIGHT;
      if (finished < COLLECT_AFTER) return;
      finished = 0;
      Bun.gc(true);
    };
  }

  /** Only fetch knows proxies, and only `node:http` families. */
  function engineFor({ url, lasting }: HttpRequest, proxy: Proxy | undefined): Engine | Promise<Engine> {
    if (lasting === true && url.protocol === "http:" && proxy === undefined && !ipv4) {
      return import("./socket_engine.ts").then(({ socketEngine }) => socketEngine);
    }
    if (proxy !== undefined || (budget.requests < slots && !ipv4)) return fetchEngine;
    return import("./node_engine.ts").then(({ nodeEngine }) => nodeEngine);
  }

  async function carry(request: HttpRequest, hops: number): Promise<HttpAnswer> {
    const abort = request.abort ??= new AbortController();
    const { signal } = abort;
    if (signal.aborted) throw signal.reason;
    const { url } = request;
    const proxy = proxyOf(url);
    const chosen = engineFor(request, proxy);
    const engine = chosen instanceof Promise ? await chosen : chosen;
    // Whether a host accepts connections is the proxy's matter.
    const now = clock.now();
    const isUnsure = now - answeredAt >= SURE_FOR_MS && proxy === undefined;
    const watch = isUnsure || options.headersTimeout > 0
      ? watchConnecting(request, { ...options, probes: isUnsure ? probes : undefined })
      : undefined;
    const connection: Connection = {
      budget: budget.during(abort),
      signal,
      tls,
      pooled: request.alone !== true && now > freshUntil,
      proxied: proxy !== undefined,
      direct: mayBeProxied && proxy === undefined,
      ipv4,
      release: begun(request.body?.length ?? 0),
    };
    try {
      const outgoing = withHeaders(request, cookies);
      const answer = readable(await engine(outgoing, connection), connection.budget, proxy, url);
      answer.sent = outgoing.headers;
      answeredAt = now;
      cookies?.take(url, answer.headers);
      if (!isRedirect(answer.status)) return answer;
      const location = answer.headers.get("location");
      if (location === null) return answer;
      answer.body.discard();
      request.onredirect?.({ status: answer.status, from: url, to: location });
      return await carry({
        ...request,
        url: nextPlace({ ...request, headers: outgoing.headers }, answer.status, location, hops),
      }, hops + 1);
    } catch (thrown) {
      connection.release(true);
      throw signal.aborted ? signal.reason : networkError(url, thrown, { proxy });
    } finally {
      watch?.end();
    }
  }

  return {
    fetch: (request) => carry(request, 0),
    async connect(request): Promise<ByteFlow> {
      const { openSocket } = await import("./web_socket.ts");
      const url = new URL(request.url);
      url.protocol = url.protocol === "wss:" ? "https:" : "http:";
      const { headers } = withHeaders({ ...request, url, method: "GET" }, cookies);
      return openSocket({ ...request, headers }, { clock, tls, connectTimeout, ipv4, proxy: proxyOf(url) });
    },
    forgetConnections(): void {
      freshUntil = clock.now() + STALE_POOL_MS;
      answeredAt = -Infinity;
    },
  };
}

/** The request with what the gate itself has to say in its headers. */
function withHeaders(request: HttpRequest, cookies: Cookies | undefined): HttpRequest {
  // Mostly the headers of a session, which come again: so this is done once.
  if (!request.headers.has("accept-encoding")) request.headers.set("accept-encoding", OFFERED_CODINGS);
  const cookie = cookies?.headerFor(request.url);
  if (cookie === undefined || request.headers.has("cookie")) return request;
  const headers = new Headers(request.headers);
  headers.set("cookie", cookie);
  return { ...request, headers };
}

/** The answer as those above may read it. Throws where it is a proxy's demand for a password. */
function readable(answer: HttpAnswer, budget: Budget, proxy: Proxy | undefined, url: URL): HttpAnswer {
  const coding = answer.headers.get("content-encoding");
  const body = coding === null ? answer.body : unpacked(answer.body, coding, budget);
  if (proxy === undefined || url.protocol === "https:") return coding === null ? answer : { ...answer, body };
  if (answer.status !== 407) return { ...answer, body, proxy: proxy.address };
  body.discard();
  throw proxyRefusal(url, 407, proxy);
}

import { CredentialFailure } from "../net/credential_failure.ts";
import type { HttpAnswer, HttpRequest, HttpWire, Wire } from "../net/gate.ts";
import type { SocketRequest } from "../net/web_socket.ts";
import { BridgeError, type ErrorCode, toBridgeError } from "../platform/errors.ts";
import type { ByteFlow } from "../platform/socket_flow.ts";
import { type AuthChallenge, authChallenge } from "./challenge.ts";
import type { Prover } from "./dpop.ts";

/** What a server has to say about the credential that it did not accept. */
export interface Refusal {
  /** 401, or 403 where more is needed than the credential allows. */
  readonly status: 401 | 403;
  readonly challenge: AuthChallenge | undefined;
  /** The token that was refused; nothing where none was sent. */
  readonly used: string | undefined;
  /** What was done for this request already: never the same again. */
  readonly tried: ReadonlySet<Remedy>;
}

/** What may be done about a refusal. */
export type Remedy = "refresh" | "sign_in" | "step_up";

/** Where tokens come from: see `TokenSession`. */
export interface Credentials {
  /** Proves with each request that the token is ours, where it is bound to a key (RFC 9449). */
  readonly prover: Prover | undefined;
  /** The token to send now, at once where it is known; nothing where none is at hand. Asks no person. */
  current(): Promise<string | undefined> | string | undefined;
  /**
   * A token in place of a refused one, and what was done for it. May take as long as a person needs.
   *
   * @throws {BridgeError} `sign_in_required` where there is no way, and what went wrong on the way.
   */
  better(refusal: Refusal): Promise<{ readonly token: string; readonly by: Remedy | undefined }>;
}

/** One refresh, one sign-in and one step-up for a request, then its refusal stands. */
const MOST_REMEDIES = 3;

/** An authorization server that is not there; nothing was sent to it. */
const ABSENT: ReadonlySet<ErrorCode> = new Set(["unreachable", "connect_timeout"]);

/**
 * Puts the credential on everything that goes to one server: on requests, and on the handshakes of WebSockets. What
 * stands above sees no token, and a request whose credential is refused comes back with the answer that it got in the
 * end, or with a `CredentialFailure`.
 */
export function withAuth(wire: Wire, server: URL, credentials: Credentials): Wire {
  const origin = httpOrigin(server);

  function send(request: HttpRequest, token: string | undefined): Promise<HttpAnswer> {
    return sendWith(wire, request, token, credentials.prover);
  }

  async function arrived(token: Promise<string | undefined>): Promise<string | undefined> {
    try {
      return await token;
    } catch (thrown) {
      // To be tried again in a moment, as the request itself is where its server is not there.
      if (thrown instanceof BridgeError && ABSENT.has(thrown.code)) throw thrown;
      throw new CredentialFailure(toBridgeError(thrown));
    }
  }

  async function betterToken(refusal: Refusal): ReturnType<Credentials["better"]> {
    try {
      return await credentials.better(refusal);
    } catch (thrown) {
      throw new CredentialFailure(toBridgeError(thrown));
    }
  }

  // An address comes again with every request, and taking it apart costs more than the rest.
  let judged: URL | undefined;
  function isForServer(url: URL): boolean {
    if (url === judged) return true;
    if (url.origin !== origin) return false;
    judged = url;
    return true;
  }

  function fetch(request: HttpRequest): Promise<HttpAnswer> {
    if (!isForServer(request.url)) return wire.fetch(request);
    const held = credentials.current();
    return held instanceof Promise ? arrived(held).then((token) => carry(request, token)) : carry(request, held);
  }

  /** No async function: of what a credential costs a call, the wait would be the most. */
  function carry(request: HttpRequest, token: string | undefined): Promise<HttpAnswer> {
    return send(request, token).then((answer) => isRefusal(answer) ? remedied(request, answer, token) : answer);
  }

  async function remedied(
    request: HttpRequest,
    refused: HttpAnswer,
    first: string | undefined,
  ): Promise<HttpAnswer> {
    let token = first;
    let answer = refused;
    const tried = new Set<Remedy>();
    for (let remedies = 0; remedies < MOST_REMEDIES; remedies++) {
      const refusal = refusalOf(answer, token, tried);
      if (refusal === undefined) break;
      answer.body.discard();
      const better = await unlessAborted(betterToken(refusal), request.abort?.signal);
      if (better.by !== undefined) tried.add(better.by);
      token = better.token;
      answer = await send(request, token);
    }
    return answer;
  }

  async function connect(request: SocketRequest): Promise<ByteFlow> {
    const held = credentials.current();
    const token = held instanceof Promise ? await arrived(held) : held;
    const url = new URL(`${origin}${request.url.pathname}${request.url.search}`);
    try {
      return await wire.connect(await shaken(request, url, token));
    } catch (thrown) {
      // The handshake's refusal carries no status: a request to the same address does, and has the token renewed.
      if (!(thrown instanceof BridgeError) || thrown.code !== "http_status") throw thrown;
      const answer = await fetch({ url, method: "GET", headers: new Headers(request.headers), abort: request.abort });
      answer.body.discard();
      const renewed = await credentials.current();
      // A key may have been asked to prove itself with another number.
      if (renewed === token && credentials.prover === undefined) throw thrown;
      return await wire.connect(await shaken(request, url, renewed));
    }
  }

  /** The request of a WebSocket's handshake, a GET as any other (RFC 6455, 4.1). */
  async function shaken(request: SocketRequest, url: URL, token: string | undefined): Promise<SocketRequest> {
    const { prover } = credentials;
    if (token === undefined || prover === undefined) return bearing(request, token);
    return { ...request, headers: await proved({ method: "GET", url, headers: request.headers }, token, prover) };
  }

  return { fetch, connect, forgetConnections: () => wire.forgetConnections() };
}

/** Sends a request with a token, and with the proof that it is ours where there is a key to prove it by. */
export function sendWith(
  wire: HttpWire,
  request: HttpRequest,
  token: string | undefined,
  prover: Prover | undefined,
): Promise<HttpAnswer> {
  if (token === undefined || prover === undefined) return wire.fetch(bearing(request, token));
  return sendProved(wire, request, token, prover);
}

function httpOrigin({ protocol, host }: URL): string {
  const secure = protocol === "https:" || protocol === "wss:";
  return new URL(`${secure ? "https" : "http"}://${host}`).origin;
}

/** Sends a request with a proof, and again where the server wants one with a number of its own (RFC 9449, section 9). */
async function sendProved(
  wire: HttpWire,
  request: HttpRequest,
  accessToken: string,
  prover: Prover,
): Promise<HttpAnswer> {
  async function once(): Promise<HttpAnswer> {
    const answer = await wire.fetch({ ...request, headers: await proved(request, accessToken, prover) });
    prover.observe(answer.headers, request.url);
    return answer;
  }
  const answer = await once();
  if (answer.status !== 401 || authChallenge(answer.headers)?.error !== "use_dpop_nonce") return answer;
  answer.body.discard();
  return await once();
}

/** The headers of one request, with a token and the proof that it is ours. */
async function proved(
  { method, url, headers: own }: Pick<HttpRequest, "method" | "url" | "headers">,
  accessToken: string,
  prover: Prover,
): Promise<Headers> {
  const headers = new Headers(own);
  headers.set("authorization", `DPoP ${accessToken}`);
  headers.set("dpop", await prover.prove({ method, url, accessToken }));
  return headers;
}

/** The headers of a session come again with every request: they get their token once. */
const borne = new WeakMap<Headers, { readonly token: string; readonly headers: Headers }>();

function bearing<Request extends { readonly headers: Headers }>(request: Request, token: string | undefined): Request {
  if (token === undefined) return request;
  let made = borne.get(request.headers);
  if (made?.token !== token) {
    made = { token, headers: new Headers(request.headers) };
    made.headers.set("authorization", `Bearer ${token}`);
    borne.set(request.headers, made);
  }
  return { ...request, headers: made.headers };
}

function isRefusal(answer: HttpAnswer): answer is HttpAnswer & Pick<Refusal, "status"> {
  return answer.status === 401 || answer.status === 403;
}

function refusalOf(answer: HttpAnswer, used: string | undefined, tried: ReadonlySet<Remedy>): Refusal | undefined {
  if (!isRefusal(answer)) return undefined;
  const challenge = authChallenge(answer.headers);
  if (answer.status === 403 && challenge?.error !== "insufficient_scope") return undefined;
  return { status: answer.status, challenge, used, tried: new Set(tried) };
}

/** Who gives a request up does not wait any more; what was begun for it goes on for the others. */
function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

import type { HttpWire } from "../net/gate.ts";
import { Abort } from "../platform/abort.ts";
import type { Clock } from "../platform/clock.ts";
import type { ChannelFailure } from "./channel.ts";
import { fetchOrFail } from "./http_exchange.ts";
import { composeMessage } from "./message.ts";
import { sessionLost } from "./refusal.ts";
import { encodeHeaderValue, POST_HEADERS } from "./request_headers.ts";

/** What is needed to tell a server that a session has ended. */
export interface SessionEndOptions {
  readonly url: URL;
  readonly wire: HttpWire;
  readonly clock: Clock;
}

/** How long a server's own stream is waited for at most; some servers begin it with their first word alone. */
const LISTENS_MS = 1_000;
/** What that wait is beyond twice the time of the handshake, which took a connection as well. */
const LISTENS_BEYOND_MS = 50;

/** A session of the handshake's era (basic/transports, "Session Management"), from one `initialize` to the next. */
export class HttpSession {
  /** The server's `Mcp-Session-Id`; some servers keep no sessions. */
  readonly id: string | undefined;
  /** The headers of every POST in it. */
  readonly postHeaders: Headers;
  /** Aborted when another session takes its place, or none. */
  readonly over: Abort = new Abort();
  /** How long its handshake took, in ms. */
  readonly begunIn: number;
  /** Is called when its GET stream stands, or does not come about; by who waits for it. */
  onlistening: (() => void) | undefined;
  /** The last event that the server's own stream has named. */
  lastEventId: string | undefined;
  readonly #revision: string;
  readonly #own: Readonly<Record<string, string>>;
  #isLost = false;

  /** `own` are the headers of the person who runs us; `revision` is the one that was agreed upon. */
  constructor(id: string | undefined, revision: string, own: Readonly<Record<string, string>>, begunIn: number) {
    this.id = id;
    this.begunIn = begunIn;
    this.#revision = revision;
    this.#own = own;
    this.postHeaders = new Headers({ ...this.#headers(), ...POST_HEADERS });
  }

  /** The headers of a GET that asks for a stream, or for what came in one behind the event `lastEventId`. */
  streamHeaders(lastEventId: string | undefined): Headers {
    const headers = new Headers({ ...this.#headers(), accept: "text/event-stream" });
    // A header holds bytes: an id beyond ASCII goes as UTF-8 (WHATWG HTML, 9.2.3).
    if (lastEventId !== undefined) headers.set("last-event-id", Buffer.from(lastEventId, "utf8").toString("latin1"));
    return headers;
  }

  /** The server does not know it any more; gives that as the failure of a request in it. */
  lose(): ChannelFailure {
    this.#isLost = true;
    return sessionLost();
  }

  /**
   * Asks the server whether it knows the session. Some, the reference server among them, answer 400 where the
   * specification wants 404 for one that they do not know. A session that lives answers a ping.
   */
  async isForgotten({ url, wire }: Pick<SessionEndOptions, "url" | "wire">): Promise<boolean> {
    if (this.id === undefined) return false;
    const { bytes } = composeMessage({ id: "mcp-bridge:session", method: "ping" });
    const answer = await fetchOrFail(wire, { url, method: "POST", headers: this.postHeaders, body: bytes });
    answer.body.discard();
    return answer.status === 400 || answer.status === 404;
  }

  /** Waits until its GET stream stands, does not come about, or takes long. */
  async untilListening(clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.onlistening = resolve;
    const patience = Math.min(LISTENS_MS, 2 * this.begunIn + LISTENS_BEYOND_MS);
    const timer = clock.after(patience, resolve);
    this.over.signal.addEventListener("abort", () => resolve());
    await promise;
    timer.cancel();
  }

  /** Ends it for the given `reason`, and tells a server that keeps it, which may take `deadline` ms. Never rejects. */
  async end({ url, wire, clock }: SessionEndOptions, deadline: number, reason: Error): Promise<void> {
    this.over.abort(reason);
    if (this.id === undefined || this.#isLost) return;
    const enough = new AbortController();
    const timer = clock.after(deadline, () => enough.abort(reason));
    try {
      const answer = await wire.fetch({ url, method: "DELETE", headers: new Headers(this.#headers()), abort: enough });
      answer.body.discard();
    } catch {
      // The server keeps the session then, or has lost it: neither concerns anybody any more.
    } finally {
      timer.cancel();
    }
  }

  #headers(): Record<string, string> {
    const headers: Record<string, string> = {
      ...this.#own,
      "mcp-protocol-version": encodeHeaderValue(this.#revision),
    };
    if (this.id !== undefined) headers["mcp-session-id"] = this.id;
    return headers;
  }
}

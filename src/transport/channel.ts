import type { Abortable } from "../platform/abort.ts";
import { CredentialFailure } from "../net/credential_failure.ts";
import { BridgeError, type ErrorCode, toBridgeError } from "../platform/errors.ts";
import type { Message } from "./message.ts";

/** An end of the bridge that speaks to a client: bytes on its far side, messages on ours. */
export interface LocalEnd {
  /**
   * Hands one message over; settles when the reader can take more, and gives nothing where it can. What is no answer
   * belongs to the client's request `causedBy`, by id key, if to any: some transports have a stream for each.
   */
  send(message: Message, causedBy?: string): Promise<void> | undefined;
  /** Ends the connection, within `deadline` ms. */
  close(deadline: number): Promise<void>;
}

/** An end that speaks to a server. */
export interface FarEnd {
  /**
   * Hands one message over; settles when its exchange has ended, for a request after its answer went to `onmessage`.
   * Nothing is returned where there is nothing to wait for, or where `onfailure` tells the rest.
   *
   * @throws {ChannelFailure} (as rejection) when the exchange cannot be carried out or breaks.
   */
  send(message: Message, options?: SendOptions): Promise<void> | undefined;
  /** Ends the connection and the session, within `deadline` ms. */
  close(deadline: number): Promise<void>;
  /** Whether it is a process of this machine, whose end is always noticed; a network's connection may die in silence. */
  readonly isLocal: boolean;
  /** Connects anew what is connected, keeping the session where the protocol allows that: after the machine slept. */
  reconnect(): void;
}

/** What goes with a message. */
export interface SendOptions {
  /** Gives the exchange up when it is aborted, with the reason; what the peer does about it is the peer's matter. */
  abort?: Abortable;
  /** Called when something arrives that belongs to this exchange. */
  onactivity?: () => void;
  /** Whether a request begins a session where the connection is one, as `initialize` does. */
  begins?: boolean;
  /** Further headers of a request that goes by HTTP, in small letters. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Called at most once, when the exchange of a request fails for which no promise was returned: where a call takes
   * microseconds, promises are a good part of them.
   */
  onfailure?: (reason: unknown) => void;
}

/** What a far end tells beyond messages. */
export interface FarEndEvents extends ChannelEvents {
  /** Something arrived that belongs to no exchange. */
  onactivity(): void;
  /** The session is gone, noticed while nothing was being sent. */
  onloss(): void;
}

/** Receives what a channel reads. A promise asks the channel to wait with reading on. */
export interface ChannelEvents {
  /** One message; on a far end `causedBy` is the id key of the request on whose stream it came. */
  onmessage(message: Message, causedBy?: string): Promise<void> | undefined;
}

/**
 * How an exchange failed: `session_lost`, the server does not know the session; `sign_in_required`; `broken`, the
 * connection failed or ended; `refused`, the server answered with something that is no answer.
 */
export type FailureKind = "session_lost" | "sign_in_required" | "broken" | "refused";

/** A failed exchange. */
export class ChannelFailure extends BridgeError {
  readonly kind: FailureKind;
  /** Whether the server may have carried the request out; false where nothing can have reached it. */
  readonly mayHaveRun: boolean;
  /** How long the server asked us to wait, in ms; nothing where it did not. */
  readonly retryAfter: number | undefined;
  /** The HTTP status that said so; nothing where none did. */
  readonly status: number | undefined;

  constructor(
    kind: FailureKind,
    code: ErrorCode,
    message: string,
    options: { mayHaveRun?: boolean; retryAfter?: number; status?: number; hint?: string; cause?: unknown } = {},
  ) {
    super(code, message, options);
    this.name = "ChannelFailure";
    this.kind = kind;
    this.mayHaveRun = options.mayHaveRun ?? false;
    this.retryAfter = options.retryAfter;
    this.status = options.status;
  }
}

/** The failure of what was in flight on a connection that ended, by the reason for its end. */
export function brokenBy(cause: BridgeError): ChannelFailure {
  return new ChannelFailure("broken", cause.code, cause.message, {
    mayHaveRun: true,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}

/** The failure of an exchange, from whatever was thrown below it. */
export function asChannelFailure(thrown: unknown): ChannelFailure {
  if (thrown instanceof ChannelFailure) return thrown;
  const error = toBridgeError(thrown);
  const kind = thrown instanceof CredentialFailure
    ? "sign_in_required"
    : REFUSED.has(error.code)
    ? "refused"
    : "broken";
  return new ChannelFailure(kind, error.code, error.message, {
    mayHaveRun: kind !== "sign_in_required" && !UNSENT.has(error.code),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error.cause ?? error,
  });
}

/** The failures that another try would not mend. */
const REFUSED: ReadonlySet<ErrorCode> = new Set([
  "bad_answer",
  "too_large",
  "bad_command",
  "http_status",
  "proxy_refused",
]);

/** The failures before anything was sent. */
const UNSENT: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "connect_timeout",
  "untrusted_certificate",
  "bad_command",
  "http_status",
  "proxy_refused",
]);

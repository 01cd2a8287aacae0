import { quotedReply } from "../net/echo.ts";
import type { HttpAnswer } from "../net/gate.ts";
import { ChannelFailure } from "./channel.ts";
import { MalformedMessage } from "./malformed_message.ts";
import { type Message, readMessage } from "./message.ts";

/**
 * What an HTTP status beyond 2xx means for the message that was sent: a failure, or the JSON-RPC error that the
 * server put into the body. `inSession` tells whether the request carried a session id; `now` is the time in ms.
 */
export function judgeRefusal(
  answer: HttpAnswer,
  body: Uint8Array,
  inSession: boolean,
  now: number,
): ChannelFailure | Message {
  const { status } = answer;
  if (status === 404 && inSession) {
    return sessionLost();
  }
  if (status === 401) {
    return new ChannelFailure(
      "sign_in_required",
      "sign_in_required",
      "the server asks for credentials (401)",
      {
        hint: 'give them with "--header-file FILE", one "Authorization: Bearer ..." line',
      },
    );
  }
  if (status === 429 || status === 503) {
    const retryAfter = readRetryAfter(answer.headers.get("retry-after"), now);
    const busy = status === 429 ? "the server limits its requests (429)" : "the server is not available (503)";
    if (retryAfter !== undefined) {
      return new ChannelFailure(
        "refused",
        "busy",
        `${busy} and asks to wait ${Math.ceil(retryAfter / 1000)} s`,
        { retryAfter },
      );
    }
    return readError(body) ?? new ChannelFailure("refused", "busy", busy, { hint: "try again later" });
  }
  return readError(body) ??
    new ChannelFailure("refused", "http_status", `${speaker(answer)} answered ${statusText(answer, body)}`, {
      // A gateway's word says nothing about what stands behind it.
      mayHaveRun: status >= 500,
      status,
      ...(hintFor(answer)),
    });
}

/** Who gave an answer: of plain http a proxy may have, and nobody can tell. */
export function speaker(answer: HttpAnswer): string {
  return answer.proxy === undefined ? "the server" : `the server, or the proxy ${answer.proxy} on the way,`;
}

function hintFor({ status, proxy }: HttpAnswer): { hint?: string } {
  if (proxy !== undefined && (status === 403 || status >= 500)) return { hint: PAST_PROXY };
  if (status === 403) return { hint: "check that the account may do this, and the headers that were given" };
  if (status === 404 || status === 405) return { hint: "check the address: this one may be no MCP endpoint" };
  return {};
}

/** What may help where a proxy answers in the server's place. */
export const PAST_PROXY = "check the address, or except the host from the proxy with NO_PROXY";

/** Bytes of a body that are looked at for what is shown of it. */
export const BODY_SHOWN = 4_096;

function statusText({ status, sent }: HttpAnswer, body: Uint8Array): string {
  if (body.length === 0) return `${status}`;
  return `${status} ${quotedReply(new TextDecoder().decode(body.subarray(0, BODY_SHOWN)).trim(), sent)}`;
}

function readError(body: Uint8Array): Message | undefined {
  try {
    const message = readMessage(body);
    return message.isError ? message : undefined;
  } catch (fault) {
    if (fault instanceof MalformedMessage) return undefined;
    throw fault;
  }
}

/** What revision 2026-07-28 brought: no server answers so in a session that it has agreed to. */
const CODES_WITHOUT_SESSION = new Set(["-32020", "-32021", "-32022"]);

/** Whether an error is the word of a server that knows no sessions, or none any more. */
export function knowsNoSessions(error: Message): boolean {
  return CODES_WITHOUT_SESSION.has(error.answerMember("error", "code") ?? "");
}

/** The server does not know the session that a request named: the request was not carried out. */
export function sessionLost(): ChannelFailure {
  return new ChannelFailure("session_lost", "session_lost", "the server does not know the session any more");
}

/** What stands for every longer wait: a year, in ms. */
const LONGEST_WAIT_MS = 365 * 86_400_000;

/** Reads `Retry-After` (RFC 9110, 10.2.3), seconds or a date, into ms from `now`; nothing where it says neither. */
export function readRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Math.min(Number(value) * 1000, LONGEST_WAIT_MS);
  // Date.parse takes "-5" for a year; an HTTP date names its weekday.
  const date = /^\s*(?:mon|tue|wed|thu|fri|sat|sun)/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

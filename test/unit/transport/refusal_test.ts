import { describe, expect, test } from "bun:test";
import type { HttpAnswer } from "../../../src/net/gate.ts";
import { ChannelFailure } from "../../../src/transport/channel.ts";
import { Message } from "../../../src/transport/message.ts";
import { judgeRefusal, readRetryAfter } from "../../../src/transport/refusal.ts";

const NOW = Date.UTC(2026, 6, 28, 12, 0, 0);

function answerOf(status: number, headers: Record<string, string> = {}): HttpAnswer {
  const unread = (): never => {
    throw new Error("The body was read already");
  };
  return { status, headers: new Headers(headers), body: { chunks: unread, bytes: unread, discard: unread } };
}

function judge(status: number, text = "", headers: Record<string, string> = {}, inSession = true): ChannelFailure {
  const verdict = judgeRefusal(answerOf(status, headers), new TextEncoder().encode(text), inSession, NOW);
  if (!(verdict instanceof ChannelFailure)) throw new Error("It was no failure");
  return verdict;
}

const RETRY_AFTER: [value: string | null, ms: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["0", 0],
  ["1", 1_000],
  [" 120 ", 120_000],
  ["00005", 5_000],
  ["99999999999999999999", 365 * 86_400_000],
  ["-5", undefined],
  ["1.5", undefined],
  ["1e3", undefined],
  ["0x10", undefined],
  ["soon", undefined],
  ["5 seconds", undefined],
  ["Tue, 28 Jul 2026 12:00:30 GMT", 30_000],
  ["Tuesday, 28-Jul-26 12:00:30 GMT", 30_000],
  ["Tue Jul 28 12:00:30 2026 GMT", 30_000],
  ["Tue, 28 Jul 2026 11:59:59 GMT", 0],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["Tue, 28 Jul 2026", 0],
  ["Tue, 99 Foo 2026 12:00:30 GMT", undefined],
  ["2026-07-28T12:00:30Z", undefined],
];

describe("readRetryAfter", () => {
  test.each(RETRY_AFTER)("reads %j as %p ms", (value, ms) => expect(readRetryAfter(value, NOW)).toBe(ms!));
});

const JUDGED: [status: number, text: string, inSession: boolean, expected: Partial<ChannelFailure>][] = [
  [404, "", true, { kind: "session_lost", code: "session_lost", mayHaveRun: false }],
  [404, "", false, { kind: "refused", code: "http_status", mayHaveRun: false }],
  [401, "", true, { kind: "sign_in_required", code: "sign_in_required", mayHaveRun: false }],
  [401, "", false, { kind: "sign_in_required", code: "sign_in_required", mayHaveRun: false }],
  [403, "", true, { kind: "refused", code: "http_status", mayHaveRun: false }],
  [405, "", true, { kind: "refused", code: "http_status", mayHaveRun: false }],
  [418, "", true, { kind: "refused", code: "http_status", mayHaveRun: false }],
  [429, "", true, { kind: "refused", code: "busy", retryAfter: undefined }],
  [503, "", true, { kind: "refused", code: "busy", retryAfter: undefined }],
  [500, "", true, { kind: "refused", code: "http_status", mayHaveRun: true }],
  [502, "", true, { kind: "refused", code: "http_status", mayHaveRun: true }],
  [504, "", true, { kind: "refused", code: "http_status", mayHaveRun: true }],
];

describe("judgeRefusal", () => {
  for (const [status, text, inSession, expected] of JUDGED) {
    test(`${status} ${inSession ? "inside" : "outside"} a session is ${expected.kind}, ${expected.code}`, () => {
      const { kind, code, mayHaveRun, retryAfter } = judge(status, text, {}, inSession);
      expect({ kind, code, mayHaveRun, retryAfter }).toMatchObject(expected);
    });
  }

  test.each([429, 503])("%d with Retry-After is busy and says for how long, whatever the body says", (status) => {
    const error = '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m"}}';
    for (const text of ["", error]) {
      const failure = judge(status, text, { "retry-after": "2" });
      expect(failure).toMatchObject({ kind: "refused", code: "busy", retryAfter: 2_000 });
      expect(failure.message).toEndWith("and asks to wait 2 s");
    }
  });

  test.each([400, 403, 405, 429, 500, 503])("a JSON-RPC error in the body of %d is the server's own word", (status) => {
    const text = '{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"m"}}';
    const verdict = judgeRefusal(answerOf(status), new TextEncoder().encode(text), true, NOW);
    expect(verdict).toBeInstanceOf(Message);
    expect(new TextDecoder().decode((verdict as Message).bytes)).toBe(text);
  });

  test.each([
    '{"jsonrpc":"2.0","id":7,"result":{}}',
    '{"jsonrpc":"2.0","method":"x"}',
    '{"error":{"code":-1,"message":"m"}}',
    '[{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"m"}}]',
    '{"jsonrpc":"2.0","id":7,"error":',
    "<html>",
    "\0\0",
  ])("%j in the body of 400 is no JSON-RPC error", (text) => {
    expect(judge(400, text)).toMatchObject({ kind: "refused", code: "http_status" });
  });

  test("what a server says is quoted, on one line, and cut", () => {
    expect(judge(500).message).toBe("the server answered 500");
    expect(judge(500, " oops\r\n").message).toBe('the server answered 500 "oops"');
    expect(judge(500, "\u001b[31m").message).toBe(String.raw`the server answered 500 "\u001b[31m"`);
    expect(judge(500, "x".repeat(10_000)).message.length).toBeLessThan(200);
  });

  test("a person who can do something about it is told what", () => {
    expect(judge(401).hint).toContain("--header-file");
    expect(judge(403).hint).toContain("the account");
    expect(judge(404, "", {}, false).hint).toContain("the address");
    expect(judge(405).hint).toContain("the address");
    expect(judge(500).hint).toBeUndefined();
  });
});

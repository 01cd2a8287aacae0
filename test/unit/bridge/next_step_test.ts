import { describe, expect, test } from "bun:test";
import {
  CALL_PATIENCE_MS,
  isSafe,
  LIST_PATIENCE_MS,
  nextStep,
  patienceOf,
  type RequestHistory,
} from "../../../src/bridge/next_step.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { ChannelFailure } from "../../../src/transport/channel.ts";

const FRESH: RequestHistory = { method: "tools/call", age: 0, repeats: 0, waited: 0, remade: false };

const UNSENT = new ChannelFailure("broken", "unreachable", "nobody is there");
const CUT = new ChannelFailure("broken", "outcome_unknown", "the line was cut", { mayHaveRun: true });
const LOST = new ChannelFailure("session_lost", "session_lost", "gone");
const LOST_IN_FLIGHT = new ChannelFailure("session_lost", "session_lost", "gone", { mayHaveRun: true });
const GATEWAY = new ChannelFailure("refused", "http_status", "502", { mayHaveRun: true });
const REFUSED = new ChannelFailure("refused", "http_status", "403");
const BAD_ANSWER = new ChannelFailure("refused", "bad_answer", "HTML", { mayHaveRun: true });
const BUSY = new ChannelFailure("refused", "busy", "503");
const UNTRUSTED = new ChannelFailure("broken", "untrusted_certificate", "self-signed");
const SIGN_IN = new ChannelFailure("sign_in_required", "sign_in_required", "401");

function busyFor(ms: number): ChannelFailure {
  return new ChannelFailure("refused", "busy", "wait", { retryAfter: ms });
}

const STEPS: [what: string, thrown: unknown, history: Partial<RequestHistory>, step: string][] = [
  ["a call that was not sent", UNSENT, {}, "again after 250"],
  ["a call that was not sent, its second time", UNSENT, { repeats: 1 }, "again after 500"],
  ["a call that was not sent, its tenth time", UNSENT, { repeats: 9 }, "again after 5000"],
  [
    "a call that was not sent, 100 ms before its time is over",
    UNSENT,
    { age: CALL_PATIENCE_MS - 100 },
    "again after 100",
  ],
  ["a call that was not sent, its time over", UNSENT, { age: CALL_PATIENCE_MS }, "fail with unreachable"],
  [
    "a list that was not sent, a call's time over",
    UNSENT,
    { method: "tools/list", age: CALL_PATIENCE_MS },
    "again after 250",
  ],
  [
    "a list that was not sent, its time over",
    UNSENT,
    { method: "tools/list", age: LIST_PATIENCE_MS },
    "fail with unreachable",
  ],
  ["a call that was cut", CUT, {}, "fail with outcome_unknown, outcome told"],
  ["a read that was cut", CUT, { method: "resources/read" }, "again after 250"],
  ["a read that was cut twice", CUT, { method: "resources/read", repeats: 1 }, "again after 500"],
  ["a read that was cut three times", CUT, { method: "resources/read", repeats: 2 }, "fail with outcome_unknown"],
  ["a call in a lost session", LOST, {}, "remake_session"],
  ["a call in a lost session, for the second time", LOST, { remade: true }, "fail with session_lost"],
  [
    "a list in a lost session, for the second time",
    LOST,
    { method: "tools/list", remade: true },
    "fail with session_lost",
  ],
  ["a call in flight when its session was lost", LOST_IN_FLIGHT, {}, "fail with session_lost, outcome told"],
  ["a read in flight when its session was lost", LOST_IN_FLIGHT, { method: "resources/read" }, "again after 250"],
  ["a call that a gateway refused", GATEWAY, {}, "fail with http_status"],
  [
    "a list of a server that was never there, beside others",
    UNSENT,
    { method: "tools/list", isHurried: true },
    "fail with unreachable",
  ],
  ["a list that a gateway refused", GATEWAY, { method: "tools/list" }, "again after 250"],
  ["a list that a gateway refused three times", GATEWAY, { method: "tools/list", repeats: 2 }, "fail with http_status"],
  ["a list that the server refused", REFUSED, { method: "tools/list" }, "fail with http_status"],
  ["a list with a bad answer", BAD_ANSWER, { method: "tools/list" }, "fail with bad_answer"],
  ["a call to a busy server", BUSY, {}, "fail with busy"],
  ["a list from a busy server", BUSY, { method: "tools/list" }, "again after 250"],
  ["a call that is asked to wait 2 s", busyFor(2_000), {}, "again after 2010"],
  ["a call that is asked to wait 0 s", busyFor(0), {}, "again after 10"],
  ["a call that is asked to wait 0 s, for the second time", busyFor(0), { repeats: 1 }, "again after 510"],
  ["a call that is asked to wait 0 s, for the tenth time", busyFor(0), { repeats: 9 }, "again after 5010"],
  ["a call that is asked to wait 60 s", busyFor(60_000), {}, "again after 60010"],
  ["a call that is asked to wait 60,001 ms", busyFor(60_001), {}, "fail with busy"],
  ["a list that is asked to wait for ever", busyFor(Infinity), { method: "tools/list" }, "fail with busy"],
  ["a call that has waited 59 s and is asked for 1 s", busyFor(1_000), { waited: 59_000 }, "again after 1010"],
  ["a call that has waited 59 s and is asked for 2 s", busyFor(2_000), { waited: 59_000 }, "fail with busy"],
  ["a call that has waited a minute and is asked for nothing", busyFor(0), { waited: 60_010 }, "fail with busy"],
  ["a list of a server with a bad certificate", UNTRUSTED, { method: "tools/list" }, "fail with untrusted_certificate"],
  ["a list that needs a sign-in", SIGN_IN, { method: "tools/list" }, "fail with sign_in_required"],
  ["a failure of ours", new BridgeError("closing", "leaving"), { method: "tools/list" }, "fail with closing"],
  ["a defect of ours", new TypeError("x is undefined"), { method: "tools/list" }, "fail with internal"],
];

describe("nextStep", () => {
  test.each(STEPS)("for %s", (_what, thrown, history, expected) => {
    const step = nextStep(thrown, { ...FRESH, ...history });
    const told = step.kind === "fail" &&
      step.error.message.endsWith("it is unknown whether the request was carried out");
    const text = step.kind === "again"
      ? `again after ${step.after}`
      : step.kind === "fail"
      ? `fail with ${step.error.code}${told ? ", outcome told" : ""}`
      : step.kind;
    expect(text).toBe(expected);
  });

  test("keeps the hint of a failure whose outcome is unknown, or gives one", () => {
    const hinted = new ChannelFailure("broken", "timed_out", "late", { mayHaveRun: true, hint: "wait longer" });
    expect(nextStep(hinted, FRESH)).toMatchObject({ error: { hint: "wait longer", cause: hinted } });
    expect(nextStep(CUT, FRESH)).toMatchObject({ error: { hint: "look at its effect before you try again" } });
  });
});

test("what only reads may be carried out twice, and nothing else", () => {
  const safe = [
    "ping",
    "initialize",
    "server/discover",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/get",
    "tasks/get",
    "completion/complete",
  ];
  const unsafe = [
    "tools/call",
    "logging/setLevel",
    "resources/subscribe",
    "tasks/cancel",
    "tasks/update",
    "x",
    "",
    "list",
  ];
  expect(safe.filter((method) => !isSafe(method))).toEqual([]);
  expect(unsafe.filter(isSafe)).toEqual([]);
});

test("lists are waited for longer than everything else", () => {
  expect(patienceOf("resources/templates/list")).toBe(45_000);
  expect(patienceOf("tools/call")).toBe(10_000);
  expect(patienceOf("resources/read")).toBe(10_000);
});

import { expect, test } from "bun:test";
import type { Outcome } from "../../../../src/app/doctor/examine.ts";
import { summaryOf, verdictOf } from "../../../../src/app/doctor/report.ts";

function outcomes(...results: Outcome["result"][]): Outcome[] {
  return results.map((result, place) => ({
    code: `check-${place}`,
    title: "a check",
    part: "server",
    result,
    text: `${result} ${place}`,
    ms: 1,
    ...(result === "warn" || result === "fail" ? { fault: "broken", cure: "mend it" } : {}),
  }));
}

test("a server is as well as the worst that was found of it, the first of its kind", () => {
  expect(verdictOf(outcomes("ok", "warn", "fail", "skip", "fail"))).toEqual({
    result: "fail",
    text: "fail 2",
    code: "check-2",
    fault: "broken",
    cure: "mend it",
  });
  expect(verdictOf(outcomes("ok", "warn", "skip")).text).toBe("warn 1");
  expect(verdictOf(outcomes("ok", "ok", "skip"))).toEqual({ result: "ok", text: "both checks are fine" });
  expect(verdictOf(outcomes("skip"))).toEqual({ result: "skip", text: "skip 0" });
});

test("outcomes are counted by their kinds", () => {
  expect(summaryOf(outcomes("ok", "ok", "warn", "fail", "skip", "skip"), 7)).toEqual({
    ok: 2,
    warn: 1,
    fail: 1,
    skip: 2,
    ms: 7,
  });
});

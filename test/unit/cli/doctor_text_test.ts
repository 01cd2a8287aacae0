import { expect, test } from "bun:test";
import type { Finding } from "../../../src/app/doctor/check.ts";
import type { Outcome } from "../../../src/app/doctor/examine.ts";
import { summaryOf } from "../../../src/app/doctor/report.ts";
import { NO_COLOURS } from "../../../src/cli/colour.ts";
import { reportText } from "../../../src/cli/doctor_text.ts";

function textOf(...checks: Partial<Outcome>[]): string[] {
  const outcomes = checks.map((check): Outcome => ({
    code: check.title!,
    title: "",
    part: "machine",
    result: "skip",
    text: "",
    ms: 1,
    ...check,
  }));
  const report = {
    version: "1.0.0",
    target: undefined,
    checks: outcomes,
    servers: [],
    summary: summaryOf(outcomes, 2),
  };
  return reportText(report, { colours: NO_COLOURS, width: undefined }).split("\n");
}

test("what was left out for one reason is one line, behind what was looked at", () => {
  expect(
    textOf(
      { title: "token", text: "the server asks for no sign-in" },
      { title: "session", result: "ok", text: "it opens" },
      { title: "registration", text: "the server asks for no sign-in" },
      { title: "clock", text: "the server says no date" },
      { title: "HTTP", text: 'not looked at, since "server-tls" failed', blockedBy: "server-tls" },
    ).slice(1, -3),
  ).toEqual([
    "ok    session           1 ms  it opens",
    "-     clock             1 ms  the server says no date",
    "-     the server asks for no sign-in: token, registration",
    '-     not looked at, since "server-tls" failed: HTTP',
  ]);
});

test("several faults of one check are counted one by one, beside one check that was looked at", () => {
  const bad = (name: string): Finding => ({ result: "fail", text: `${name} is broken`, fault: "bad" });
  const lines = textOf({ title: "clients", ...bad("one"), more: [bad("two"), { ...bad("three"), result: "warn" }] });
  expect(lines.at(-2)).toBe("2 things are broken, 1 deserves a look: 1 looked at, 0 left out, in 2 ms");
});

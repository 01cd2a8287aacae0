import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { judge, readReport, shows, summary, TABLE, tableText } from "../../../scripts/faults.ts";
import { CATALOGUE, PARTS } from "../../faults/catalogue.ts";
import type { Entry } from "../../faults/catalogue/entry.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="5" assertions="9" failures="1" skipped="1" time="0.1">
  <testsuite name="test/faults/a1_shell_test.ts" file="test/faults/a1_shell_test.ts" tests="1">
    <testcase name="one" classname="" time="0" file="test/faults/a1_shell_test.ts" line="1" assertions="3" />
  </testsuite>
  <testsuite name="test/unit/x_test.ts" file="test/unit/x_test.ts" tests="4">
    <testsuite name="outer &gt; &quot;it&apos;s&quot;" file="test/unit/x_test.ts" tests="3">
      <testsuite name="inner (A2, A3)" file="test/unit/x_test.ts" tests="2">
        <testcase name="&lt;a&gt; &amp; b" classname="inner" assertions="2" />
        <testcase name="fails" classname="inner" assertions="4">
          <failure type="AssertionError" />
        </testcase>
      </testsuite>
      <testcase name="behind" classname="outer" assertions="0">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="last" classname="" assertions="0" />
  </testsuite>
</testsuites>`;

function entry(id: string, more: Partial<Entry> = {}): Entry {
  return { id, fault: "something", promise: "nothing happens", ...more };
}

describe("a report", () => {
  test("is read with the names of what stands around a test", () => {
    expect(readReport(REPORT)).toEqual([
      { name: "faults/a1_shell_test.ts > one", outcome: "passed", checks: 3 },
      { name: `unit/x_test.ts > outer > "it's" > inner (A2, A3) > <a> & b`, outcome: "passed", checks: 2 },
      { name: `unit/x_test.ts > outer > "it's" > inner (A2, A3) > fails`, outcome: "failed", checks: 4 },
      { name: `unit/x_test.ts > outer > "it's" > behind`, outcome: "skipped", checks: 0 },
      { name: "unit/x_test.ts > last", outcome: "passed", checks: 0 },
    ]);
  });

  test("that was cut off has no tests", () => expect(readReport("")).toEqual([]));
});

describe("a test belongs to an entry", () => {
  const [first, second] = readReport(REPORT);

  test("by its file, by a word in its name, or by the catalogue", () => {
    expect(shows(first!, entry("A1"))).toBe(true);
    expect([shows(second!, entry("A2")), shows(second!, entry("A3"))]).toEqual([true, true]);
    expect(shows(second!, entry("B1", { shown: ["unit/x_test.ts > outer"] }))).toBe(true);
  });

  test("and to no other that only looks like it", () => {
    for (const id of ["A2", "A11", "A"]) expect(shows(first!, entry(id))).toBe(false);
    expect(shows(second!, entry("B1", { shown: ["unit/x_test.ts > behind"] }))).toBe(false);
  });
});

describe("an entry", () => {
  const rowOf = (one: Entry): unknown => {
    const [row] = judge(readReport(REPORT), [one]);
    return [row!.ran, row!.failed, row!.checks, row!.lost];
  };

  test("counts the tests that ran, and what they compared", () => {
    expect(rowOf(entry("A1"))).toEqual([1, 0, 3, []]);
    expect(rowOf(entry("A2"))).toEqual([2, 1, 6, []]);
  });

  test("without a test that ran is missed", () => {
    expect(rowOf(entry("B1"))).toEqual([0, 0, 0, ["B1"]]);
    const skipped = `unit/x_test.ts > outer > "it's" > behind`;
    expect(rowOf(entry("B1", { shown: [skipped] }))).toEqual([0, 0, 0, ["B1"]]);
  });

  test("is missed for each test that went by that name, though others are there", () => {
    expect(rowOf(entry("A1", { shown: ["unit/gone_test.ts"] }))).toEqual([1, 0, 3, ["unit/gone_test.ts"]]);
  });

  test("that nothing shows for a reason is not missed", () => {
    expect(rowOf(entry("D2", { notShown: "no release" }))).toEqual([0, 0, 0, []]);
  });

  test("is counted as shown only where all of its tests hold", () => {
    const rows = judge(readReport(REPORT), [entry("A1"), entry("A2"), entry("D2", { notShown: "no release" })]);
    expect(summary(rows)).toBe("1 of 2 entries of the catalogue of faults shown");
  });
});

test("the catalogue has each id once, in its part, and promises something", () => {
  expect(new Set(CATALOGUE.map(({ id }) => id)).size).toBe(84);
  for (const [letter, { entries }] of Object.entries(PARTS)) {
    expect(entries.map(({ id }) => id)).toEqual(entries.map((_, place) => `${letter}${place + 1}`));
  }
  for (const { promise, fault } of CATALOGUE) expect(`${promise}${fault}`).not.toMatch(/[|\n]|^$/);
});

test("the table in the tree has each entry of the catalogue as it is, and all of them hold", () => {
  const text = readFileSync(TABLE, "utf8");
  for (const { id, fault, promise, notShown } of CATALOGUE) {
    const line = text.split("\n").find((one) => one.startsWith(`| ${id} |`));
    expect(line).toStartWith(`| ${id} | ${fault} | ${promise} |`);
    expect(line).toEndWith(`| ${notShown ?? "holds"} |`);
  }
});

test("the table says what a run says", () => {
  const cases = readReport(REPORT);
  const text = tableText(judge(cases), cases);
  expect(text).toContain("| A1 | ");
  expect(text).toMatch(/^\| A1 \| .* \| 1 \| 3 \| tests missing \|$/m);
  expect(text).toMatch(/^\| A2 \| .* \| 2 \| 6 \| 1 failed \|$/m);
});

import { expect, test } from "bun:test";
import { asMarkdown, asText, inReadme, judged, type Report } from "../../../scripts/bench/report.ts";
import type { Row } from "../../../scripts/bench/row.ts";

const ROW: Row = {
  title: "start, ms",
  cells: { "mcp-bridge": { value: 11 }, "byte pipe": { value: 10 }, "earlier": { value: 10 } },
  targets: [{ bound: "at most", value: 1.05, of: "earlier" }],
};

function reportOf(versions: Report["versions"]): Report {
  const machine = { date: "", system: "", cpu: "", cores: 2, memory: 4, bun: "", node: "", load: 0 };
  return { machine, mode: "full", seconds: 1, versions, rows: judged([ROW], true) };
}

test("an earlier executable has a column, a ratio and a verdict where it takes part", () => {
  const text = asText(reportOf({ "mcp-bridge": "1", "byte pipe": "-", "earlier": "-" }));
  expect(text).toMatch(/mcp-bridge +byte pipe +mcp-remote +earlier +to pipe +to remote +to earlier/);
  expect(text).toMatch(/11 +10 +- +10 +1\.10 <= 1\.05 +missed/);
});

test("an earlier executable has no column where it takes no part, and none in the README", () => {
  expect(asText(reportOf({ "mcp-bridge": "1" }))).not.toContain("earlier");
  expect(asMarkdown(reportOf({ "mcp-bridge": "1", "earlier": "-" })).split("\n")[0]).not.toContain("earlier");
});

test("the README says what was reached of a ratio, which targets were missed, or that none was", () => {
  const row: Row = { ...ROW, targets: [{ bound: "at most", value: 1.05, of: "byte pipe" }] };
  const report = reportOf({ "mcp-bridge": "1", "mcp-remote": "0.15.1" });
  const missed = asMarkdown({ ...report, rows: judged([row], true) });
  expect(missed).toContain("| | mcp-bridge | byte pipe | mcp-remote 0.15.1 | target |");
  expect(missed).toContain("| start, ms | 11 | 10 | - | at most 1.05 times the pipe (1.10): **missed** |");
  expect(missed).toEndWith(" Missed: start, ms.");
  expect(asMarkdown({ ...report, rows: [] })).toEndWith(" All targets are met.");
});

test("a run takes the place of the last one in the README, and nothing else changes", async () => {
  const report = reportOf({ "mcp-bridge": "1" });
  const readme = await Bun.file("README.md").text();
  const written = inReadme(readme, report);
  expect(written).toContain(asMarkdown(report));
  expect(written).not.toContain("calls/s, 64 in flight");
  const [begin, end] = [readme.indexOf("<!-- bun run bench"), readme.indexOf("<!-- /bench")];
  expect(written).toStartWith(readme.slice(0, begin));
  expect(written).toEndWith(readme.slice(end));
  expect(inReadme(written, report)).toBe(written);
  expect(() => inReadme("# Another page", report)).toThrow("the README has no place for the table");
  expect(() => inReadme(readme, { ...report, mode: "quick" })).toThrow("was a quick one");
});

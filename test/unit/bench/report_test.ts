import { expect, test } from "bun:test";
import { asMarkdown, asText, judged, type Report } from "../../../scripts/bench/report.ts";
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

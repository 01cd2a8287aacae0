import { expect, test } from "bun:test";
import { judge, type Row } from "../../../scripts/bench/row.ts";

const ROW: Row = {
  title: "p50 of a call, us",
  cells: { "mcp-bridge": { value: 12 }, "byte pipe": { value: 10 }, "mcp-remote": { value: 100 } },
  targets: [],
};

test("judge compares with another contestant of the same run, the bound included", () => {
  expect(judge({ ...ROW, targets: [{ bound: "at most", value: 1.2, of: "byte pipe" }] }, true)).toBe("met");
  expect(judge({ ...ROW, targets: [{ bound: "at most", value: 1.1, of: "byte pipe" }] }, true)).toBe(
    "missed",
  );
  expect(judge({ ...ROW, targets: [{ bound: "at least", value: 0.2, of: "mcp-remote" }] }, true)).toBe(
    "missed",
  );
});

test("judge compares with a plain value", () => {
  expect(judge({ ...ROW, targets: [{ bound: "at most", value: 12 }] }, true)).toBe("met");
  expect(judge({ ...ROW, targets: [{ bound: "at least", value: 13 }] }, true)).toBe("missed");
});

test("judge wants all targets met", () => {
  const targets = [{ bound: "at most", value: 45 }, { bound: "at most", value: 1, of: "byte pipe" }] as const;
  expect(judge({ ...ROW, targets }, true)).toBe("missed");
});

test("judge counts a contestant that failed as a miss, one that is not there as open", () => {
  const row: Row = {
    ...ROW,
    cells: { "byte pipe": { value: 10 } },
    targets: [{ bound: "at most", value: 45 }],
  };
  expect(judge(row, true)).toBe("missed");
  expect(judge(row, false)).toBe("open");
});

test("judge leaves a target open whose other contestant failed", () => {
  const row: Row = { ...ROW, cells: { "mcp-bridge": { value: 12 } } };
  expect(judge({ ...row, targets: [{ bound: "at most", value: 1.2, of: "byte pipe" }] }, true)).toBe("open");
});
